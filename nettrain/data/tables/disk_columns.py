"""Columns of numbers in a temporary file, each in one piece, of which few are in memory at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nettrain.backend.scratch_file import block_rows, drop_pages
from nettrain.data.tables.arrays import Floats, Indices, Numbers
from nettrain.data.tables.row_chunks import RowChunks


@dataclass(frozen=True, eq=False)
class DiskColumns:
    """C named columns of N numbers as `RowChunks` has them, each an array (N,) of any dtype.

    With `rows` (M,) they are these rows of the arrays alone. Whatever is returned is a copy in memory.
    """

    names: tuple[str, ...]
    arrays: list[Numbers]
    height: int
    rows: Indices | None = None

    @cached_property
    def positions(self) -> dict[str, int]:
        """Column positions by name."""
        return {name: position for position, name in enumerate(self.names)}

    @property
    def starts(self) -> list[int]:
        """The first row of each chunk, of which there is one, and N."""
        return [0, self.height]

    @property
    def row_bytes(self) -> int:
        """What a row takes in memory."""
        return sum(array.itemsize for array in self.arrays)

    def column(self, name: str) -> Numbers:
        """A column's numbers (N,)."""
        array = self.arrays[self.positions[name]]
        numbers: Numbers = np.array(array) if self.rows is None else array[self.rows]
        drop_pages(array)
        return numbers

    def block(self, names: Sequence[str]) -> Floats:
        """These columns (N, C) in float64."""
        return np.column_stack([self.column(name).astype(np.float64) for name in names])

    def blocks(self) -> Iterator[Numbers]:
        """The rows in chunks (M, C) that are in memory one after the other."""
        step = block_rows(self.row_bytes)
        for start in range(0, self.height, step):
            yield self._chunk(slice(start, min(start + step, self.height)))

    def take(self, rows: Indices) -> "RowChunks | DiskColumns":
        """The rows (M,), in memory where they are no more than a block."""
        if len(rows) > block_rows(self.row_bytes):
            return replace(self, rows=rows if self.rows is None else self.rows[rows], height=len(rows))
        return RowChunks(self.names, [self._chunk(_as_slice(rows))])

    def _chunk(self, rows: Indices | slice) -> Numbers:
        there = rows if self.rows is None else self.rows[rows]
        height = there.stop - there.start if isinstance(there, slice) else len(there)
        dtype = np.result_type(*(array.dtype for array in self.arrays))
        chunk: Numbers = np.empty((height, len(self.arrays)), dtype, order="F")
        for column, array in zip(chunk.T, self.arrays, strict=True):
            column[...] = array[there]
        drop_pages(*self.arrays)
        return chunk

    def select(self, names: Sequence[str]) -> "DiskColumns":
        """These columns alone."""
        return replace(self, names=tuple(names), arrays=[self.arrays[self.positions[name]] for name in names])

    def renamed(self, names: Sequence[str]) -> "DiskColumns":
        """The same numbers under other names."""
        return replace(self, names=tuple(names))

    def kept_whole(self) -> "DiskColumns":
        """The same numbers, whose release leaves these as they are."""
        return replace(self, arrays=[*self.arrays])

    def release(self, end: int) -> None:
        """Let go of the file, and of the disk that it takes, once all rows lie before row `end`."""
        if end >= self.height:
            self.arrays.clear()


def _as_slice(rows: Indices) -> Indices | slice:
    """Rows that follow one another as a slice."""
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows) and (np.diff(rows) == 1).all():
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows
