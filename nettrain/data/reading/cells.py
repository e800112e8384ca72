"""Text split into cells, by Polars or, where that fails or misreads, by Python's slower CSV reader."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.data.reading.options import WHITESPACE
from nettrain.data.reading.polars_errors import polars_errors
from nettrain.data.reading.textfile import TableLines, TextFile
from nettrain.data.tables.table import counted, text_columns_where
from nettrain.errors import DataError

if TYPE_CHECKING:
    import polars as pl

# a row is one cell to a reader that tries another separator, and rows of wide tables are long
csv.field_size_limit(2**31 - 1)
COMMENTS = ("#", "%", "//")  # what comments begin with


class RaggedError(ValueError):
    """Rows of one text have different numbers of cells, or cannot be split into cells."""


def csv_reader(lines: Iterable[str], separator: str, *, strict: bool = False) -> Iterator[list[str]]:
    """Python's reader, which recognises a quote after blanks."""
    return csv.reader(lines, delimiter=separator, skipinitialspace=separator != " ", strict=strict)


def read_cells(chunk: bytes, separator: str) -> "pl.DataFrame":
    """Every row's cells as text without the blanks around them; rows of empty cells are dropped.

    Raises RaggedError.
    """
    import polars as pl

    # Polars does not see the quote of ` "x, y"` after a blank; the slower reader does.
    if b'"' in chunk and re.search(rb'[%b\n][ \t]+"' % re.escape(separator.encode()), chunk):
        return cells_one_by_one(chunk, separator)
    try:
        with polars_errors("cannot be split"):
            raw = pl.read_csv(
                chunk.lstrip(b"\r\n"),
                has_header=False,
                infer_schema=False,
                separator=separator,
                empty_string_is_null=False,
            )
    except DataError:
        return cells_one_by_one(chunk, separator)
    if (raw.to_series(-1) == "").any():  # an empty last cell may be one that is not there
        refuse_short_rows(chunk, separator, raw)
    frame = stripped(raw)
    if not (frame.to_series(0) == "").any():
        return frame  # no row is empty, at once for nearly all files
    return frame.filter(pl.any_horizontal(pl.all() != ""))


def read_typed(
    chunk: bytes, separator: str, names: Sequence[str], numeric: Sequence[str], missing: Sequence[str]
) -> "pl.DataFrame | None":
    """The rows with the columns `numeric` parsed as numbers at once, the others as text; null in gaps.

    None where only the cells' text tells what a row holds: blanks around cells, rows of the wrong length,
    rows of gaps alone, and cells that are no numbers.
    """
    import polars as pl

    if "" not in missing or has_blanks(chunk, separator):
        return None
    parsed = frozenset(numeric)
    schema = {name: pl.Float64() if name in parsed else pl.String() for name in names}
    try:
        with polars_errors("cannot be parsed"):
            frame = pl.read_csv(
                chunk, has_header=False, schema=schema, separator=separator, null_values=list(missing)
            )
        if frame.to_series(-1).null_count():
            refuse_short_rows(chunk, separator, frame)
    except (DataError, RaggedError):
        return None
    may_be_empty = all(column.null_count() for column in frame.get_columns())
    if may_be_empty and frame.select(pl.all_horizontal(pl.all().is_null()).any()).item():
        return None
    return mark_missing(stripped(frame), missing)


def mark_missing(frame: "pl.DataFrame", missing: Sequence[str]) -> "pl.DataFrame":
    """The frame with null in place of the cells of text that mean no value."""
    import polars as pl

    words = list(missing)
    names = columns_with(frame, words)
    if not names:
        return frame
    text = pl.col(names)
    return frame.with_columns(pl.when(~text.is_in(words)).then(text).name.keep())


def columns_with(frame: "pl.DataFrame", words: Sequence[str]) -> list[str]:
    """The columns of text that hold one of these words."""
    return text_columns_where(frame, lambda cells: cells.is_in(words))


def stripped(frame: "pl.DataFrame") -> "pl.DataFrame":
    """The frame without blanks around cells of text."""
    import polars as pl

    names = text_columns_where(frame, lambda cells: cells != cells.str.strip_chars())
    return frame.with_columns(pl.col(names).str.strip_chars()) if names else frame


def has_blanks(chunk: bytes, separator: str) -> bool:
    """Whether blanks surround cells: at a separator, or at an end of a line."""
    ends = (separator.encode(), b"\n", b"\r")
    for blank in {b" ", b"\t"} - {separator.encode()}:
        if blank in chunk and (chunk.startswith(blank) or chunk.endswith(blank)):
            return True
        if blank in chunk and any(blank + end in chunk or end + blank in chunk for end in ends):
            return True
    return False


def refuse_short_rows(chunk: bytes, separator: str, frame: "pl.DataFrame") -> None:
    """Raise RaggedError when rows of the chunk, which Polars read as `frame`, lack cells."""
    if b'"' not in chunk and chunk.count(separator.encode()) == frame.height * (frame.width - 1):
        return
    if any(len(row) != frame.width for row in rows_of(chunk, separator)):
        raise RaggedError


def cells_one_by_one(chunk: bytes, separator: str) -> "pl.DataFrame":
    """What `read_cells` returns, by Python's reader. Raises RaggedError."""
    import polars as pl

    rows = list(rows_of(chunk, separator))
    if len({len(row) for row in rows}) > 1:
        raise RaggedError
    names = [f"column_{i}" for i in range(len(rows[0]) if rows else 0)]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def rows_of(chunk: bytes, separator: str) -> Iterator[list[str]]:
    """The cells of each row that is not blank. Raises RaggedError where text cannot be split."""
    try:
        for row in csv_reader(io.StringIO(chunk.decode(), newline=""), separator, strict=True):
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield cells
    except csv.Error as error:
        raise RaggedError(str(error)) from error


def first_row_end(chunk: bytes, separator: str) -> int:
    """How many bytes the first row that is not blank takes, blank lines above it included.

    Raises RaggedError where it cannot be split.
    """
    stream = io.BytesIO(chunk)
    try:
        for row in csv_reader((line.decode() for line in stream), separator):
            if any(cell.strip() for cell in row):
                break
    except csv.Error as error:
        raise RaggedError(str(error)) from error
    return stream.tell()


def numbered_rows(file: TextFile, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, as (line the row starts on, its cells). Raises DataError."""
    return ((line, cells) for line, cells in all_rows(file, separator) if any(cells))


def find_empty_rows(file: TextFile, separator: str, width: int, above: int) -> list[tuple[int, int]]:
    """Rows of empty cells between others, as (how many rows are before it, its line). Raises DataError.

    An empty line is such a row where rows have one cell. The first `above` rows belong to the header.
    """
    empty: list[tuple[int, int]] = []
    trailing: list[int] = []  # they count once another row follows
    before = -above
    for line, cells in all_rows(file, separator):
        if any(cells):
            empty += [(before, number) for number in trailing if before >= 0]
            before, trailing = before + 1, []
        elif width == 1 or len(cells) > 1:
            trailing.append(line)
    return empty


def all_rows(file: TextFile, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Every row, blank ones too, as (line the row starts on, its cells). Raises DataError."""
    with file.text() as text:
        lines = TableLines(file, text)
        reader = csv_reader(lines, separator, strict=True)
        try:
            for row in reader:
                yield lines.first, [cell.strip() for cell in row]
                lines.first = 0
        except csv.Error as error:
            raise DataError(f"{file.origin}:{lines.first}: cannot be split into cells: {error}") from error


def refuse_ragged(file: TextFile, separator: str, width: int, padding: int = 0, above: int = 0) -> None:
    """Raise DataError at the first row that has not `width` cells and `padding` empty ones.

    The first `above` rows belong to the header.
    """
    for number, (line, row) in enumerate(numbered_rows(file, separator)):
        if number < above or (len(row) == width + padding and not any(row[width:])):
            continue
        name = WHITESPACE if file.whitespace else repr(separator)
        raise DataError(
            f"{file.origin}:{line}: {counted(len(row), 'cell')}, but the first row has {width} "
            f"(separator {name}){ragged_hint(row, number, name)}"
        )


def ragged_hint(row: Sequence[str], number: int, separator: str) -> str:
    """Which key may help where the row with this number (from 0) does not fit the first."""
    mark = next((mark for mark in COMMENTS if row[0].startswith(mark)), None)
    if mark is not None:
        return f'; data.comment: "{mark}" leaves such lines out'
    if separator == repr(" "):
        return f"; data.separator: {WHITESPACE} takes blanks side by side as one"
    return "; data.skip_rows leaves out lines above the table" if number == 1 else ""
