"""Which rows make up each batch of each epoch.

The rows of an epoch are a function of (order seed, epoch) alone: numpy's Philox, keyed by both.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

ORDER, SAMPLE = 2, 4  # purpose numbers of the draws below
Index = npt.NDArray[np.intp]


@dataclass(frozen=True)
class BatchPlan:
    """How N training rows are cut into batches; a last one of less than `fewest` rows is left out."""

    rows: int
    batch_size: int
    drop_last: bool = False
    fewest: int = 1

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        full, rest = divmod(self.rows, self.batch_size)
        return full if self.drop_last or rest < self.fewest else full + 1

    @property
    def remarks(self) -> list[str]:
        """What is left out of every epoch because it is too small."""
        rest = self.rows % self.batch_size
        return ["the last batch of an epoch is one row and left out: batch_norm needs two"] * (
            0 < rest < self.fewest and not self.drop_last
        )

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
    return _generator(seed, ORDER, epoch).permutation(rows)


def sample(seed: int, epoch: int, rows: int) -> Index:
    """As many rows (N,), each drawn from all of them."""
    return _generator(seed, SAMPLE, epoch).integers(rows, size=rows)


def _generator(seed: int, purpose: int, epoch: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=[seed, purpose], counter=[0, 0, 0, epoch]))


def shared(seeds: npt.NDArray[np.int64], *, shuffle: bool) -> bool:
    """Whether all members take the rows in the same order."""
    return not shuffle or bool((seeds == seeds[0]).all())


def orders(
    seeds: npt.NDArray[np.int64], epoch: int, rows: int, *, shuffle: bool, sampling: str = "permutation"
) -> Index:
    """The rows (G, N) that all members take, in this order: one line when they share it, else one each."""
    if not shuffle:
        return np.arange(rows)[None]
    draw = sample if sampling == "replacement" else order
    distinct = seeds[:1] if shared(seeds, shuffle=shuffle) else seeds
    return np.stack([draw(int(seed), epoch, rows) for seed in distinct])
