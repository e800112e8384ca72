"""Which rows make up each batch of each epoch.

The order of an epoch is a function of (order seed, epoch) alone: numpy's Philox, keyed by both.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

ORDER = 2  # purpose number of the draws below
Index = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Plan:
    """How N training rows are cut into batches."""

    rows: int
    batch_size: int
    drop_last: bool = False

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        full, rest = divmod(self.rows, self.batch_size)
        return full if self.drop_last or rest == 0 else full + 1

    @property
    def sizes(self) -> tuple[int, ...]:
        """The batch sizes that occur, the largest first."""
        return tuple(dict.fromkeys(stop - start for start, stop in self.bounds()))

    def bounds(self) -> Iterator[tuple[int, int]]:
        """First and last + 1 position of each batch."""
        for step in range(self.steps):
            start = step * self.batch_size
            yield start, min(start + self.batch_size, self.rows)


def order(seed: int, epoch: int, rows: int) -> Index:
    """The rows (N,) in the order of this epoch (from 0)."""
    generator = np.random.Generator(np.random.Philox(key=[seed, ORDER], counter=[0, 0, 0, epoch]))
    return generator.permutation(rows)


def orders(seeds: npt.NDArray[np.int64], epoch: int, rows: int, *, shuffle: bool) -> Index:
    """Orders (G, N) of all members: one row when they share it, otherwise one each."""
    if not shuffle:
        return np.arange(rows)[None]
    distinct = seeds[:1] if (seeds == seeds[0]).all() else seeds
    return np.stack([order(int(seed), epoch, rows) for seed in distinct])
