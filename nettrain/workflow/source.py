"""Sources in Python: of experiments (files, mappings) and of rows (files, data in memory)."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError
from nettrain.experiment.blending import without_blend
from nettrain.experiment.document import Document, PlainValue
from nettrain.experiment.load import LoadedExperiment, from_document, read

FilePath: TypeAlias = str | os.PathLike[str]
RowSource: TypeAlias = str | MemoryTables  # a file or a name such as builtin:iris, or data in memory
ExperimentSource: TypeAlias = "str | os.PathLike[str] | Mapping[str, object]"
PASSED = "argument data"  # the location of keys that name tables in memory


def load_experiment(
    source: ExperimentSource,
    overrides: Sequence[str] = (),
    memory: MemoryTables | None = None,
    *,
    blended: bool = False,
) -> LoadedExperiment:
    """The experiment in a file, or in a mapping with the keys of a file, with `KEY=VALUE` overrides.

    Tables in memory replace the sources that it names. The networks of its `blend` are left out, which a note
    says, unless it is to be `blended`. Raises SpecError with all problems at once.
    """
    path = None if isinstance(source, Mapping) else Path(source)
    document = Document(plain(source)) if path is None else read(path)
    if memory is not None:
        _name_tables(document, memory)
    folder = Path() if path is None else path.parent
    loaded = replace(from_document(document, overrides, folder), file=path)
    return loaded if blended else without_blend(loaded)


def plain(value: object, key: str = "") -> PlainValue:
    """The value as a file would contain it: paths as text, tuples as lists, NumPy scalars as Python's.

    Raises SpecError, naming the dotted key, for anything else.
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
    """Make the tables the sources of the document."""
    if document.values is None:
        document.values = {}
    if not isinstance(document.values, dict):
        return  # validation refuses this
    data = document.values.get("data") or {}
    if not isinstance(data, dict):
        return
    document.values["data"] = {**data, **memory.sources()}
    document.locations |= {("data", key): PASSED for key in memory.sources()}


def row_source(data: object) -> RowSource:
    """The name of a source, or data in memory as tables. Raises DataError when they are no table."""
    if isinstance(data, str):
        return data
    return os.fspath(data) if isinstance(data, os.PathLike) else MemoryTables.of(data)


def source_name(source: RowSource) -> str:
    """What messages call the source."""
    return source if isinstance(source, str) else "data"
