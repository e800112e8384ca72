"""Text files of rows and cells (CSV), read through Polars, every cell as text first."""

import csv
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nettrain.data.table import Table, as_numbers, counted
from nettrain.errors import DataError

if TYPE_CHECKING:
    import polars as pl

SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Reading:
    """How files are read: `missing` are the cells that mean no value.

    `known` are names of columns, where an earlier table has them: a first row that holds one is a header.
    `separators` are those that auto tries, the likeliest first.
    """

    header: Literal["auto"] | bool = "auto"
    separator: str = "auto"
    missing: tuple[str, ...] = ("", "?", "NA", "NaN")
    known: tuple[str, ...] = ()
    separators: tuple[str, ...] = SEPARATORS


def read_delimited(path: Path, reading: Reading, key: str = "") -> Table:
    """The table in a .csv or .csv.gz file; blank lines are skipped, blanks around cells dropped.

    Raises DataError with the place for a missing, empty, damaged or ragged file, unclosed quotes, and
    names that occur twice; `key` says which setting named the file.
    """
    place = shown(path)
    return parse(read_bytes(path, f"{key}: " if key else ""), place, reading)


def parse(data: bytes, place: str, reading: Reading) -> Table:
    """The table in the bytes of a file that errors call `place`."""
    text = decode(data, place)
    if not text.strip():
        raise DataError(f"{place}: is empty")
    separator = reading.separator if reading.separator != "auto" else find_separator(text, reading.separators)
    frame = mark_missing(read_cells(text, separator, place), reading.missing)
    header = decide_header(frame, reading)
    names = column_names(frame.row(0), place) if header else [f"column_{i}" for i in range(frame.width)]
    frame = frame.slice(int(header))
    if not frame.height:
        raise DataError(f"{place}: has no rows under its header")
    frame.columns = names

    @cache
    def lines() -> list[int]:
        return [line for line, _ in numbered_rows(text, separator, place)][int(header) :]

    return Table(frame, place, header, separator, lines)


def shown(path: Path) -> str:
    """The path as a person would type it: relative where that is below the current folder."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def read_bytes(path: Path, prefix: str = "") -> bytes:
    """A file's bytes, uncompressed when it begins like gzip."""
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except FileNotFoundError:
        raise DataError(f"{prefix}{shown(path)}: no such file{close_file(path)}") from None
    except IsADirectoryError:
        raise DataError(f"{prefix}{shown(path)}: is a folder, not a file") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{prefix}{shown(path)}: is damaged or cut short ({error})") from error
    except OSError as error:
        raise DataError(f"{prefix}{shown(path)}: cannot be read: {error.strerror}") from error


def close_file(path: Path) -> str:
    """A hint at the file of that folder whose name is nearest."""
    names = os.listdir(path.parent) if path.parent.is_dir() else []
    close = get_close_matches(path.name, names, n=1)
    return f', did you mean "{close[0]}"?' if close else ""


def decode(data: bytes, place: str) -> str:
    """Text of UTF-8 bytes, with or without a byte order mark."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DataError(f"{place}:{line}: is not UTF-8 text; save the file as UTF-8") from error


def find_separator(text: str, separators: Sequence[str] = SEPARATORS) -> str:
    """The separator that gives the first rows one and the same number of cells, the more the better."""
    head = list(islice((line for line in io.StringIO(text) if line.strip()), 20))

    def score(separator: str) -> tuple[bool, int]:
        counts = [len(row) for row in csv_reader(head, separator)]
        return counts[0] > 1 and min(counts) == max(counts), counts[0]

    return max(separators, key=score)


def csv_reader(lines: Iterable[str], separator: str, *, strict: bool = False) -> Any:
    """Python's reader, which sees a quote after blanks, with the line number it has come to."""
    return csv.reader(lines, delimiter=separator, skipinitialspace=separator != " ", strict=strict)


def read_cells(text: str, separator: str, place: str) -> "pl.DataFrame":
    """Every row's cells as text without the blanks around them, the header's included."""
    import polars as pl

    # Polars does not see the quote of ` "x, y"` after a blank; the slower reader does.
    if re.search(re.escape(separator) + r"[ \t]+\"", text):
        return frame_of_rows(text, separator, place)
    source = io.BytesIO(text.lstrip("\r\n").encode())
    try:
        raw = pl.read_csv(
            source, has_header=False, infer_schema=False, separator=separator, empty_string_is_null=False
        )
    except pl.exceptions.PolarsError:
        return frame_of_rows(text, separator, place)
    if (raw.to_series(-1) == "").any():  # an empty last cell may be one that is not there
        check_widths(text, separator, place)
    frame = raw.select(pl.all().str.strip_chars())
    return frame.filter(pl.any_horizontal(pl.all() != ""))


def frame_of_rows(text: str, separator: str, place: str) -> "pl.DataFrame":
    """What `read_cells` gives, cell by cell: for files that Polars refuses, to say where they are wrong."""
    import polars as pl

    check_widths(text, separator, place)
    rows = [row for _, row in numbered_rows(text, separator, place)]
    names = [f"column_{i}" for i in range(len(rows[0]))]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def numbered_rows(text: str, separator: str, place: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, as (line the row starts on, its cells)."""
    reader = csv_reader(io.StringIO(text, newline=""), separator, strict=True)
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{place}:{line}: cannot be split into cells: {error}") from error


def check_widths(text: str, separator: str, place: str) -> None:
    """Raise DataError at the first row with another number of cells than the first has."""
    expected = 0
    for line, row in numbered_rows(text, separator, place):
        expected = expected or len(row)
        if len(row) != expected:
            raise DataError(
                f"{place}:{line}: {counted(len(row), 'cell')}, but the first row has {expected} "
                f"(separator {separator!r})"
            )


def mark_missing(frame: "pl.DataFrame", missing: Sequence[str]) -> "pl.DataFrame":
    """The frame with null in place of the cells that mean no value."""
    import polars as pl

    cells = pl.all()
    return frame.select(pl.when(~cells.is_in(list(missing))).then(cells).name.keep())


def decide_header(frame: "pl.DataFrame", reading: Reading) -> bool:
    """Whether the first row names the columns: as told, by known names, or by how it looks."""
    if reading.header != "auto":
        return reading.header
    if reading.known:
        return any(cell in reading.known for cell in frame.row(0))
    return looks_like_header(frame)


def looks_like_header(frame: "pl.DataFrame") -> bool:
    """A column is of numbers but for its first cell; or all is text and no first cell comes again."""
    first = [_is_number(cell) for cell in frame.row(0)]
    below = frame.slice(1)
    numeric = [_all_numbers(column) for column in below.get_columns()]
    if any(numeric):
        return any(n and cell is False for n, cell in zip(numeric, first, strict=True))
    recurs = [cell in column for cell, column in zip(frame.row(0), below.get_columns(), strict=True)]
    return True not in first and not any(recurs)


def _is_number(cell: str | None) -> bool | None:
    import polars as pl

    return None if cell is None else not as_numbers(pl.Series([cell]))[1].any()


def _all_numbers(column: "pl.Series") -> bool:
    return column.null_count() < column.len() and not as_numbers(column)[1].any()


def column_names(cells: Sequence[Any], place: str) -> list[str]:
    """The names in a header; an empty one becomes its position. Raises DataError when one comes twice."""
    names = [f"column_{i}" if cell is None else str(cell) for i, cell in enumerate(cells)]
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise DataError(f'{place}: two columns are named "{twice}"')
    return names
