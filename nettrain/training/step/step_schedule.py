"""What changes from step to step, in tables on the device from which each step reads.

The orders and the coefficients of the next steps, of one epoch or of several, are copied to the device, and a
counter there says how many steps are done. Every step begins by loading its part of the tables and ends by
counting itself. So all steps are the same calls on the same arrays, and the host sends nothing in between.
"""

import numpy as np

from nettrain.backend.base import Array
from nettrain.backend.kernel import kernel, prange
from nettrain.experiment.scheduled_numbers import scheduled_numbers_of_layers
from nettrain.model.tape import Tape
from nettrain.training.rows.batches import BatchPlan, Index
from nettrain.training.run import TrainingRun
from nettrain.training.step.coefficients import StepNumbers, table_steps
from nettrain.training.step.loss_table import totals_table


@kernel
def load_step(
    index: Array,
    coefficients: Array,
    orders: Array,
    table: Array,
    first: Array,
    total: Array,
    totals: Array,
    done: Array,
    epochs_before: Array,
    steps: Array,
    size: Array,
) -> None:
    """index (G, B) = this step's part of orders (E, G, N), coefficients (R, K) = its row of table (T, R, K).

    The step is the one at position done % steps of an epoch of so many steps, with batches of `size` rows;
    the orders of that epoch, e = epochs_before + done // steps, are those at e % E. epochs_before (1,) is not
    0 where earlier epochs had another number of steps. The table begins at the step `first` (1,) of the run.
    total (R, 2) as it is before the step is copied to totals (R, S, 2), to position % S, which is empty where
    losses of steps are not recorded.
    """
    groups, members, recorded = index.shape[0], coefficients.shape[0], totals.shape[1]
    for k in prange(max(groups, members)):
        position = np.int64(done[0]) % steps
        if k < groups:
            epoch, start = (epochs_before[0] + np.int64(done[0]) // steps) % orders.shape[0], position * size
            rows, part = index[k], orders[epoch, k, start : start + index.shape[1]]
            for j in range(rows.size):
                rows[j] = part[j]
        if k < members:
            current, entry = coefficients[k], table[np.int64(done[0]) - np.int64(first[0]), k]
            for j in range(current.size):
                current[j] = entry[j]
            if recorded > 0:
                before, sums = totals[k, position % recorded], total[k]
                for j in range(sums.size):
                    before[j] = sums[j]


@kernel
def load_factor(factor: Array, table: Array, first: Array, done: Array) -> None:
    """factor (R,) = the row of the next step in table (T, R), which begins at the step `first` (1,)."""
    for k in prange(factor.size):
        factor[k] = table[np.int64(done[0]) - np.int64(first[0]), k]


@kernel
def count_step(done: Array) -> None:
    """One more step is done (1,)."""
    for k in prange(done.shape[0]):
        done[k] += np.uint64(1)


class StepSchedule:
    """The orders (E, G, N) of E epochs, the coefficients (T, R, …) of its steps, and the step counter (1,).

    Of numbers of layers that have a schedule there are also the factors (T, R).
    """

    def __init__(self, run: TrainingRun, order_count: int, batches: BatchPlan, epochs: int = 1) -> None:
        self._backend, self._steps, self._size = run.backend, batches.steps, batches.batch_size
        self._coefficients = run.population["coefficients"]
        longest = table_steps(run, batches)
        self.table = run.pool.take("table", (longest, *self._coefficients.shape))
        numbers = scheduled_numbers_of_layers(run.experiment)
        self._factors = {number.factor: run.population[number.factor] for number in numbers}
        self._factor_tables = {
            name: run.pool.take(f"{name}.table", (longest, len(factor)), factor.dtype)
            for name, factor in self._factors.items()
        }
        self._first = run.pool.take("table.first", (1,), np.uint64)
        self.total, self.totals = run.population["total"], totals_table(run)
        self.orders = run.pool.take("orders", (epochs, order_count, batches.rows), np.intp)
        self._double_buffer = run.data.double_buffer
        if self._double_buffer is not None:  # rows stream in their order, and always lie in the same places
            self.orders[0] = run.backend.xp.asarray(self._double_buffer.row_positions(order_count))
        self._counter = run.step_counter
        self._before = run.pool.take("epochs before", (1,), np.int64)

    def set_orders(self, orders: Index) -> None:
        """Set the orders (E, G, N): those of epoch e at e % E."""
        if self._double_buffer is None:
            self.orders[...] = self._backend.xp.asarray(orders)
        else:
            self._double_buffer.set_orders(orders[0])

    def start_epoch(self, epoch: int, done: int) -> None:
        """Let this epoch start, or continue, after so many steps of the run."""
        if self._double_buffer is not None:
            self._double_buffer.start_epoch(done % self._steps)
        self._counter[...] = done
        self._before[...] = epoch - done // self._steps

    def set_numbers(self, numbers: StepNumbers) -> None:
        """Set the coefficients and factors of the next steps."""
        self._first[...] = numbers.first
        self.table[: len(numbers.coefficients)] = self._backend.xp.asarray(numbers.coefficients)
        for name, table in numbers.factors.items():
            self._factor_tables[name][: len(table)] = self._backend.xp.asarray(table)

    def append_begin(self, tape: Tape, index: Array) -> None:
        """Append: load index (G, B) and the population's coefficients and factors for the next step."""
        members, longest = len(self._coefficients), len(self.table)
        current = self._coefficients.reshape(members, -1)
        table = self.table.reshape(longest, members, -1)
        recorded = self.total, self.totals
        epoch = self._counter, self._before, self._steps, self._size
        arrays = (index, current, self.orders, table, self._first, *recorded, *epoch)
        tape.launch(load_step, *arrays, work=index.size + current.size)
        for name, factor in self._factors.items():
            tape.launch(load_factor, factor, self._factor_tables[name], self._first, self._counter)

    def append_end(self, tape: Tape) -> None:
        """Append: count the step as done."""
        tape.launch(count_step, self._counter)
