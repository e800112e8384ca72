"""From a file and overrides to a validated experiment, and back to a file."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from nettrain.backend.device import format_bytes
from nettrain.data.settings import is_path
from nettrain.errors import BackendError, DataError, SpecError, did_you_mean_file
from nettrain.experiment.document import Document, PlainValue, dump, parse
from nettrain.experiment.mistaken_files import (
    YAML,
    advice_on_table,
    advice_on_text,
    mistaken_for_experiment,
)
from nettrain.experiment.overrides import OVERRIDE, Change, apply_overrides, set_value
from nettrain.experiment.problems import find_problems
from nettrain.experiment.recipe_merging import with_recipe
from nettrain.experiment.settings import Experiment
from nettrain.experiment.sweep_settings import search_problems
from nettrain.experiment.yaml_nodes import MOST_CHARACTERS
from nettrain.files import InputFile

EXPERIMENTS = (*YAML, ".json")  # endings of files in which mistakes are those of an experiment
MOST_BYTES = 4 * MOST_CHARACTERS  # a character takes up to four
NOT_OF_ONE = ("sweep", "blend")  # blocks that are about several networks
SOURCES = ("source", "test", "validation")


@dataclass(frozen=True)
class LoadedExperiment:
    """A validated experiment with the document that it came from; `notes` are for the user to read.

    `file` is the experiment file, if there is one.
    """

    experiment: Experiment
    notes: tuple[str, ...] = ()
    document: Document = field(default_factory=lambda: Document(None), repr=False)
    folder: Path = Path()
    file: Path | None = None

    @property
    def input_files(self) -> list[InputFile]:
        """The files that training reads."""
        experiment = [] if self.file is None else [InputFile(self.file, "is the experiment file")]
        return experiment + [InputFile(path, "holds data") for path in self.experiment.data.files]

    @contextmanager
    def locating_errors(self) -> Iterator[None]:
        """Put the location of a key in front of errors whose message begins with that key."""
        try:
            yield
        except (SpecError, DataError, BackendError) as error:
            located = [self._located(line) for line in str(error).splitlines()]
            raise type(error)("\n".join(located)) from error

    def sets(self, *path: str) -> bool:
        """Whether the file or an override sets this key."""
        values = self.document.values
        for key in path:
            if not isinstance(values, dict) or key not in values:
                return False
            values = values[key]
        return True

    def overrides(self, *path: str) -> bool:
        """Whether an override sets this key."""
        return self.sets(*path) and self.document.location(path).startswith(OVERRIDE)

    def with_changes(self, changes: Iterable[Change]) -> tuple["LoadedExperiment", list[str]]:
        """This experiment with changes, without its sweep and its blend; and notes on settings dropped.

        Raises SpecError with all problems at once.
        """
        values = {key: value for key, value in self.document.block.items() if key not in NOT_OF_ONE}
        document = Document(deepcopy(values), dict(self.document.locations))
        notes = [note for change in changes for note in set_value(document, change, Experiment)]
        experiment = _with_absolute_paths(validate(document), document, self.folder)
        return LoadedExperiment(experiment, (), document, self.folder), notes

    def _located(self, problem: str) -> str:
        path = tuple(problem.partition(": ")[0].split("."))
        known = path[0] in Experiment.model_fields
        location = with_recipe(self.document, Experiment).location(path) if known else ""
        return f"{location}: {problem}" if location else problem


def load(path: Path, overrides: Sequence[str] = ()) -> LoadedExperiment:
    """The experiment in a file, with `KEY=VALUE` overrides. Raises SpecError with all problems at once."""
    return replace(from_document(read(path), overrides, path.parent), file=path)


def from_document(
    document: Document, overrides: Sequence[str] = (), folder: Path = Path()
) -> LoadedExperiment:
    """The experiment of a document, whose paths are relative to `folder`, with `KEY=VALUE` overrides.

    Raises SpecError with all problems at once.
    """
    notes = apply_overrides(document, overrides, Experiment)
    experiment = _with_absolute_paths(validate(document), document, folder)
    return LoadedExperiment(experiment, tuple(notes), document, folder)


def read(path: Path) -> Document:
    """The values of a file with their lines. Raises SpecError when it cannot be read or is not YAML."""
    mistaken = mistaken_for_experiment(path)
    if mistaken is not None:
        raise SpecError(mistaken)
    try:
        text = _text(path)
    except FileNotFoundError:
        raise SpecError(f"{path}: no such file{did_you_mean_file(path, '*.y*ml')}") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        document = parse(text, str(path))
    except SpecError:
        if path.suffix in EXPERIMENTS:
            raise
        raise SpecError(advice_on_text(path)) from None
    if isinstance(document.values, str) and path.suffix not in EXPERIMENTS:
        raise SpecError(advice_on_text(path))
    return document


def _text(path: Path) -> str:
    """The text of a file or of standard input. Raises SpecError when it is too long to be an experiment."""
    with path.open("rb") as stream:
        data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        size = path.stat().st_size
        shown = format_bytes(size) if size > MOST_BYTES else f"more than {format_bytes(MOST_BYTES)}"
        raise SpecError(
            f"{path}: is {shown}, an experiment file has at most {MOST_CHARACTERS:,} characters; "
            f"if it is a table, {advice_on_table(path)}"
        )
    return data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def validate(document: Document) -> Experiment:
    """The experiment of a document. Raises SpecError with all problems at once."""
    if not isinstance(document.values, dict):
        kind, location = _kind(document.values), document.location(())
        message = f"{location}: an experiment file is a block of keys, this is {kind}"
        raise SpecError([*document.problems, message])
    document = with_recipe(document, Experiment)
    invalid, experiment = None, None
    try:
        experiment = Experiment.model_validate(document.values)
    except ValidationError as error:
        invalid = error
    problems = find_problems(document, Experiment, invalid, search_problems(document))
    if problems or experiment is None:
        raise SpecError(problems)
    return experiment


def to_yaml(experiment: Experiment) -> str:
    """The text of a file that loads as this experiment."""
    return dump(experiment.model_dump())


def _with_absolute_paths(experiment: Experiment, document: Document, folder: Path) -> Experiment:
    """Paths in a file are relative to its folder, those in overrides to the current one."""
    update = {}
    for key in SOURCES:
        source = getattr(experiment.data, key)
        if is_path(source):
            overridden = document.location(("data", key)).startswith(OVERRIDE)
            update[key] = str((Path.cwd() if overridden else folder).joinpath(source).absolute())
    return experiment.model_copy(update={"data": experiment.data.model_copy(update=update)})


def _kind(values: PlainValue) -> str:
    return "empty" if values is None else "a list" if isinstance(values, list) else "a single value"
