"""NPY files: one array of numbers, a row of columns each, like a CSV file without a header."""

from pathlib import Path

import numpy as np

from nettrain.data.reading.archives import brief
from nettrain.data.reading.arrays import (
    ARRAY_ERRORS,
    as_inputs,
    described,
    read_header,
    refuse_promises,
)
from nettrain.data.reading.file_format import begins_with, file_format
from nettrain.data.reading.opening import display_path, reading_errors
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.reading.storage import columns_of_rows, stays_on_disk, storage_note
from nettrain.data.tables.arrays import Numbers
from nettrain.data.tables.disk_columns import DiskColumns
from nettrain.data.tables.row_chunks import RowChunks
from nettrain.data.tables.table import Table
from nettrain.errors import DataError


@file_format(".npy", recognise=begins_with(b"\x93NUMPY"))
def read_npy(path: Path, options: ReadOptions, key: str = "") -> Source:
    """The rows of an array (N, C): columns column_0, column_1, ..., of which one is the target.

    Raises DataError for a file that is damaged or holds objects, and for an array of another shape.
    """
    origin = display_path(path)
    large = rows_on_disk(path, options, origin)
    if large is not None:
        return Source(large)
    with reading_errors(path, key), path.open("rb") as stream:
        refuse_promises(stream, path.stat().st_size - stream.tell(), "the array", origin)
        stream.seek(0)
        try:
            array = np.load(stream, allow_pickle=False)
        except ARRAY_ERRORS as error:
            raise DataError(f"{origin}: is damaged or cut short ({brief(error)})") from error
    if array.ndim != 2 or array.shape[1] < 2:
        raise DataError(f"{origin}: holds {described(array)}, expected rows of two or more columns")
    return Source(table_of(as_inputs(array, "the array", origin), origin))


def rows_on_disk(path: Path, options: ReadOptions, origin: str) -> Table | None:
    """The table of a file whose numbers stay on disk, None of others and of those that cannot be read."""
    import polars as pl

    try:
        with path.open("rb") as stream:
            if read_header(stream).size > path.stat().st_size:
                return None
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
    except ARRAY_ERRORS:
        return None
    if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.shape[1] < 2 or not rows.size:
        return None
    if rows.dtype.kind not in "buif" or not stays_on_disk(options.storage, rows.size, rows.nbytes):
        return None
    numbers = DiskColumns(column_names(rows.shape[1]), columns_of_rows(rows, origin), len(rows))
    notes = (storage_note(origin, rows.nbytes),)
    return Table(pl.DataFrame(), origin, header=False, numbers=numbers, names=numbers.names, notes=notes)


def table_of(rows: Numbers, origin: str) -> Table:
    """A table of numbers (N, C) alone."""
    import polars as pl

    names = column_names(rows.shape[1])
    return Table(pl.DataFrame(), origin, header=False, numbers=RowChunks(names, [rows]), names=names)


def column_names(width: int) -> tuple[str, ...]:
    """column_0, column_1, ..."""
    return tuple(f"column_{i}" for i in range(width))
