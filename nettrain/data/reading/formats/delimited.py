"""Text files of rows and cells (CSV, TSV): the beginning decides on the columns, then chunks are read.

The first 4 MB decide what the columns are; then Polars parses numbers as numbers, so that no file is ever
held as text. Where a column of numbers turns out to hold text further down, the file is read once more.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nettrain.data.reading.cells import (
    RaggedError,
    find_empty_rows,
    first_row_end,
    mark_missing,
    numbered_rows,
    read_cells,
    read_typed,
    refuse_ragged,
)
from nettrain.data.reading.dialect import Dialect, detect_dialect
from nettrain.data.reading.file_format import file_format, unpacked_name
from nettrain.data.reading.opening import display_path, open_bytes, reading_errors
from nettrain.data.reading.options import WHITESPACE, ReadOptions
from nettrain.data.reading.room import IN_PARQUET, RoomWatch
from nettrain.data.reading.source import Source
from nettrain.data.reading.textfile import TextFile
from nettrain.data.tables.arrays import Floats, Numbers
from nettrain.data.tables.row_chunks import RowChunks, allocate_chunk
from nettrain.data.tables.table import Table, are_numbers, as_numbers, code_columns, columns_of, is_text
from nettrain.errors import DataError

if TYPE_CHECKING:
    import polars as pl

HEAD_BYTES = 4_000_000  # decide on separator, header and kinds of columns
ENDINGS = (".csv", ".tsv", ".txt", ".data", ".dat")
CHUNK_BYTES = 8_000_000  # are parsed at once
PADDING = "cell without a name "  # and a number: the names of empty cells at the ends of rows


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
        columns = [frame.get_column(name) for name in numeric]
        if columns and is_text(columns[0]):  # and so are all of them
            self.wrong |= add_texts(columns, chunk)
        else:
            self.wrong |= add_numbers(columns, chunk)
        self.numbers.append(chunk)
        apart = set(numeric)
        self.texts.append(columns_of(frame, (name for name in frame.columns if name not in apart)))
        self.height += frame.height


def add_texts(columns: "Sequence[pl.Series]", chunk: Floats) -> set[str]:
    """Write columns of text as numbers into a chunk (N, C); returns the names of those that are none.

    All are parsed at once, since thousands of columns take more time than their cells.
    """
    import polars as pl

    values, wrong = as_numbers(pl.concat([column.alias("") for column in columns]))
    chunk[:] = values.reshape(len(columns), -1).T
    rows = wrong.reshape(len(columns), -1)
    return {column.name for column, cells in zip(columns, rows, strict=True) if cells.any()}


def add_numbers(columns: "Sequence[pl.Series]", chunk: Floats) -> set[str]:
    """Write columns of numbers into a chunk (N, C); returns the names of those that are not all finite."""
    wrong = set()
    for position, column in enumerate(columns):
        values = column.to_numpy()  # gaps are null, so that a NaN here is the text "nan"
        chunk[:, position] = values
        if np.isfinite(values).sum() < column.len() - column.null_count():
            wrong.add(column.name)
    return wrong


@file_format(*ENDINGS, packed=True)
def read_delimited(path: Path, options: ReadOptions, key: str = "") -> Source:
    """The table in a text file, compressed or not; blank lines and blanks around cells are dropped.

    Raises DataError with the line for a missing, empty, damaged or ragged file, unclosed quotes, and two
    columns of one name; `key` is the setting that named the file.
    """
    if unpacked_name(path).endswith(".tsv"):
        options = replace(options, separators=("\t", *(one for one in options.separators if one != "\t")))
    with reading_errors(path, key):
        table = read_stream(lambda: open_bytes(path), display_path(path), options)
    return Source(table, header=table.header, separator=table.separator, comment=table.comment)


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
        table = read_text(replace(file, latin=True), options)
        return replace(table, notes=(note, *table.notes))


def read_text(file: TextFile, options: ReadOptions) -> Table:
    """The table in a text file. Raises UnicodeDecodeError when it is not in its encoding."""
    rows = TableText.of(file, options)
    body = read_body(rows)
    if body.wrong:
        rows = replace(rows, numeric=tuple(name for name in rows.numeric if name not in body.wrong))
        body = read_body(rows)
    if not body.height:
        raise DataError(f"{file.origin}: has no rows under its header")
    dialect, above = rows.dialect, rows.dialect.header_rows

    @cache
    def line_numbers() -> list[int]:
        return [line for line, _ in numbered_rows(rows.file, dialect.character)][above:]

    def empty_rows() -> list[tuple[int, int]]:
        if file.line_count() - dialect.skip <= body.height + above:
            return []  # at once, for nearly all files
        return find_empty_rows(rows.file, dialect.character, len(dialect.names), above)

    return Table(
        stacked(body.texts),
        file.origin,
        dialect.header,
        dialect.separator,
        line_numbers,
        empty_rows,
        numbers=RowChunks(rows.numeric, body.numbers) if rows.numeric else None,
        names=dialect.names,
        typed=False,
        notes=dialect.notes,
        comment=dialect.mark,
    )


def stacked(frames: "Iterable[pl.DataFrame]") -> "pl.DataFrame":
    """The frames one under another."""
    import polars as pl

    return pl.concat(frames, rechunk=False)


@dataclass(frozen=True)
class TableText:
    """The table's part of a text file, how it is written, and which of its columns hold numbers."""

    file: TextFile
    dialect: Dialect
    numeric: tuple[str, ...]
    options: ReadOptions

    @staticmethod
    def of(file: TextFile, options: ReadOptions) -> "TableText":
        """How a file is written, by its beginning. Raises DataError when it is empty."""
        dialect = detect_dialect(file, options)
        inside = replace(
            file,
            skip=dialect.skip,
            comment=dialect.comment,
            whitespace=dialect.separator == WHITESPACE,
        )
        return TableText(inside, dialect, (), options).with_numeric()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the cells of a row, those of the padding included."""
        return (*self.dialect.names, *(f"{PADDING}{i}" for i in range(self.dialect.padding)))

    def body(self, size: int) -> Iterator[bytes]:
        """The rows under the header, in chunks of about this many bytes. Raises DataError for the header."""
        under_header = not self.dialect.header_rows
        for chunk in self.file.chunks(size):
            if not under_header and not chunk.strip():
                continue
            rows = chunk if under_header else self.under_first_row(chunk)
            under_header = True
            if rows.strip():
                yield rows

    def under_first_row(self, chunk: bytes) -> bytes:
        """What follows the first row of a chunk. Raises DataError where that cannot be split into cells."""
        with self.splitting():
            return chunk[first_row_end(chunk, self.dialect.character) :]

    def with_numeric(self) -> "TableText":
        """With the columns that hold numbers in the first rows."""
        head = next(self.body(HEAD_BYTES), b"")
        if not head:
            text = self.options.text_among(self.dialect.names)
            return replace(self, numeric=tuple(name for name in self.dialect.names if name not in text))
        frame = mark_missing(columns_of(self.split(head), self.dialect.names), self.options.missing)
        text = self.options.text_among(self.dialect.names)
        numeric = [
            name
            for name, number in zip(frame.columns, are_numbers(frame), strict=True)
            if number and name not in text
        ]
        codes = code_columns(columns_of(frame, numeric))  # which are numbers, but may be used as text
        return replace(self, numeric=tuple(name for name in numeric if name not in codes))

    def split(self, chunk: bytes) -> "pl.DataFrame":
        """The cells of a chunk as text under their columns' names. Raises DataError at a ragged row."""
        with self.splitting():
            frame = read_cells(chunk, self.dialect.character)
        if frame.width != len(self.columns):
            self.refuse_ragged()
            raise DataError(
                f"{self.file.origin}: rows have {frame.width} cells, but the first has {len(self.columns)}"
            )
        frame.columns = list(self.columns)
        return frame

    @contextmanager
    def splitting(self) -> Iterator[None]:
        """Turn a RaggedError into a DataError, of the first row that is wrong where it is found."""
        try:
            yield
        except RaggedError as error:
            self.refuse_ragged()
            raise DataError(f"{self.file.origin}: cannot be split into cells: {error}") from error

    def refuse_ragged(self) -> None:
        """Raise DataError at the first row that does not fit the names."""
        dialect = self.dialect
        refuse_ragged(self.file, dialect.character, len(dialect.names), dialect.padding, dialect.header_rows)


def read_body(rows: TableText) -> DelimitedRows:
    """All rows under the header. Raises DataError when there are more than fit into memory."""
    body, watch = DelimitedRows(), RoomWatch(rows.file.origin, IN_PARQUET)
    for chunk in rows.body(CHUNK_BYTES):
        body.add(read_chunk(rows, chunk), rows.numeric)
        # of the numbers, inputs are made that take half as much
        watch.add(len(chunk), later=body.numbers[-1].nbytes // 2)
    return body


def read_chunk(rows: TableText, chunk: bytes) -> "pl.DataFrame":
    """The rows of a chunk, null in gaps. Raises DataError at a ragged row."""
    frame = read_typed(chunk, rows.dialect.character, rows.columns, rows.numeric, rows.options.missing)
    if frame is None:
        frame = rows.split(chunk)
    padding = columns_of(frame, frame.columns[len(rows.dialect.names) :])
    if any(column.drop_nulls().ne("").any() for column in padding.get_columns()):
        rows.refuse_ragged()
    return mark_missing(columns_of(frame, rows.dialect.names), rows.options.missing)
