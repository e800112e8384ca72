"""The orders in which the steps of epochs take the rows, drawn for several epochs at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np

from nettrain.training.folds import joined_orders
from nettrain.training.rows.batches import Index, epoch_orders, order_table_rows
from nettrain.training.rows.permutations import permuted_rows_of_epochs
from nettrain.training.run import TrainingRun

MANY = 500  # orders of a run, from which on it is worth while to load machine code that draws them
LONG = 1000  # rows of an order, from which on NumPy is as fast


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
            return next(self._orders(self._drawn))[None]
        table = np.zeros((self.epochs, self._run.index_rows, self._rows), np.intp)
        for one, orders in zip(self._drawn, self._orders(self._drawn), strict=True):
            table[one % self.epochs] = orders
        return table

    def _orders(self, epochs: range) -> Iterator[Index]:
        """The orders (G, N) of each of these epochs."""
        for orders in zip(*(draw(epochs) for draw in self._draws), strict=True):
            yield joined_orders(self._parts, orders, self._rows) if self._run.data.folds else orders[0]


def reserve_orders(run: TrainingRun) -> None:
    """Reserve the memory of a table: it has room for more epochs when members have left."""
    run.pool.reserve("orders", (order_table_rows(run.index_rows, run.data.batches),), np.intp)


def _takes_whole(run: TrainingRun) -> bool:
    """Whether a batch is all rows as they lie."""
    return run.data.takes_whole(run.experiment, run.data.batches.batch_size)


def _draw(run: TrainingRun) -> Callable[[range], Iterable[Index]]:
    """What draws the rows (G, N) of epochs, by number in the run's training rows."""
    settings, rows = run.experiment.training, run.data.batches.rows
    seeds, each = run.order_seeds[: run.order_count], run.orders_per_member
    draw = partial(
        epoch_orders,
        seeds,
        rows=rows,
        shuffle=settings.shuffle,
        sampling=settings.sampling,
        per_member=each,
        window=settings.shuffle_window,
    )
    plain = settings.shuffle and settings.sampling == "permutation" and settings.shuffle_window is None
    if plain and rows <= LONG and settings.epochs * len(seeds) * each >= MANY:
        return partial(permuted_rows_of_epochs, seeds, rows=rows, per_member=each)
    return partial(map, draw)
