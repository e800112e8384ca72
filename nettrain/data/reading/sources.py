"""Where rows come from: what a source names becomes a table."""

from dataclasses import replace
from pathlib import Path

from nettrain.data.reading.file_format import FOLDER
from nettrain.data.reading.formats import FORMATS
from nettrain.data.reading.memory import MEMORY, MemoryTables, read_memory
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.shipped import BUILTINS, read_shipped
from nettrain.data.reading.source import Source
from nettrain.data.reading.synthetic import read_synthetic
from nettrain.data.tables.table import Table
from nettrain.errors import DataError, nearest

TEXT = ".csv"  # how files with an unknown ending are read


def read_source(
    source: str, options: ReadOptions, *, seed: int, key: str = "", memory: MemoryTables | None = None
) -> Source:
    """The rows of `builtin:NAME`, `synthetic:NAME`, `memory:NAME`, a file or a folder.

    `seed` draws the synthetic ones, `memory` holds those that were passed from Python. Raises DataError that
    begins with `key`, the setting which named the source.
    """
    kind, _, name = source.partition(":")
    if kind == "builtin":
        return _builtin(name, key)
    if kind == "synthetic":
        table = read_synthetic(name, seed)
        return Source(table, table.columns[-1])
    if kind == MEMORY:
        return read_memory(name, options.missing, memory, key)
    return _file(Path(source), options, key)


def half_of(found: Source, source: str, half: str | None) -> Table:
    """The rows of a source that brings test rows of its own: `train` or `test`, test unless told.

    Raises DataError when test rows are wanted that it does not bring.
    """
    if half == "test" and found.test is None:
        raise DataError(f"{source}: brings no test rows of its own")
    if half == "train" or found.test is None:
        return found.table
    note = f"{found.test.place}: the test rows that {source} brings (--part train takes the others)"
    return found.test if half else replace(found.test, notes=(*found.test.notes, note))


def _file(path: Path, options: ReadOptions, key: str) -> Source:
    """The rows of a file or folder: its name says how they are read, and all else is taken for text."""
    name = path.name.lower()
    endings = [ending for ending in FORMATS if name.endswith(ending)]
    ending = max(endings, key=len, default=FOLDER if names_folder(path) else TEXT)
    return FORMATS[ending].read(path, options, key)


def names_folder(path: Path) -> bool:
    """Whether a path without a known ending is or would be a folder."""
    return path.is_dir() or not (path.suffix or path.exists())


def _builtin(name: str, key: str) -> Source:
    if name not in BUILTINS:
        raise DataError(f"{key or 'source'}: no built-in data {name!r}{nearest(name, BUILTINS)}")
    table, test = read_shipped(name)
    return Source(table, BUILTINS[name].target, test, header=not BUILTINS[name].names)
