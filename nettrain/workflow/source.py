"""Where an experiment comes from: a file, or plain values in Python."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError
from nettrain.experiment.document import Document, PlainValue
from nettrain.experiment.load import LoadedExperiment, from_document, read

ExperimentSource: TypeAlias = "str | os.PathLike[str] | Mapping[str, object]"
PASSED = "argument data"  # the location of keys that name tables in memory


def load_experiment(
    source: ExperimentSource, overrides: Sequence[str] = (), memory: MemoryTables | None = None
) -> LoadedExperiment:
    """The experiment in a file, or in a mapping like a file's, with `KEY=VALUE` overrides.

    Tables in memory take the place of the sources that it names. Raises SpecError with all problems at once.
    """
    if isinstance(source, Mapping):
        document, folder = Document(plain(source)), Path()
    else:
        path = Path(source)
        document, folder = read(path), path.parent
    if memory is not None:
        _name_tables(document, memory)
    return from_document(document, overrides, folder)


def plain(value: object, key: str = "") -> PlainValue:
    """The value as a file would hold it: paths as text, tuples as lists, NumPy's numbers as Python's.

    Raises SpecError, naming the dotted key, for anything that a file cannot hold.
    """
    match value:
        case Mapping():
            prefix = f"{key}." if key else ""
            return {str(name): plain(inner, f"{prefix}{name}") for name, inner in value.items()}
        case list() | tuple():
            return [plain(item, key) for item in value]
        case os.PathLike():
            return str(os.fspath(value))
        case _:
            return _scalar(value, key)


def _scalar(value: object, key: str) -> PlainValue:
    if isinstance(value, np.bool_ | np.integer | np.floating):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    location = f"{key}: " if key else ""
    raise SpecError(f"{location}{type(value).__name__} is not a value of an experiment file")


def _name_tables(document: Document, memory: MemoryTables) -> None:
    """Name the tables as the document's sources."""
    if document.values is None:
        document.values = {}
    if not isinstance(document.values, dict):
        return  # which is refused when it is validated
    data = document.values.get("data") or {}
    if not isinstance(data, dict):
        return
    document.values["data"] = {**data, **memory.sources()}
    document.locations |= {("data", key): PASSED for key in memory.sources()}
