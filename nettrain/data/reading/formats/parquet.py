"""Parquet files, read through Polars: columns of numbers, text, booleans and dates."""

from pathlib import Path
from typing import TYPE_CHECKING

from nettrain.data.reading.file_format import begins_with, file_format
from nettrain.data.reading.frames import frame_source, refuse_frame_without_room, refuse_nested
from nettrain.data.reading.large_parquet import large_file, rows_of
from nettrain.data.reading.opening import display_path, reading_errors
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.parquet_file import check_lengths
from nettrain.data.reading.polars_errors import first_line, polars_errors
from nettrain.data.reading.room import refuse_without_room
from nettrain.data.reading.source import Source
from nettrain.errors import DataError

if TYPE_CHECKING:
    import polars as pl


@file_format(".parquet", recognise=begins_with(b"PAR1"))
def read_parquet(path: Path, options: ReadOptions, key: str = "") -> Source:
    """The table in a Parquet file.

    Dates become text as in a CSV file, durations seconds. Raises DataError for a file that is none, for
    nested and binary columns, and for one without rows.
    """
    import polars as pl

    origin = display_path(path)
    with reading_errors(path, key):
        path.open("rb").close()
        with polars_errors(f"{origin}: is not a Parquet file, or is damaged"):
            try:
                unpacked = unpacked_size(path, origin)
                schema = pl.read_parquet_schema(path)
                refuse_nested(schema, origin)
                large = large_file(path, schema, options)
                if large is not None:
                    return large.read(options, origin)
                frame = read_whole(path, origin, unpacked)
            except pl.exceptions.DuplicateError as error:
                raise DataError(f"{origin}: two columns have one name ({first_line(error)})") from error
    return frame_source(frame, origin)


def read_all(path: Path, origin: str) -> "pl.DataFrame":
    """All rows of a file. Raises DataError, or what Polars raises, when it is damaged or too large."""
    return read_whole(path, origin, unpacked_size(path, origin))


def read_whole(path: Path, origin: str, unpacked: int) -> "pl.DataFrame":
    """All rows of a file whose pages unpack to so many bytes. Raises DataError when there is no room."""
    import polars as pl

    refuse_without_room(unpacked, f"{origin}: unpacking it")
    refuse_frame_without_room(pl.read_parquet_schema(path), rows_of(path), origin)
    return pl.read_parquet(path, glob=False)


def unpacked_size(path: Path, origin: str) -> int:
    """The bytes that pages unpack to. Raises DataError for a wrong length, which could end the process."""
    try:
        return check_lengths(path)
    except (ValueError, IndexError) as error:
        raise DataError(f"{origin}: is not a Parquet file, or is damaged ({error})") from None
