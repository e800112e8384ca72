"""Text files of rows and cells (CSV, TSV): looked at first, then read piece by piece.

The first 4 MB say what the columns are; then Polars reads numbers as numbers, so that no file is ever held
as text. Where a column of numbers turns out to hold text further down, the file is read once more.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nettrain.data.reading.cells import (
    Ragged,
    empty_rows,
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
from nettrain.data.reading.opening import open_bytes, readable, shown
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.reading.textfile import TextFile
from nettrain.data.tables.row_chunks import Piece, RowChunks, room_for
from nettrain.data.tables.table import Floats, Table, as_numbers, is_text
from nettrain.errors import DataError

if TYPE_CHECKING:
    import polars as pl

HEAD = 4_000_000  # bytes that decide on separator, header and kinds of columns
PIECE = 8_000_000  # bytes that are parsed at once


@dataclass(frozen=True)
class Dialect:
    """What a look at a file tells: its columns, and which of them hold numbers."""

    separator: str
    header: bool
    names: tuple[str, ...]
    numeric: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass
class Body:
    """The rows read so far: numbers and text apart, and the columns that are not the numbers they seemed."""

    numbers: list[Piece] = field(default_factory=list)
    texts: "list[pl.DataFrame]" = field(default_factory=list)
    wrong: set[str] = field(default_factory=set)
    height: int = 0

    def add(self, frame: "pl.DataFrame", numeric: Sequence[str]) -> None:
        """Append rows, cells as text or as numbers."""
        part = room_for(frame.height, len(numeric))
        for place, name in enumerate(numeric):
            part[:, place], right = numbers_of(frame[name])
            self.wrong |= set() if right else {name}
        self.numbers.append(part)
        self.texts.append(frame.drop(numeric))
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
    """The table in a .csv or .tsv file, packed by gzip or not; blank lines and blanks around cells dropped.

    Raises DataError with the place for a missing, empty, damaged or ragged file, unclosed quotes, and
    names that occur twice; `key` says which setting named the file.
    """
    if options.separator == "auto" and path.name.lower().removesuffix(".gz").endswith(".tsv"):
        options = replace(options, separator="\t")
    with readable(path, f"{key}: " if key else ""):
        table = read_stream(lambda: open_bytes(path), shown(path), options)
    return Source(table, header=table.header, separator=table.separator)


def parse(data: bytes, place: str, options: ReadOptions) -> Table:
    """The table in the bytes of a file that errors call `place`."""
    return read_stream(lambda: io.BytesIO(data), place, options)


def read_stream(open: Callable[[], io.BufferedIOBase], place: str, options: ReadOptions) -> Table:
    """The table in a stream that can be opened again, in UTF-8 or, with a note, in Latin-1."""
    file = TextFile(place, open)
    try:
        return read_text(file, options)
    except UnicodeDecodeError:
        note = f"{place}: is not UTF-8, read as Latin-1; save it as UTF-8 if letters look wrong"
        return replace(read_text(replace(file, latin=True), options), notes=(note,))


def read_text(file: TextFile, options: ReadOptions) -> Table:
    """The table in a file of text. Raises UnicodeDecodeError when it is not in its encoding."""
    form = look(file, options)
    body = read_body(file, form)
    if body.wrong:
        form = replace(form, numeric=tuple(name for name in form.numeric if name not in body.wrong))
        body = read_body(file, form)
    if not body.height:
        raise DataError(f"{file.place}: has no rows under its header")

    @cache
    def lines() -> list[int]:
        return [line for line, _ in numbered_rows(file, form.separator)][int(form.header) :]

    def empty() -> list[tuple[int, int]]:
        above = int(form.header)
        if file.lines() <= body.height + above:
            return []  # at once, as of nearly all files
        return empty_rows(file, form.separator, len(form.names), above)

    return Table(
        joined(body.texts),
        file.place,
        form.header,
        form.separator,
        lines,
        empty,
        numbers=RowChunks(form.numeric, body.numbers) if form.numeric else None,
        names=form.names,
    )


def joined(frames: "Iterable[pl.DataFrame]") -> "pl.DataFrame":
    """The frames one under another."""
    import polars as pl

    return pl.concat(frames, rechunk=False)


def look(file: TextFile, options: ReadOptions) -> Dialect:
    """What the head of a file says about its form. Raises DataError when there is nothing in it."""
    head = next((piece for piece in file.pieces(HEAD) if piece.strip()), b"")
    if not head:
        raise DataError(f"{file.place}: is empty")
    separator = options.separator
    if separator == "auto":
        separator = find_separator(head.decode(), options.separators)
    frame = mark_missing(whole_rows(file, head, separator), options.missing)
    if not frame.height:
        raise DataError(f"{file.place}: is empty")
    header = decide_header(frame, options)
    names = [f"column_{i}" for i in range(frame.width)]
    frame.columns = column_names(frame.row(0), file.place) if header else names
    below = frame.slice(int(header))
    numeric = tuple(column.name for column in below.get_columns() if not as_numbers(column)[1].any())
    return Dialect(separator, header, tuple(frame.columns), numeric, options.missing)


def read_body(file: TextFile, form: Dialect) -> Body:
    """All rows under the header."""
    body = Body()
    under_header = not form.header
    for piece in file.pieces(PIECE):
        start = 0 if under_header else first_row_end(piece, form.separator)
        under_header = True
        if piece[start:].strip():
            body.add(read_piece(file, piece[start:], form), form.numeric)
    return body


def read_piece(file: TextFile, piece: bytes, form: Dialect) -> "pl.DataFrame":
    """The rows of a piece under the names of the form, null in gaps. Raises DataError at a ragged row."""
    frame = read_typed(piece, form.separator, form.names, form.numeric, form.missing)
    if frame is not None:
        return frame
    frame = whole_rows(file, piece, form.separator)
    if frame.width != len(form.names):
        refuse_ragged(file, form.separator)
    frame.columns = list(form.names)
    return mark_missing(frame, form.missing)


def whole_rows(file: TextFile, piece: bytes, separator: str) -> "pl.DataFrame":
    """The cells of a piece as text. Raises DataError with the line where the file cannot be split."""
    try:
        return read_cells(piece, separator)
    except Ragged as error:
        refuse_ragged(file, separator)
        raise DataError(f"{file.place}: cannot be split into cells: {error}") from error


def decide_header(frame: "pl.DataFrame", options: ReadOptions) -> bool:
    """Whether the first row names the columns: as told, by known names, or by how it looks."""
    if options.header != "auto":
        return options.header
    if options.known:
        return any(cell in options.known for cell in frame.row(0))
    return looks_like_header(frame)
