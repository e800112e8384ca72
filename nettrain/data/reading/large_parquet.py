"""Parquet files that are larger than memory: columns of numbers go to a scratch file, a few at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nettrain.backend.scratch_file import BLOCK_BYTES, drop_pages, scratch_array
from nettrain.data.reading.frames import frame_source, refuse_frame_without_room
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.reading.storage import stays_on_disk, storage_note
from nettrain.data.tables.arrays import Numbers
from nettrain.data.tables.disk_columns import DiskColumns
from nettrain.data.tables.table import Table, check_names

if TYPE_CHECKING:
    import polars as pl

WIDEST = 8  # bytes of a number
ALIGNMENT = 64  # bytes, of a column
EXACT = 2**53  # whole numbers below it are float64


class ScratchColumns:
    """One scratch file of so many bytes, to which columns are added one behind the other."""

    def __init__(self, size: int) -> None:
        self._content: npt.NDArray[np.uint8] = scratch_array((size,), np.uint8)
        self._end = 0

    def add(self, array: Numbers) -> Numbers:
        """The array in the file."""
        start, self._end = self._end, self._end + array.nbytes + -array.nbytes % ALIGNMENT
        part: Numbers = self._content[start : start + array.nbytes].view(array.dtype)
        part[:] = array
        drop_pages(part)
        return part


@dataclass(frozen=True)
class LargeParquet:
    """A Parquet file of so many rows whose columns of numbers, `numeric`, stay on disk."""

    path: Path
    schema: "Mapping[str, pl.DataType]"
    numeric: tuple[str, ...]
    height: int

    def read(self, options: ReadOptions, origin: str) -> Source:
        """The table; whole numbers with gaps that are spelled as text, and all else, are in memory."""
        import polars as pl

        check_names(list(self.schema), origin)
        spelled = options.text_among(list(self.schema))
        file = ScratchColumns(sum(self.height * self._bytes(name) + ALIGNMENT for name in self.numeric))
        arrays: dict[str, Numbers] = {}
        cells: dict[str, pl.Series] = {}
        for column in self._columns(self.numeric):
            array = as_array(column, column.name in spelled)
            if array is None:
                cells[column.name] = column
            else:
                arrays[column.name] = file.add(array)
        others = {name: dtype for name, dtype in self.schema.items() if name not in self.numeric}
        refuse_frame_without_room(others, self.height, origin)
        frame = self._frame([*others])
        frame = frame.with_columns(list(cells.values()))
        if frame.width:
            frame = frame_source(frame, origin).table.cells
        size = sum(array.nbytes for array in arrays.values())
        numbers = DiskColumns(tuple(arrays), list(arrays.values()), self.height) if arrays else None
        notes = (storage_note(origin, size),) if arrays else ()
        return Source(
            Table(frame, origin, numbers=numbers, names=tuple(self.schema), notes=notes), header=True
        )

    def _bytes(self, name: str) -> int:
        """What a number of a column takes at most: 8 bytes where it may become a float64."""
        dtype = self.schema[name]
        return width(dtype) if dtype.is_float() else WIDEST

    def _columns(self, names: Sequence[str]) -> "Iterator[pl.Series]":
        """Columns in memory, as many at a time as take a block."""
        together = max(1, BLOCK_BYTES // (WIDEST * self.height))
        for start in range(0, len(names), together):
            yield from self._frame(names[start : start + together])

    def _frame(self, names: Sequence[str]) -> "pl.DataFrame":
        import polars as pl

        if not names:
            return pl.DataFrame()
        return pl.read_parquet(self.path, columns=list(names), glob=False)


def large_file(path: Path, schema: "Mapping[str, pl.DataType]", options: ReadOptions) -> LargeParquet | None:
    """The file where its numbers stay on disk, None where it is read as a whole."""
    import polars as pl

    numeric = tuple(name for name, dtype in schema.items() if dtype in (pl.Float32, pl.Float64, *integers()))
    if not numeric or options.storage == "memory":
        return None
    height = rows_of(path)
    count = height * len(numeric)
    return (
        LargeParquet(path, schema, numeric, height)
        if height
        and stays_on_disk(options.storage, count, sum(height * width(schema[name]) for name in numeric))
        else None
    )


def rows_of(path: Path) -> int:
    """How many rows a file says that it has."""
    import polars as pl

    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())


def integers() -> "tuple[type[pl.DataType], ...]":
    """The types of whole numbers that NumPy has too."""
    import polars as pl

    return (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)


def width(dtype: "pl.DataType") -> int:
    """Bytes of a number of this type."""
    digits = "".join(filter(str.isdecimal, str(dtype)))
    return int(digits) // 8


def as_array(column: "pl.Series", spelled: bool) -> Numbers | None:
    """A column as an array (N,), NaN in gaps; None where its cells would lose digits or their spelling."""
    import polars as pl

    if column.dtype.is_float() or not column.null_count():
        return column.to_numpy(writable=False)
    if spelled or not column.is_between(-EXACT, EXACT).all():
        return None
    return column.cast(pl.Float64).to_numpy()
