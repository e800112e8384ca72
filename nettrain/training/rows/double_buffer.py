"""Training rows that do not fit on the device stream through it, in the order in which steps take them.

The device has room for two blocks of rows, each with the rows of several consecutive steps. While steps read
one block, the next one is copied into the other. To a step this memory looks like the whole table: it gathers
from the same arrays, and the row at each position of an epoch lies in the same place in every epoch.
"""

import numpy as np

from nettrain.backend.base import Backend, Prefetcher
from nettrain.inference.dataset import Dataset
from nettrain.training.rows.batches import BatchPlan, Index

BLOCK_BYTES = 64 << 20  # about what a block takes: so large that starting a copy costs nothing beside it


class DoubleBuffer:
    """x (2·S·G·B, D), y and weight: each half holds the rows of S steps for up to G orders."""

    def __init__(
        self,
        backend: Backend,
        prefetcher: Prefetcher,
        dataset: Dataset,
        order_count: int,
        batches: BatchPlan,
    ) -> None:
        self._prefetcher, self._dataset, self._batches = prefetcher, dataset, batches
        self.steps = steps_per_block(dataset, order_count, batches)
        rows = buffer_rows(dataset, order_count, batches)
        self.x, self.y, self.weight = (
            backend.zeros((rows, *array.shape[1:]), array.dtype) for array in dataset.arrays
        )
        self.unweighted = dataset.unweighted
        self.weight[...] = 1

    def row_positions(self, order_count: int) -> Index:
        """The row of this buffer that holds each position of an epoch's orders (G, N)."""
        rows = np.zeros((order_count, self._batches.rows), np.intp)
        for block in range(-(-self._batches.steps // self.steps)):
            positions = self._positions(block)
            count = positions.stop - positions.start
            first = self._first_row(block, order_count)
            rows[:, positions] = first + np.arange(order_count * count).reshape(order_count, count)
        return rows

    def set_orders(self, orders: Index) -> None:
        """Set the orders (G, N) of the epochs that start from now on."""
        self._orders = orders

    def start_epoch(self, step: int) -> None:
        """Start copying the rows of an epoch, from this step of it on."""
        self._first_step = step
        self._load(step // self.steps)

    def prepare(self, step: int) -> None:
        """To be called before each step of an epoch: lets it wait for its rows, and copies the next block."""
        block, within = divmod(step, self.steps)
        if within and step != self._first_step:
            return
        self._load(block + 1)
        self._prefetcher.ready(block % 2)

    def end_of_block(self, step: int) -> int:
        """The step behind the last one that reads the same block as this one."""
        return (step // self.steps + 1) * self.steps

    def close(self) -> None:
        """Wait for copies that are under way, before their memory is released."""
        self._prefetcher.drain()

    def _load(self, block: int) -> None:
        rows = self._orders[:, self._positions(block)].reshape(-1)
        if not len(rows):
            return
        first = self._first_row(block, len(self._orders))
        targets = (self.x, self.y, *([] if self.unweighted else [self.weight]))
        columns = [
            (source, array[first : first + len(rows)])
            for source, array in zip(self._dataset.arrays, targets, strict=False)
        ]
        self._prefetcher.load(block % 2, rows, columns)

    def _positions(self, block: int) -> slice:
        """The positions of a block's rows in the orders; none after the last step."""
        size = self._batches.batch_size
        end = min(self._batches.rows, self._batches.steps * size)
        start, stop = (min(step * size, end) for step in (block * self.steps, (block + 1) * self.steps))
        return slice(start, stop)

    def _first_row(self, block: int, order_count: int) -> int:
        return block % 2 * self.steps * order_count * self._batches.batch_size


def steps_per_block(dataset: Dataset, order_count: int, batches: BatchPlan) -> int:
    """How many steps have their rows in one block: at least one, and as many as fit BLOCK_BYTES."""
    step_bytes = dataset.bytes_of(order_count * batches.batch_size)
    return min(max(BLOCK_BYTES // step_bytes, 1), batches.steps)


def buffer_rows(dataset: Dataset, order_count: int, batches: BatchPlan) -> int:
    """How many rows two blocks hold; if these are no fewer than all rows, streaming saves no memory."""
    return 2 * steps_per_block(dataset, order_count, batches) * order_count * batches.batch_size
