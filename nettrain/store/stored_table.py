"""How tables that nettrain wrote (CSV) are read back: cells by their columns, errors with the line."""

import csv
import json
import math
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nettrain.data.reading.polars_errors import polars_errors
from nettrain.errors import DataError, StoredFileError, shortened
from nettrain.store.stored_file import ADVICE, refuse_file_without_room
from nettrain.store.written_table import first_line, read_lines

if TYPE_CHECKING:
    import polars as pl

LARGEST = 2**53  # of whole numbers
Cell = int | float | str | None


def read_table(
    path: Path,
    *,
    needs: Sequence[str],
    may_be_empty: Sequence[str] = (),
    whole: Collection[str] = (),
    text: Collection[str] = (),
) -> list[dict[str, Cell]]:
    """A dictionary of each row of a table; an empty cell is None.

    It `needs` columns in which no cell is empty, and those that `may_be_empty`. Columns in `whole` are whole
    numbers, those in `text` text, all others numbers. Raises StoredFileError with the line and the column.
    """
    try:
        lines = read_lines(path)
        header, *rows = list(csv.reader(lines)) or [[]]
    except csv.Error as error:
        raise changed(path, str(error)) from error
    check_header(path, header, (*needs, *may_be_empty))
    readers = {name: _whole if name in whole else str if name in text else float for name in header}
    found = []
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise changed(path, f"line {line} has {len(row)} cells, there are {len(header)} columns")
        found.append(
            {name: _cell(path, line, name, cell, readers[name], needs) for name, cell in zip(header, row)}  # noqa: B905
        )
    return found


def _cell(path: Path, line: int, name: str, cell: str, read: object, needs: Sequence[str]) -> Cell:
    if not cell and name not in needs:
        return None
    try:
        value: Cell = read(cell)  # type: ignore[operator]
    except ValueError:
        value = None
    is_wrong = value is None or (name in needs and isinstance(value, float) and not math.isfinite(value))
    if is_wrong:
        kind = "a whole number" if read is _whole else "a number"
        raise changed(
            path, f"line {line}, column {json.dumps(name)}: {json.dumps(shortened(cell))} is not {kind}"
        )
    return value


def _whole(cell: str) -> int:
    value = int(cell)
    if abs(value) > LARGEST:
        raise ValueError(cell)
    return value


def check_header(path: Path, header: Sequence[str], needs: Sequence[str]) -> None:
    """Raise StoredFileError where a column is missing, or there twice."""
    missing = next((name for name in needs if name not in header), None)
    if missing is not None:
        raise changed(path, f'there is no column "{missing}"')
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise changed(path, f"there are two columns {json.dumps(twice)}")


def changed(path: Path, reason: str) -> StoredFileError:
    """The error for a table that is not as nettrain wrote it."""
    return StoredFileError(f"{path}: was changed since it was written: {reason}; {ADVICE}")


@contextmanager
def frame_errors(path: Path) -> Iterator[None]:
    """Turn what Polars raises while it reads a table into a StoredFileError.

    A file for which there is no memory is refused, since Polars would end the process.
    """
    refuse_file_without_room(path)
    try:
        with polars_errors(f"{path}: was changed since it was written"):
            yield
    except DataError as error:
        raise StoredFileError(f"{error}; {ADVICE}") from error
    except OSError as error:
        raise StoredFileError(f"{path}: cannot be read: {error.strerror}") from error


def header_of(path: Path) -> list[str]:
    """The names in the first line of a table. Raises StoredFileError when it is no line of CSV."""
    try:
        return next(csv.reader([first_line(path)]), [])
    except csv.Error as error:
        raise changed(path, str(error)) from error


def read_frame(path: Path, *, needs: Sequence[str], whole: Collection[str] = ()) -> "pl.DataFrame":
    """A table of numbers as a frame; what it `needs`, and what is `whole`, is as of `read_table`."""
    import polars as pl

    header = header_of(path)
    check_header(path, header, needs)
    schema = {name: pl.Int64() if name in whole else pl.Float64() for name in header}
    with frame_errors(path):
        frame = pl.read_csv(path, schema=schema, glob=False)
    for name in needs:
        numbers = frame[name]
        if numbers.null_count() or (numbers.dtype.is_float() and not numbers.is_finite().all()):
            raise changed(path, f'column "{name}" has cells that are no numbers')
    return frame
