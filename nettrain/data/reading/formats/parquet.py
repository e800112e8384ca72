"""Parquet files, read through Polars: columns of numbers, text, booleans and dates."""

from pathlib import Path

from nettrain.data.reading.file_format import file_format
from nettrain.data.reading.frames import plain_frame, refuse_nested
from nettrain.data.reading.opening import display_path, reading_errors
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.tables.table import Table
from nettrain.errors import DataError


@file_format(".parquet")
def read_parquet(path: Path, options: ReadOptions, key: str = "") -> Source:
    """The table in a Parquet file.

    Dates become text as in a CSV file, durations seconds. Raises DataError for a file that is none, for
    nested and binary columns, and for one without rows.
    """
    import polars as pl

    origin = display_path(path)
    with reading_errors(path, key):
        path.open("rb").close()
        try:
            refuse_nested(pl.read_parquet_schema(path), origin)
            frame = pl.read_parquet(path, glob=False)
        except pl.exceptions.DuplicateError as error:
            raise DataError(f"{origin}: two columns have one name ({first_line(error)})") from error
        except pl.exceptions.PolarsError as error:
            raise DataError(
                f"{origin}: is not a Parquet file, or is damaged ({first_line(error)})"
            ) from error
    if not frame.height or not frame.width:
        raise DataError(f"{origin}: has no rows")
    return Source(Table(plain_frame(frame), origin), header=True)


def first_line(error: Exception) -> str:
    """The message of an error, without the hints on further lines."""
    return str(error).splitlines()[0]
