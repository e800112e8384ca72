"""How a cell is spelled as text: a number has one spelling, however its file writes it."""

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from nettrain.data.tables.arrays import Mask
from nettrain.data.tables.table import Table, as_numbers, is_text

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")
SAMPLE = 1000  # cells that rule out most columns of text at once
TRUTH_VALUES = {"true", "false"}


def number_text(value: float) -> str:
    """A number as a person writes it: whole ones without a point, others with the fewest digits."""
    value = float(value)
    return str(int(value)) if value.is_integer() else repr(value)


def value_text(value: T) -> T | str:
    """A value as a table spells it: `1` for 1.0, `true` for True; anything else is returned as it is."""
    if isinstance(value, bool):
        return str(value).lower()
    return number_text(value) if isinstance(value, int | float) else value


def as_text(table: Table, name: str, *, numeric: bool = False) -> "pl.Series":
    """A column's cells as text, null in gaps; numbers as `number_text` spells them.

    With `numeric`, text that reads as a number is respelled too, so that 1 and 1.0 are one value.
    """
    import polars as pl

    series = table.column(name)
    if is_text(series) and not numeric:
        return lowercase_booleans(series)
    values, _ = as_numbers(series)
    distinct, inverse = np.unique(values, return_inverse=True)
    texts = pl.Series(
        name, [None if np.isnan(value) else number_text(value) for value in distinct], pl.String
    )
    spelled = texts[inverse.astype(np.uint32)]
    return spelled.zip_with(spelled.is_not_null(), series.cast(pl.String)) if is_text(series) else spelled


def lowercase_booleans(series: "pl.Series") -> "pl.Series":
    """Text, with True and TRUE as `true` in a column of nothing but booleans, as Parquet files have them."""
    sample = {str(value).lower() for value in series.drop_nulls().head(SAMPLE).unique()}
    if not sample or not sample <= TRUTH_VALUES:
        return series
    folded = series.str.to_lowercase()
    return folded if set(folded.drop_nulls().unique()) <= TRUTH_VALUES else series


def is_missing(table: Table, name: str) -> Mask:
    """Which rows (N,) have no value in a column; NaN in a column of floats is none."""
    series = table.column(name)
    gaps = series.is_null().to_numpy()
    if series.dtype.is_float():
        gaps |= np.isnan(series.fill_null(np.nan).to_numpy())
    return np.asarray(gaps, dtype=bool)
