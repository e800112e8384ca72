"""From a file and overrides to a checked experiment, and back to a file."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nettrain.errors import SpecError, nearest
from nettrain.spec.document import Document, dump, parse
from nettrain.spec.experiment import Experiment
from nettrain.spec.overrides import apply
from nettrain.spec.problems import problems

SOURCES = ("source", "test", "validation")


@dataclass(frozen=True)
class Loaded:
    """A checked experiment and what a person should know about how it was read."""

    experiment: Experiment
    notes: tuple[str, ...] = ()


def load(path: Path, overrides: Sequence[str] = ()) -> Loaded:
    """The experiment in a file, with `KEY=VALUE` overrides. Raises SpecError with all problems at once."""
    document = read(path)
    _anchor(document, path.parent)
    before = dict(_sources(document))
    notes = apply(document, overrides, Experiment)
    if dict(_sources(document)) != before:
        _anchor(document, Path.cwd(), already=before)
    return Loaded(check(document), tuple(notes))


def read(path: Path) -> Document:
    """The values and lines of a file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        folder = path.parent
        others = [p.name for p in folder.glob("*.y*ml")] if folder.is_dir() else []
        hint = nearest(path.name, others) if others else ""
        raise SpecError(f"{path}: no such file{hint}") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    return parse(text, str(path))


def check(document: Document) -> Experiment:
    """The experiment of a document; all its problems in one SpecError."""
    if not isinstance(document.values, dict):
        raise SpecError(f"{document.place(())}: an experiment file is a block of keys")
    failed, experiment = None, None
    try:
        experiment = Experiment.model_validate(document.values)
    except ValidationError as error:
        failed = error
    found = problems(document, Experiment, failed)
    if found or experiment is None:
        raise SpecError(found)
    return experiment


def resolved(experiment: Experiment) -> Experiment:
    """The experiment with its four seeds and its threads written in."""
    seed = experiment.seed

    def seeded(block: Any, *names: str) -> Any:
        missing = {name: seed for name in names if getattr(block, name) is None}
        return block.model_copy(update=missing)

    threads = experiment.backend.threads
    backend = {"name": "numpy", "threads": available_cores() if threads == "auto" else threads}
    return experiment.model_copy(
        update={
            "data": seeded(experiment.data, "seed"),
            "model": seeded(experiment.model, "seed"),
            "training": seeded(experiment.training, "order_seed", "noise_seed"),
            "backend": experiment.backend.model_copy(update=backend),
        }
    )


def available_cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def to_yaml(experiment: Experiment) -> str:
    """A file that reads back as this experiment."""
    return dump(experiment.model_dump())


def _sources(document: Document) -> list[tuple[str, str]]:
    """The keys under `data:` that name files, with their text."""
    data = document.values.get("data") if isinstance(document.values, dict) else None
    if not isinstance(data, dict):
        return []
    return [(key, data[key]) for key in SOURCES if isinstance(data.get(key), str)]


def _anchor(document: Document, folder: Path, already: dict[str, str] | None = None) -> None:
    """Make paths absolute: those of a file are relative to its folder, those of overrides to the current one."""
    for key, source in _sources(document):
        if source.startswith(("builtin:", "synthetic:")) or (already or {}).get(key) == source:
            continue
        document.values["data"][key] = str((folder / source).absolute())
