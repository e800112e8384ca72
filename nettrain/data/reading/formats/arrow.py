"""Arrow files (Feather, Arrow IPC) and streams, read through Polars: numbers, text, booleans and dates."""

import struct
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from nettrain.data.reading.arrow_file import (
    CONTINUED,
    MAGIC,
    Contents,
    check_file,
    check_stream,
    column_names,
    read_decoded,
)
from nettrain.data.reading.file_format import begins_with, file_format
from nettrain.data.reading.frames import frame_source, refuse_frame_without_room, refuse_nested
from nettrain.data.reading.opening import display_path, reading_errors
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.polars_errors import polars_errors
from nettrain.data.reading.room import refuse_without_room
from nettrain.data.reading.source import Source
from nettrain.data.tables.table import check_names
from nettrain.errors import DataError

if TYPE_CHECKING:
    import polars as pl

OLD = b"FEA1"  # begins files of Feather's first version


@file_format(".arrow", ".feather", ".ipc", recognise=begins_with(MAGIC, CONTINUED))
def read_arrow(path: Path, options: ReadOptions, key: str = "") -> Source:
    """The table in an Arrow file or stream.

    Dates become text as in a CSV file, durations seconds. Raises DataError for a file that is none, for
    nested and binary columns, two columns of one name, and for a file without rows.
    """
    origin = display_path(path)
    with reading_errors(path, key):
        stream = is_arrow_stream(path, origin)
        with polars_errors(f"{origin}: is damaged, or has a column of a type that is not read"):
            frame = read_stream(path, origin) if stream else read_frame(path, origin)
    return frame_source(frame, origin)


def is_arrow_stream(path: Path, origin: str) -> bool:
    """Whether a file is a stream rather than a file of Arrow. Raises DataError when it is neither."""
    with path.open("rb") as stream:
        start = stream.read(len(MAGIC))
        end = stream.seek(0, 2)
        stream.seek(max(end - len(MAGIC), 0))
        last = stream.read()
    if start.startswith(OLD):
        raise DataError(f"{origin}: is a Feather file of version 1, expected version 2; write it again")
    if not start.startswith((MAGIC, CONTINUED)):
        begins = start.hex(" ") or "nothing"
        raise DataError(f"{origin}: is not an Arrow file (begins with {begins}, expected {MAGIC.hex(' ')})")
    if start == MAGIC and last != MAGIC:
        raise DataError(f"{origin}: is cut short")
    return start != MAGIC


def read_stream(path: Path, origin: str) -> "pl.DataFrame":
    """The table in a stream. Raises DataError when it is damaged."""
    import polars as pl

    try:
        found = check_stream(path)
    except (struct.error, ValueError):
        raise DataError(f"{origin}: is damaged") from None
    refuse_unpacked_without_room(found, origin)
    schema = pl.read_ipc_stream(path, n_rows=0).schema
    refuse_nested(schema, origin)
    refuse_frame_without_room(schema, found.rows, origin)
    return pl.read_ipc_stream(path)


def refuse_unpacked_without_room(found: Contents, origin: str) -> None:
    """Raise DataError when the values do not fit into memory once they are unpacked."""
    refuse_without_room(found.unpacked, f"{origin}: unpacking {found.rows:,} rows")


def read_frame(path: Path, origin: str) -> "pl.DataFrame":
    """The table in a file. Raises DataError when it is damaged, or two columns have one name."""
    import polars as pl

    try:
        names = column_names(path)
        found = check_file(path)
    except (struct.error, ValueError):
        raise DataError(f"{origin}: is damaged") from None
    check_names(names, origin)
    refuse_unpacked_without_room(found, origin)
    schema = pl.read_ipc_schema(path)
    refuse_nested(schema, origin)
    refuse_frame_without_room(schema, found.rows, origin)
    try:
        return pl.scan_ipc(path, glob=False).collect()
    except pl.exceptions.ComputeError:
        with suppress(struct.error, ValueError, KeyError, pl.exceptions.PolarsError):
            return read_decoded(path)
        raise
