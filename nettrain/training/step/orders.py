"""The orders in which the steps of epochs take the rows, drawn for several epochs at once."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from nettrain.training.folds import joined_orders
from nettrain.training.rows.batches import Index, epoch_orders, order_table_rows
from nettrain.training.run import TrainingRun


class EpochOrders:
    """Tables of orders (E, G, N) for E epochs in a row, in which those of epoch e are at e % E.

    An order is a function of seed and epoch, so that it does not matter with which epoch a table begins. Void
    after the population is compacted.
    """

    def __init__(self, run: TrainingRun, parts: Sequence[TrainingRun]) -> None:
        self._run, self._parts = run, parts
        self._draws = [_draw(part) for part in parts]
        self._rows, self._last = run.data.batches.rows, run.experiment.training.epochs
        self._alike = not run.experiment.training.shuffle or all(map(_takes_whole, parts))
        alone = self._alike or run.data.double_buffer is not None
        several = order_table_rows(run.index_rows, run.data.batches) // (run.index_rows * self._rows)
        self.epochs = 1 if alone else several
        self._drawn = range(0)

    def table(self, epoch: int) -> Index | None:
        """The table with this epoch and those after it; None if the one that was returned last has it."""
        if epoch in self._drawn or (self._alike and self._drawn):
            return None
        self._drawn = range(epoch, min(epoch + self.epochs, self._last))
        if self.epochs == 1:
            return self._orders(epoch)[None]
        table = np.empty((self.epochs, self._run.index_rows, self._rows), np.intp)
        for one in self._drawn:
            table[one % self.epochs] = self._orders(one)
        return table

    def _orders(self, epoch: int) -> Index:
        orders = [draw(epoch) for draw in self._draws]
        return joined_orders(self._parts, orders, self._rows) if self._run.data.folds else orders[0]


def reserve_orders(run: TrainingRun) -> None:
    """Reserve the memory of a table: it has room for more epochs when members have left."""
    run.pool.reserve("orders", (order_table_rows(run.index_rows, run.data.batches),), np.intp)


def _takes_whole(run: TrainingRun) -> bool:
    """Whether a batch is all rows as they lie."""
    return run.data.takes_whole(run.experiment, run.data.batches.batch_size)


def _draw(run: TrainingRun) -> Callable[[int], Index]:
    """What draws the rows (G, N) of an epoch, by number in the run's training rows."""
    settings = run.experiment.training
    return partial(
        epoch_orders,
        run.order_seeds[: run.order_count],
        rows=run.data.batches.rows,
        shuffle=settings.shuffle,
        sampling=settings.sampling,
        per_member=run.orders_per_member,
        window=settings.shuffle_window,
    )
