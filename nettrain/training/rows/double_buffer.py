"""Training rows that do not fit on the device: they pass through it in the order in which steps take them.

There is room for two blocks of rows, each those of some steps in a row. While steps take one block, the next
one arrives where the one before has been. A step gathers from this memory as it would from the whole table:
it is the same call on the same arrays, and where the rows of a position lie is the same in every epoch.
"""

import numpy as np

from nettrain.backend.base import Backend, Prefetcher
from nettrain.inference.dataset import Dataset
from nettrain.training.rows.batches import BatchPlan, Index

BLOCK_BYTES = 64 << 20  # about what a block takes: long enough to copy that starting a copy costs nothing


class DoubleBuffer:
    """x (2·S·G·B, D), y and weight: in each half the rows of S steps for populations of up to G orders."""

    def __init__(
        self, backend: Backend, prefetcher: Prefetcher, table: Dataset, groups: int, batches: BatchPlan
    ) -> None:
        self._prefetcher, self._table, self._batches = prefetcher, table, batches
        self.steps, rows = steps_of_a_block(table, groups, batches), buffer_rows(table, groups, batches)
        self.x, self.y, self.weight = (
            backend.zeros((rows, *array.shape[1:]), array.dtype) for array in table.arrays
        )
        self.even = table.even
        self.weight[...] = 1

    def places(self, groups: int) -> Index:
        """Where the row at each position of an epoch's orders lies (G, N)."""
        found = np.zeros((groups, self._batches.rows), np.intp)
        for block in range(-(-self._batches.steps // self.steps)):
            columns = self._columns(block)
            count = columns.stop - columns.start
            first = self._first(block, groups)
            found[:, columns] = first + np.arange(groups * count).reshape(groups, count)
        return found

    def begin(self, orders: Index, position: int) -> None:
        """An epoch takes the rows in these orders (G, N), from the step at this position on."""
        self._orders, self._begun = orders, position
        self._load(position // self.steps)

    def reach(self, position: int) -> None:
        """Before the step at this position: it waits for its rows where it is done, and the next set off."""
        block, within = divmod(position, self.steps)
        if within and position != self._begun:
            return
        self._load(block + 1)
        self._prefetcher.ready(block % 2)

    def close(self) -> None:
        """Wait for rows that nobody will take, before their memory becomes somebody else's."""
        self._prefetcher.drain()

    def _load(self, block: int) -> None:
        rows = self._orders[:, self._columns(block)].reshape(-1)
        if not len(rows):
            return
        first = self._first(block, len(self._orders))
        there = (self.x, self.y, *([] if self.even else [self.weight]))
        columns = [
            (source, array[first : first + len(rows)])
            for source, array in zip(self._table.arrays, there, strict=False)
        ]
        self._prefetcher.load(block % 2, rows, columns)

    def _columns(self, block: int) -> slice:
        """The positions of a block's rows in the orders; none behind the last step."""
        size, end = (
            self._batches.batch_size,
            min(self._batches.rows, self._batches.steps * self._batches.batch_size),
        )
        start, stop = (min(step * size, end) for step in (block * self.steps, (block + 1) * self.steps))
        return slice(start, stop)

    def _first(self, block: int, groups: int) -> int:
        return block % 2 * self.steps * groups * self._batches.batch_size


def steps_of_a_block(table: Dataset, groups: int, batches: BatchPlan) -> int:
    """How many steps have their rows in one block: at least one, and as many as fill it."""
    step = table.bytes_of(groups * batches.batch_size)
    return min(max(BLOCK_BYTES // step, 1), batches.steps)


def buffer_rows(table: Dataset, groups: int, batches: BatchPlan) -> int:
    """How many rows two blocks have room for; where they are no fewer than all rows, a ring saves nothing."""
    return 2 * steps_of_a_block(table, groups, batches) * groups * batches.batch_size
