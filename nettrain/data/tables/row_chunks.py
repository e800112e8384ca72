"""Columns of numbers side by side, in chunks of rows, so that no large file needs to be held twice."""

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nettrain.data.tables.arrays import Floats, Indices, Numbers


@dataclass(frozen=True, eq=False)
class RowChunks:
    """C named columns of N numbers: the chunks (M, C) follow one another in the order of the rows.

    Chunks have any one dtype of numbers, and NaN where a value is missing.
    """

    names: tuple[str, ...]
    chunks: list[Numbers]

    @cached_property
    def positions(self) -> dict[str, int]:
        """Column positions by name."""
        return {name: position for position, name in enumerate(self.names)}

    @cached_property
    def starts(self) -> list[int]:
        """The first row of each chunk, and N."""
        return [int(end) for end in np.cumsum([0, *map(len, self.chunks)])]

    def blocks(self) -> Iterator[Numbers]:
        """The chunks (M, C) in order."""
        return iter(self.chunks)

    def column(self, name: str) -> Numbers:
        """A column's numbers (N,)."""
        position = self.positions[name]
        return np.concatenate([chunk[:, position] for chunk in self.chunks])

    def block(self, names: Sequence[str]) -> Floats:
        """These columns (N, C) in float64."""
        positions = [self.positions[name] for name in names]
        return np.concatenate([chunk[:, positions] for chunk in self.chunks]).astype(np.float64)

    def take(self, rows: Indices) -> "RowChunks":
        """The rows (M,) as one chunk."""
        starts = self.starts
        taken = np.empty((len(rows), len(self.names)), self.chunks[0].dtype)
        order = np.argsort(rows, kind="stable")  # linear where rows ascend, as those of splits do
        ends = np.searchsorted(rows[order], starts)
        for chunk, start, first, last in zip(self.chunks, starts, ends, ends[1:], strict=False):
            if first < last:
                here = order[first:last]
                taken[here] = chunk[rows[here] - start]
        return RowChunks(self.names, [taken])

    def select(self, names: Sequence[str]) -> "RowChunks":
        """These columns alone, one as views and several as copies."""
        positions = [self.positions[name] for name in names]
        columns = slice(positions[0], positions[0] + 1) if len(positions) == 1 else positions
        return RowChunks(tuple(names), [chunk[:, columns] for chunk in self.chunks])

    def renamed(self, names: Sequence[str]) -> "RowChunks":
        """The same numbers under other names."""
        return RowChunks(tuple(names), self.chunks)

    def kept_whole(self) -> "RowChunks":
        """The same numbers, whose release leaves these as they are."""
        return RowChunks(self.names, [*self.chunks])

    def release(self, end: int) -> None:
        """Free the memory of the chunks that end at or before row `end`: they lose their columns."""
        for i, chunk_end in enumerate(self.starts[1:]):
            if chunk_end <= end:
                self.chunks[i] = np.empty((len(self.chunks[i]), 0))


def allocate_chunk(height: int, width: int) -> Floats:
    """Zeros (height, width), columns contiguous, whose memory returns to the system when it is freed.

    An allocator keeps freed blocks for later, and a large file would count twice while it is encoded.
    """
    size = height * width
    if not size:
        return np.empty((height, width))
    return np.frombuffer(mmap.mmap(-1, 8 * size), dtype=np.float64, count=size).reshape(width, height).T
