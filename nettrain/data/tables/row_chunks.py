"""Columns of numbers side by side, in pieces of rows, so that no large file needs to be held twice."""

import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Piece = npt.NDArray[Any]  # (M, C): numbers of any one dtype, NaN where no value is given
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RowChunks:
    """C named columns of N numbers: the parts (M, C) follow one another in the order of the rows."""

    names: tuple[str, ...]
    parts: list[Piece]

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each column stands."""
        return {name: place for place, name in enumerate(self.names)}

    @property
    def starts(self) -> list[int]:
        """The first row of each part, and N."""
        return [int(end) for end in np.cumsum([0, *map(len, self.parts)])]

    def column(self, name: str) -> npt.NDArray[Any]:
        """A column's numbers (N,)."""
        place = self.places[name]
        return np.concatenate([part[:, place] for part in self.parts])

    def block(self, names: Sequence[str]) -> npt.NDArray[np.float64]:
        """These columns (N, C) in float64."""
        places = [self.places[name] for name in names]
        return np.concatenate([part[:, places] for part in self.parts]).astype(np.float64)

    def take(self, rows: Rows) -> "RowChunks":
        """The rows (M,) as one part."""
        starts = self.starts
        taken = np.empty((len(rows), len(self.names)), self.parts[0].dtype)
        order = np.argsort(rows, kind="stable")  # linear where rows ascend, as those of splits do
        ends = np.searchsorted(rows[order], starts)
        for part, low, first, last in zip(self.parts, starts, ends, ends[1:], strict=False):
            if first < last:
                here = order[first:last]
                taken[here] = part[rows[here] - low]
        return RowChunks(self.names, [taken])

    def select(self, name: str) -> "RowChunks":
        """One column alone, as views."""
        place = self.places[name]
        return RowChunks((name,), [part[:, place : place + 1] for part in self.parts])

    def renamed(self, names: Sequence[str]) -> "RowChunks":
        """The same numbers under other names."""
        return RowChunks(tuple(names), self.parts)

    def forget(self, below: int) -> None:
        """Give back the memory of the parts that end at or before row `below`: they lose their columns."""
        for i, end in enumerate(self.starts[1:]):
            if end <= below:
                self.parts[i] = np.empty((len(self.parts[i]), 0))


def room_for(height: int, width: int) -> npt.NDArray[np.float64]:
    """Zeros (height, width), columns contiguous, whose memory goes back to the system when it is freed.

    An allocator keeps freed blocks for later, and a large file would count twice while it is encoded.
    """
    size = height * width
    if not size:
        return np.empty((height, width))
    return np.frombuffer(mmap.mmap(-1, 8 * size), dtype=np.float64, count=size).reshape(width, height).T
