"""How a cell is spelled as text: one spelling for a number, however its file writes it."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nettrain.data.tables.table import Mask, Table, as_numbers, is_text

if TYPE_CHECKING:
    import polars as pl


SAMPLE = 1000  # cells that rule out most columns of text at once


def number_text(value: float) -> str:
    """A number as a person writes it: whole ones without a point, others with the fewest digits."""
    value = float(value)
    return str(int(value)) if value.is_integer() else repr(value)


def value_text(value: Any) -> Any:
    """A value as a table spells it: text as it is, `1` for 1.0, `true` for True."""
    if isinstance(value, bool):
        return str(value).lower()
    return number_text(value) if isinstance(value, int | float) else value


def as_text(table: Table, name: str, *, numeric: bool = False) -> "pl.Series":
    """A column's cells as text, null where there is none; numbers as `number_text` spells them.

    With `numeric`, text that reads as a number is respelled too, so that 1 and 1.0 are one value.
    """
    import polars as pl

    series = table.column(name)
    if is_text(series) and not numeric:
        return truths(series)
    values, _ = as_numbers(series)
    distinct, which = np.unique(values, return_inverse=True)
    texts = pl.Series(
        name, [None if np.isnan(value) else number_text(value) for value in distinct], pl.String
    )
    spelled = texts[which.astype(np.uint32)]
    return spelled.zip_with(spelled.is_not_null(), series.cast(pl.String)) if is_text(series) else spelled


def truths(series: "pl.Series") -> "pl.Series":
    """Text, with True and TRUE as `true` where nothing but booleans is in it, as Parquet files have them."""
    found = {str(value).lower() for value in series.drop_nulls().head(SAMPLE).unique()}
    if not found or not found <= {"true", "false"}:
        return series
    folded = series.str.to_lowercase()
    return folded if set(folded.drop_nulls().unique()) <= {"true", "false"} else series


def missing(table: Table, name: str) -> Mask:
    """Which rows (N,) have no value in a column; NaN in a column of floats is none."""
    series = table.column(name)
    gaps = series.is_null().to_numpy()
    if series.dtype.is_float():
        gaps |= np.isnan(series.fill_null(np.nan).to_numpy())
    return np.asarray(gaps, dtype=bool)
