"""Parquet files, read through Polars: columns of numbers, text, booleans and dates."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nettrain.data.opening import readable, shown
from nettrain.data.table import Table
from nettrain.errors import DataError

if TYPE_CHECKING:
    import polars as pl


def read_parquet(path: Path, missing: Sequence[str], key: str = "") -> Table:
    """The table in a Parquet file; text that is one of `missing` and NaN mean no value.

    Dates become text as in a CSV file, durations seconds. Raises DataError for a file that is none, for
    nested and binary columns, and for one without rows.
    """
    import polars as pl

    place = shown(path)
    with readable(path, f"{key}: " if key else ""):
        path.open("rb").close()
        try:
            refuse_nested(pl.read_parquet_schema(path), place)
            frame = pl.read_parquet(path, glob=False)
        except pl.exceptions.DuplicateError as error:
            raise DataError(f"{place}: two columns have one name ({first_line(error)})") from error
        except pl.exceptions.PolarsError as error:
            raise DataError(f"{place}: is not a Parquet file, or is damaged ({first_line(error)})") from error
    if not frame.height or not frame.width:
        raise DataError(f"{place}: has no rows")
    return Table(frame.select(plain(column, missing) for column in frame.get_columns()), place)


def first_line(error: Exception) -> str:
    """What an error says, without its advice."""
    return str(error).splitlines()[0]


def refuse_nested(schema: "dict[str, pl.DataType]", place: str) -> None:
    """Raise DataError when a column does not hold one plain value in each row."""
    import polars as pl

    for name, dtype in schema.items():
        if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
            raise DataError(
                f'{place}: column "{name}" holds {dtype}, expected numbers, text, booleans or dates'
            )


def plain(column: "pl.Series", missing: Sequence[str]) -> "pl.Series":
    """A column as text, booleans or plain numbers, null where no value is given."""
    import polars as pl

    dtype = column.dtype
    if dtype.is_float():
        return column.fill_nan(None)
    if dtype.is_decimal():
        return column.cast(pl.Float64)
    if dtype == pl.Duration:
        return column.dt.total_microseconds() / 1e6
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if dtype.is_integer() or dtype == pl.Boolean:
        return column
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text.is_in(list(missing)), None)
