"""Columns of Python objects: booleans, numbers, durations, text and dates, with gaps."""

from collections.abc import Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np

from nettrain.data.reading.frames import EXPECTED
from nettrain.data.tables.spelling import value_text
from nettrain.errors import DataError

if TYPE_CHECKING:
    import polars as pl

BOOLEANS = (bool, np.bool_)
DURATIONS = (timedelta, np.timedelta64)
CELLS = (str, *BOOLEANS, Real, Decimal, date, time, np.datetime64)  # a datetime is a date


def object_column(objects: Sequence[object], name: str, origin: str) -> "pl.Series":
    """A column of booleans, of numbers or durations (in seconds), or otherwise of text; null in gaps.

    None, NaN, NaT and pandas.NA are gaps. Raises DataError with the row of an object of another kind.
    """
    import polars as pl

    cells = [None if is_gap(cell) else cell for cell in objects]
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds and all(issubclass(kind, BOOLEANS) for kind in kinds):
        return pl.Series(name, [None if cell is None else bool(cell) for cell in cells], pl.Boolean)
    if kinds and all(issubclass(kind, Integral) for kind in kinds):
        return integer_column([None if cell is None else int(str(cell)) for cell in cells], name)
    if kinds and all(is_numeric_type(kind) for kind in kinds):
        return pl.Series(name, [None if cell is None else as_float(cell) for cell in cells], pl.Float64)
    for row, cell in enumerate(cells):
        if cell is not None and not isinstance(cell, CELLS):
            kind = type(cell).__name__
            raise DataError(
                f'{origin} row {row + 1}: column "{name}" holds a value of type {kind}, {EXPECTED}'
            )
    return pl.Series(name, [None if cell is None else object_text(cell) for cell in cells], pl.String)


def integer_column(cells: Sequence[int | None], name: str) -> "pl.Series":
    """A column of whole numbers with all their digits: as text where 64 bits do not hold them."""
    import polars as pl

    if all(cell is None or -(2**63) <= cell < 2**63 for cell in cells):
        return pl.Series(name, cells, pl.Int64)
    return pl.Series(name, [None if cell is None else str(cell) for cell in cells], pl.String)


def is_gap(cell: object) -> bool:
    """Whether a cell is None, NaN, NaT or pandas.NA."""
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    numeric = isinstance(cell, float | np.floating | Decimal | np.datetime64 | np.timedelta64)
    return numeric and cell != cell  # noqa: PLR0124 only NaN and NaT differ from themselves


def is_numeric_type(kind: type) -> bool:
    """Whether objects of a class are real numbers or durations, and not booleans."""
    return issubclass(kind, (Real, Decimal, *DURATIONS)) and not issubclass(kind, bool)


def as_float(cell: object) -> float:
    """A number, or a duration in seconds."""
    if isinstance(cell, timedelta):
        return cell.total_seconds()
    if isinstance(cell, np.timedelta64):
        return float(cell / np.timedelta64(1, "s"))
    assert isinstance(cell, Real | Decimal)
    return float(cell)


def object_text(cell: object) -> str:
    """A cell as a CSV file would spell it."""
    plain = cell.item() if isinstance(cell, np.bool_ | np.integer | np.floating) else cell
    return str(value_text(plain))
