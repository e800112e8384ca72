"""Which rows are in each batch of each epoch.

The rows of an epoch are a function of (order seed, epoch) alone: NumPy's Philox generator, keyed by both.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

ORDER, SAMPLE = 2, 4  # purpose numbers of the draws below
BLOCKS = 256  # of rows that lie side by side, in a window
TABLE_STEPS = 1024  # steps whose orders and coefficients are computed together
TABLE_ROWS = 1 << 17  # of the orders that are drawn together, unless those of one epoch are more
Index = npt.NDArray[np.intp]
Seeds = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BatchPlan:
    """How N training rows are cut into batches; a last batch of fewer than `min_rows` rows is left out."""

    rows: int
    batch_size: int
    drop_last: bool = False
    min_rows: int = 1

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        full, rest = divmod(self.rows, self.batch_size)
        return full if self.drop_last or rest < self.min_rows else full + 1

    @property
    def last_full(self) -> int:
        """The position of the last batch that is full."""
        return self.rows // self.batch_size - 1

    @property
    def notes(self) -> list[str]:
        """A note when the last batch is left out because it is too small."""
        rest = self.rows % self.batch_size
        return ["the last batch of an epoch is one row and left out: batch_norm needs two"] * (
            0 < rest < self.min_rows and not self.drop_last
        )

    @property
    def sizes(self) -> tuple[int, ...]:
        """The batch sizes that occur."""
        return tuple(dict.fromkeys(stop - start for start, stop in self.bounds()))

    def bounds(self, first: int = 0, stop: int | None = None) -> Iterator[tuple[int, int]]:
        """First and last + 1 position of each batch in the order of the rows, of those in [first, stop)."""
        for step in range(first, self.steps if stop is None else stop):
            start = step * self.batch_size
            yield start, min(start + self.batch_size, self.rows)


def order_table_rows(orders: int, batches: BatchPlan) -> int:
    """How many rows a table of orders has room for: those of TABLE_STEPS steps, and of one epoch at least."""
    several = min(TABLE_STEPS * batches.rows // batches.steps, TABLE_ROWS)
    return max(several, orders * batches.rows)


def permuted_rows(seed: int, epoch: int, rows: int, sub_member: int = 0) -> Index:
    """All rows (N,) in the order of this epoch (from 0)."""
    return _generator(seed, ORDER, epoch, sub_member).permutation(rows)


def rows_by_window(seed: int, epoch: int, rows: int, window: int, sub_member: int = 0) -> Index:
    """All rows (N,) in an order for which no more than so many, a window of rows, have to be in memory.

    Blocks of ⌈window/256⌉ rows that lie side by side come in a random order, and the rows within each window
    of that order in a random order too.
    """
    if window >= rows:
        return permuted_rows(seed, epoch, rows, sub_member)
    generator, size = _generator(seed, ORDER, epoch, sub_member), -(-window // BLOCKS)
    blocks = generator.permutation(-(-rows // size))
    order = (blocks[:, None] * size + np.arange(size)).reshape(-1)
    order = order[order < rows]  # the last block may be shorter
    for start in range(0, rows, window):
        generator.shuffle(order[start : start + window])
    return order


def sampled_rows(seed: int, epoch: int, rows: int, sub_member: int = 0) -> Index:
    """As many rows (N,), each drawn from all of them."""
    return _generator(seed, SAMPLE, epoch, sub_member).integers(rows, size=rows)


def _permuted(seed: int, epoch: int, rows: int, sub_member: int, window: int | None) -> Index:
    return rows_by_window(seed, epoch, rows, rows if window is None else window, sub_member)


class CountedGenerator(threading.local):
    """A generator of random numbers that is set to a key and a counter before every draw, in each thread.

    Philox has no other state. To set it takes a tenth of the time in which one is made.
    """

    def __init__(self) -> None:
        self._bits = np.random.Philox(key=0)
        self._generator = np.random.Generator(self._bits)
        self._start = self._bits.state

    def at(self, seed: int, purpose: int, epoch: int, sub_member: int = 0) -> np.random.Generator:
        """The generator, about to draw the first number of these."""
        state = self._start["state"]
        state["key"][:], state["counter"][:] = (seed, purpose), (0, 0, sub_member, epoch)
        self._bits.state = self._start
        return self._generator


_counted = CountedGenerator()


def _generator(seed: int, purpose: int, epoch: int, sub_member: int) -> np.random.Generator:
    return _counted.at(seed, purpose, epoch, sub_member)


def same_order(seeds: Seeds, *, shuffle: bool) -> bool:
    """Whether all members have the rows in the same order."""
    return not shuffle or bool((seeds == seeds[0]).all())


def epoch_orders(
    seeds: Seeds,
    epoch: int,
    rows: int,
    *,
    shuffle: bool,
    sampling: str = "permutation",
    per_member: int = 1,
    window: int | None = None,
) -> Index:
    """The rows (G, N) of an epoch in the order in which steps take them.

    There is one order for all members when it is the same, otherwise one for each; or so many `per_member`,
    one after the other. `sampling` is permutation or replacement; a permutation may be one by `window`.
    """
    if not shuffle:
        return np.arange(rows)[None]
    draw = sampled_rows if sampling == "replacement" else partial(_permuted, window=window)
    distinct = seeds[:1] if len(seeds) > 1 and same_order(seeds, shuffle=shuffle) else seeds
    if len(distinct) * per_member == 1:  # which may be too large to be copied
        return draw(int(distinct[0]), epoch, rows, 0)[None]
    return np.stack([draw(int(seed), epoch, rows, k) for seed in distinct for k in range(per_member)])
