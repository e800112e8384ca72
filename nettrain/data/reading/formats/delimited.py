"""Text files of rows and cells (CSV, TSV): the beginning decides on the columns, then chunks are read.

The first 4 MB decide what the columns are; then Polars parses numbers as numbers, so that no file is ever
held as text. Where a column of numbers turns out to hold text further down, the file is read once more.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nettrain.data.reading.cells import (
    RaggedError,
    find_empty_rows,
    find_separator,
    first_row_end,
    mark_missing,
    numbered_rows,
    read_cells,
    read_typed,
    refuse_ragged,
)
from nettrain.data.reading.file_format import file_format
from nettrain.data.reading.header import column_names, looks_like_header
from nettrain.data.reading.opening import display_path, open_bytes, reading_errors
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.reading.textfile import TextFile
from nettrain.data.tables.arrays import Floats, Numbers
from nettrain.data.tables.row_chunks import RowChunks, allocate_chunk
from nettrain.data.tables.table import Table, are_numbers, as_numbers, columns_of, is_text
from nettrain.errors import DataError

if TYPE_CHECKING:
    import polars as pl

HEAD_BYTES = 4_000_000  # decide on separator, header and kinds of columns
CHUNK_BYTES = 8_000_000  # are parsed at once


@dataclass(frozen=True)
class Dialect:
    """How a text file is written, and which of its columns hold numbers."""

    separator: str
    header: bool
    names: tuple[str, ...]
    numeric: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass
class DelimitedRows:
    """The rows read so far, numbers and text apart; `wrong` columns are not the numbers they seemed to be."""

    numbers: list[Numbers] = field(default_factory=list)
    texts: "list[pl.DataFrame]" = field(default_factory=list)
    wrong: set[str] = field(default_factory=set)
    height: int = 0

    def add(self, frame: "pl.DataFrame", numeric: Sequence[str]) -> None:
        """Append rows, cells as text or as numbers."""
        chunk = allocate_chunk(frame.height, len(numeric))
        for position, name in enumerate(numeric):
            chunk[:, position], right = numbers_of(frame[name])
            self.wrong |= set() if right else {name}
        self.numbers.append(chunk)
        apart = set(numeric)
        self.texts.append(columns_of(frame, (name for name in frame.columns if name not in apart)))
        self.height += frame.height


def numbers_of(series: "pl.Series") -> tuple[Floats, bool]:
    """A column's values (N,), NaN in gaps, and whether all present cells are finite numbers."""
    if is_text(series):
        values, wrong = as_numbers(series)
        return values, not wrong.any()
    values = series.to_numpy()  # gaps are null, so that a NaN here is the text "nan"
    return values, int(np.isfinite(values).sum()) == series.len() - series.null_count()


@file_format(".csv", ".tsv", ".csv.gz", ".tsv.gz")
def read_delimited(path: Path, options: ReadOptions, key: str = "") -> Source:
    """The table in a text file, compressed by gzip or not; blank lines and blanks around cells are dropped.

    Raises DataError with the line for a missing, empty, damaged or ragged file, unclosed quotes, and two
    columns of one name; `key` is the setting that named the file.
    """
    if options.separator == "auto" and path.name.lower().removesuffix(".gz").endswith(".tsv"):
        options = replace(options, separator="\t")
    with reading_errors(path, key):
        table = read_stream(lambda: open_bytes(path), display_path(path), options)
    return Source(table, header=table.header, separator=table.separator)


def parse(data: bytes, origin: str, options: ReadOptions) -> Table:
    """The table in the bytes of a file that errors call `origin`."""
    return read_stream(lambda: io.BytesIO(data), origin, options)


def read_stream(open: Callable[[], io.BufferedIOBase], origin: str, options: ReadOptions) -> Table:
    """The table in a stream that can be opened again, in UTF-8 or, with a note, in Latin-1."""
    file = TextFile(origin, open)
    try:
        return read_text(file, options)
    except UnicodeDecodeError:
        note = f"{origin}: is not UTF-8, read as Latin-1; save it as UTF-8 if letters look wrong"
        return replace(read_text(replace(file, latin=True), options), notes=(note,))


def read_text(file: TextFile, options: ReadOptions) -> Table:
    """The table in a text file. Raises UnicodeDecodeError when it is not in its encoding."""
    dialect = detect_dialect(file, options)
    body = read_body(file, dialect)
    if body.wrong:
        numeric = tuple(name for name in dialect.numeric if name not in body.wrong)
        dialect = replace(dialect, numeric=numeric)
        body = read_body(file, dialect)
    if not body.height:
        raise DataError(f"{file.origin}: has no rows under its header")

    @cache
    def line_numbers() -> list[int]:
        return [line for line, _ in numbered_rows(file, dialect.separator)][int(dialect.header) :]

    def empty_rows() -> list[tuple[int, int]]:
        above = int(dialect.header)
        if file.line_count() <= body.height + above:
            return []  # at once, for nearly all files
        return find_empty_rows(file, dialect.separator, len(dialect.names), above)

    return Table(
        stacked(body.texts),
        file.origin,
        dialect.header,
        dialect.separator,
        line_numbers,
        empty_rows,
        numbers=RowChunks(dialect.numeric, body.numbers) if dialect.numeric else None,
        names=dialect.names,
        typed=False,
    )


def stacked(frames: "Iterable[pl.DataFrame]") -> "pl.DataFrame":
    """The frames one under another."""
    import polars as pl

    return pl.concat(frames, rechunk=False)


def detect_dialect(file: TextFile, options: ReadOptions) -> Dialect:
    """How a file is written, by its beginning. Raises DataError when it is empty."""
    head = next((chunk for chunk in file.chunks(HEAD_BYTES) if chunk.strip()), b"")
    if not head:
        raise DataError(f"{file.origin}: is empty")
    separator = options.separator
    if separator == "auto":
        separator = find_separator(head.decode(), options.separators)
    frame = mark_missing(split_rows(file, head, separator), options.missing)
    if not frame.height:
        raise DataError(f"{file.origin}: is empty")
    header = has_header(frame, options)
    names = [f"column_{i}" for i in range(frame.width)]
    frame.columns = column_names(frame.row(0), file.origin) if header else names
    below = frame.slice(int(header))
    names, text = frame.columns, options.text_among(frame.columns)
    numeric = tuple(
        name for name, number in zip(names, are_numbers(below), strict=True) if number and name not in text
    )
    return Dialect(separator, header, tuple(names), numeric, options.missing)


def read_body(file: TextFile, dialect: Dialect) -> DelimitedRows:
    """All rows under the header."""
    body = DelimitedRows()
    under_header = not dialect.header
    for chunk in file.chunks(CHUNK_BYTES):
        start = 0 if under_header else first_row_end(chunk, dialect.separator)
        under_header = True
        if chunk[start:].strip():
            body.add(read_chunk(file, chunk[start:], dialect), dialect.numeric)
    return body


def read_chunk(file: TextFile, chunk: bytes, dialect: Dialect) -> "pl.DataFrame":
    """The rows of a chunk under the dialect's names, null in gaps. Raises DataError at a ragged row."""
    frame = read_typed(chunk, dialect.separator, dialect.names, dialect.numeric, dialect.missing)
    if frame is not None:
        return frame
    frame = split_rows(file, chunk, dialect.separator)
    if frame.width != len(dialect.names):
        refuse_ragged(file, dialect.separator)
    frame.columns = list(dialect.names)
    return mark_missing(frame, dialect.missing)


def split_rows(file: TextFile, chunk: bytes, separator: str) -> "pl.DataFrame":
    """The cells of a chunk as text. Raises DataError with the line where the file cannot be split."""
    try:
        return read_cells(chunk, separator)
    except RaggedError as error:
        refuse_ragged(file, separator)
        raise DataError(f"{file.origin}: cannot be split into cells: {error}") from error


def has_header(frame: "pl.DataFrame", options: ReadOptions) -> bool:
    """Whether the first row names the columns: by the options, by known names, or by how it looks."""
    if options.header != "auto":
        return options.header
    if options.known:
        return any(cell in options.known for cell in frame.row(0))
    return looks_like_header(frame)
