"""From a file and overrides to a checked experiment, and back to a file."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nettrain.backend.choose import chosen
from nettrain.data.settings import is_path
from nettrain.errors import BackendError, DataError, SpecError, close_file
from nettrain.experiment.document import Document, dump, parse
from nettrain.experiment.document import Path as KeyPath
from nettrain.experiment.overrides import OVERRIDE, apply, assign
from nettrain.experiment.problems import problems
from nettrain.experiment.search import search_problems
from nettrain.experiment.settings import Experiment

Change = tuple[KeyPath, Any, str]  # a dotted key, its value, and the place that gives it
SOURCES = ("source", "test", "validation")


@dataclass(frozen=True)
class Loaded:
    """A checked experiment and what a person should know about how it was read."""

    experiment: Experiment
    notes: tuple[str, ...] = ()
    document: Document = field(default_factory=lambda: Document(None), repr=False)
    folder: Path = Path()

    @contextmanager
    def placing_errors(self) -> Iterator[None]:
        """Errors that begin with a key of the experiment get the place of that key in front."""
        try:
            yield
        except (SpecError, DataError, BackendError) as error:
            placed = [self._placed(line) for line in str(error).splitlines()]
            raise type(error)("\n".join(placed)) from error

    def gives(self, *path: str) -> bool:
        """Whether the file or an override gives this key."""
        values = self.document.values
        for key in path:
            if not isinstance(values, dict) or key not in values:
                return False
            values = values[key]
        return True

    def overrides(self, *path: str) -> bool:
        """Whether an override gives this key."""
        return self.gives(*path) and self.document.place(path).startswith(OVERRIDE)

    def changed(self, changes: Iterable[Change]) -> tuple["Loaded", list[str]]:
        """This experiment without its sweep, other values at some keys; and notes as of overrides.

        Raises SpecError with all problems at once.
        """
        values = {key: value for key, value in self.document.values.items() if key != "sweep"}
        document = Document(deepcopy(values), dict(self.document.places))
        notes = [note for change in changes for note in assign(document, *change, Experiment)]
        return Loaded(_anchored(check(document), document, self.folder), (), document, self.folder), notes

    def _placed(self, problem: str) -> str:
        path = tuple(problem.partition(": ")[0].split("."))
        place = self.document.place(path) if path[0] in Experiment.model_fields else ""
        return f"{place}: {problem}" if place else problem


def load(path: Path, overrides: Sequence[str] = ()) -> Loaded:
    """The experiment in a file, with `KEY=VALUE` overrides. Raises SpecError with all problems at once."""
    document = read(path)
    notes = apply(document, overrides, Experiment)
    experiment = _anchored(check(document), document, path.parent)
    return Loaded(experiment, tuple(notes), document, path.parent)


def read(path: Path) -> Document:
    """The values and lines of a file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SpecError(f"{path}: no such file{close_file(path, '*.y*ml')}") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    return parse(text, str(path))


def check(document: Document) -> Experiment:
    """The experiment of a document; all its problems in one SpecError."""
    if not isinstance(document.values, dict):
        what = (
            f"{document.place(())}: an experiment file is a block of keys, this is {_form(document.values)}"
        )
        raise SpecError([*document.problems, what])
    failed, experiment = None, None
    try:
        experiment = Experiment.model_validate(document.values)
    except ValidationError as error:
        failed = error
    found = problems(document, Experiment, failed, search_problems(document))
    if found or experiment is None:
        raise SpecError(found)
    return experiment


def resolved(experiment: Experiment, backend: str | None = None) -> Experiment:
    """The experiment with its four seeds and its backend written in; threads left open follow the data.

    A backend that is left open is this one, or what `auto` takes.
    """
    seed, place = experiment.seed, experiment.backend
    name = (backend or chosen("auto", place.device).name) if place.name == "auto" else place.name

    def seeded(block: Any, *names: str) -> Any:
        missing = {name: seed for name in names if getattr(block, name) is None}
        return block.model_copy(update=missing)

    return experiment.model_copy(
        update={
            "data": seeded(experiment.data, "seed"),
            "model": seeded(experiment.model, "seed"),
            "training": seeded(experiment.training, "order_seed", "noise_seed"),
            "backend": place.model_copy(update={"name": name, "tf32": place.tf32 and name == "cupy"}),
        }
    )


def available_cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def to_yaml(experiment: Experiment) -> str:
    """A file that reads back as this experiment."""
    return dump(experiment.model_dump())


def _anchored(experiment: Experiment, document: Document, folder: Path) -> Experiment:
    """With absolute paths: a file's are relative to its folder, an override's to the current one."""
    update = {}
    for key in SOURCES:
        source = getattr(experiment.data, key)
        if is_path(source):
            overridden = document.place(("data", key)).startswith(OVERRIDE)
            update[key] = str((Path.cwd() if overridden else folder).joinpath(source).absolute())
    return experiment.model_copy(update={"data": experiment.data.model_copy(update=update)})


def _form(values: Any) -> str:
    return "empty" if values is None else "a list" if isinstance(values, list) else "a single value"
