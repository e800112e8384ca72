"""Where rows come from: the name of a source becomes its table."""

from dataclasses import replace
from pathlib import Path

from nettrain.data.reading.builtin import read_builtin
from nettrain.data.reading.file_format import FOLDER, TEXT, known_ending
from nettrain.data.reading.formats import FORMATS
from nettrain.data.reading.gaps import clear_gaps
from nettrain.data.reading.memory import MEMORY, MemoryTables, read_memory
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.reading.streams import StreamCopy, is_stream, refuse_stream
from nettrain.data.reading.synthetic import read_synthetic
from nettrain.data.tables.table import Table
from nettrain.errors import DataError


def read_source(
    source: str | StreamCopy,
    options: ReadOptions,
    *,
    seed: int,
    key: str = "",
    memory: MemoryTables | None = None,
) -> Source:
    """The rows of `builtin:NAME`, `synthetic:NAME`, `memory:NAME`, a file, a folder or a stream.

    `seed` draws the synthetic ones, `memory` holds those that were passed from Python. Cells that mean no
    value are null, or NaN among numbers. Raises DataError that begins with `key`, the setting that names the
    source.
    """
    return clear_gaps(read_cells(source, options, seed, key, memory), options.missing)


def read_cells(
    source: str | StreamCopy, options: ReadOptions, seed: int, key: str, memory: MemoryTables | None
) -> Source:
    """The source as its reader gives it."""
    if isinstance(source, StreamCopy):
        return source.read(options)
    kind, _, name = source.partition(":")
    if kind == "builtin":
        return read_builtin(name, options, key)
    if kind == "synthetic":
        table = read_synthetic(name, seed)
        return Source(table, table.columns[-1])
    if kind == MEMORY:
        return read_memory(name, memory, key)
    if key:
        refuse_stream(source, key)
    return StreamCopy.of(source).read(options) if is_stream(source) else read_file(Path(source), options, key)


def read_file(path: Path, options: ReadOptions, key: str = "") -> Source:
    """The rows of a file or folder: its ending says how it is read, and an unknown ending means text."""
    ending = known_ending(path.name) or (FOLDER if names_folder(path) else TEXT)
    return FORMATS[ending].read(path, options, key)


def source_files(path: Path) -> list[Path]:
    """The files that a source consists of: of a folder those whose names have no ending of other formats."""
    if not path.is_dir():
        return [path]
    endings = tuple(ending for ending in FORMATS if ending != FOLDER)
    return [file for file in path.iterdir() if not file.name.lower().endswith(endings)]


def names_folder(path: Path) -> bool:
    """Whether a path without a known ending is or would be a folder."""
    return path.is_dir() or not (path.suffix or path.exists())


def can_be_read_again(source: str) -> str | StreamCopy:
    """The source, a stream as a copy."""
    is_file = source.partition(":")[0] not in ("builtin", "synthetic", MEMORY)
    return StreamCopy.of(source) if is_file and is_stream(source) else source


def rows_of_split(source: Source, name: str, split: str | None) -> Table:
    """The train or the test rows of a source; those of None are its test rows where it brings some.

    Raises DataError, which calls the source `name`, when it brings no test rows and they are asked for.
    """
    if split == "test" and source.test is None:
        raise DataError(f"{name}: brings no test rows of its own")
    if split == "train" or source.test is None:
        return source.table
    note = f"{source.test.origin}: the test rows that {name} brings (--part train takes the others)"
    return source.test if split else replace(source.test, notes=(*source.test.notes, note))
