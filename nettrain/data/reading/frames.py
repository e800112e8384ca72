"""Polars data frames as cells of a table: numbers, text and booleans; dates become text as in a CSV file."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nettrain.errors import DataError

if TYPE_CHECKING:
    import polars as pl

EXPECTED = "expected numbers, text, booleans or dates"


def refuse_nested(schema: "Mapping[str, pl.DataType]", origin: str) -> None:
    """Raise DataError when a column does not hold one plain value in each row."""
    import polars as pl

    for name, dtype in schema.items():
        if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
            raise DataError(f'{origin}: column "{name}" holds {dtype}, {EXPECTED}')


def plain_frame(frame: "pl.DataFrame") -> "pl.DataFrame":
    """The frame with every column as `plain_column` gives it."""
    return frame.select(plain_column(column) for column in frame.get_columns())


def plain_column(column: "pl.Series") -> "pl.Series":
    """A column as text, booleans or plain numbers, null in gaps: durations as seconds, moments in UTC."""
    import polars as pl

    dtype = column.dtype
    if dtype == pl.Duration:
        return column.dt.total_microseconds() / 1e6
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if dtype.is_numeric() or dtype == pl.Boolean:
        return column
    return column.cast(pl.String).str.strip_chars()
