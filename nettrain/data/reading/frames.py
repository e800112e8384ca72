"""Polars data frames as cells of a table: numbers, text and booleans; dates become text as in a CSV file."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from nettrain.data.reading.polars_errors import polars_errors
from nettrain.data.reading.room import refuse_without_room
from nettrain.data.reading.source import Source
from nettrain.data.tables.table import Table, check_names, counted
from nettrain.errors import DataError, quoted, shortened

if TYPE_CHECKING:
    import polars as pl

DECODED = 2  # times that columns are in memory while they are read: in parts, and whole
OTHER_BYTES = 8  # of a date, and of text at least
EXPECTED = "expected numbers, text, booleans or dates"


def frame_source(
    frame: "pl.DataFrame", origin: str, line_numbers: Callable[[], Sequence[int]] | None = None
) -> Source:
    """The rows of a frame that was read from a file, and the lines that they start on where there are lines.

    Raises DataError when there are none, for names that cannot be used, and for columns of other values than
    `plain_frame` takes.
    """
    check_names(frame.columns, origin)
    refuse_nested(frame.schema, origin)
    if not frame.height or not frame.width:
        raise DataError(f"{origin}: has no rows")
    return Source(Table(plain_frame(frame, origin), origin, line_numbers=line_numbers), header=True)


def refuse_nested(schema: "Mapping[str, pl.DataType]", origin: str) -> None:
    """Raise DataError when a column does not hold one plain value in each row."""
    import polars as pl

    for name, dtype in schema.items():
        if dtype.is_nested() or dtype in (pl.Binary, pl.Object) or isinstance(dtype, pl.BaseExtension):
            raise DataError(f"{origin}: column {quoted(name)} holds {shortened(str(dtype))}, {EXPECTED}")


def refuse_frame_without_room(schema: "Mapping[str, pl.DataType]", height: int, origin: str) -> None:
    """Raise DataError when so many rows of these columns do not fit into memory while they are read."""
    size = DECODED * height * sum(cell_bytes(dtype) for dtype in schema.values())
    refuse_without_room(size, f"{origin}: reading {height:,} rows of {counted(len(schema), 'column')}")


def cell_bytes(dtype: "pl.DataType") -> int:
    """Bytes of a cell at least: of text, as which booleans and gaps are read too, its place."""
    digits = "".join(filter(str.isdecimal, str(dtype))) if dtype.is_integer() or dtype.is_float() else ""
    return int(digits) // 8 if digits else OTHER_BYTES


def plain_frame(frame: "pl.DataFrame", origin: str = "data") -> "pl.DataFrame":
    """The frame with every column as `plain_column` gives it. Raises DataError for impossible dates."""
    import polars as pl

    return pl.DataFrame([plain_column(column, origin) for column in frame.get_columns()])


def plain_column(column: "pl.Series", origin: str) -> "pl.Series":
    """A column as text, booleans or plain numbers, null in gaps: durations as seconds, moments in UTC."""
    import polars as pl

    if column.dtype.is_temporal():
        with polars_errors(f'{origin}: column "{column.name}" holds a date that no calendar has'):
            return plain_time(column)
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        return column
    return column.cast(pl.String).str.strip_chars()


def plain_time(column: "pl.Series") -> "pl.Series":
    """A column of dates, moments or times of day as text, or of durations as seconds."""
    import polars as pl

    dtype = column.dtype
    if dtype == pl.Duration:
        return column.dt.total_microseconds() / 1e6
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return column.cast(pl.String)
