"""What changes from step to step, in tables on the device from which each step reads.

The orders of an epoch and the coefficients of its next steps are copied to the device together, and a counter
there says how many steps are done. Every step begins by loading its part of the tables and ends by counting
itself. So all steps are the same calls on the same arrays, and the host sends nothing in between.
"""

from collections.abc import Mapping

import numpy as np

from nettrain.backend.base import Array, Floats, HostArray
from nettrain.backend.kernel import kernel, prange
from nettrain.experiment.scheduled_numbers import scheduled_numbers_of_layers
from nettrain.model.tape import Tape
from nettrain.training.rows.batches import BatchPlan, Index
from nettrain.training.run import TrainingRun
from nettrain.training.step.coefficients import TABLE_STEPS
from nettrain.training.step.loss_table import totals_table


@kernel
def load_step(
    index: Array,
    coefficients: Array,
    orders: Array,
    table: Array,
    total: Array,
    totals: Array,
    done: Array,
    steps: Array,
    size: Array,
) -> None:
    """index (G, B) = this step's part of orders (G, N), coefficients (R, K) = its row of table (T, R, K).

    The step is the one at position done % steps of an epoch of so many steps, with batches of `size` rows.
    The table begins at a position that is a multiple of T. total (R, 2) as it is before the step is copied to
    totals (R, T, 2), which is empty where losses of steps are not recorded.
    """
    groups, members, recorded = index.shape[0], coefficients.shape[0], totals.shape[1]
    for k in prange(max(groups, members)):
        position = np.int64(done[0]) % steps
        if k < groups:
            first = position * size
            rows, part = index[k], orders[k, first : first + index.shape[1]]
            for j in range(rows.size):
                rows[j] = part[j]
        if k < members:
            current, entry = coefficients[k], table[position % table.shape[0], k]
            for j in range(current.size):
                current[j] = entry[j]
            if recorded > 0:
                before, sums = totals[k, position % recorded], total[k]
                for j in range(sums.size):
                    before[j] = sums[j]


@kernel
def load_factor(factor: Array, table: Array, done: Array, steps: Array) -> None:
    """factor (R,) = its row of table (T, R) at position done % steps of an epoch of so many steps."""
    for k in prange(factor.size):
        factor[k] = table[np.int64(done[0]) % steps % table.shape[0], k]


@kernel
def count_step(done: Array) -> None:
    """One more step is done (1,)."""
    for k in prange(done.shape[0]):
        done[k] += np.uint64(1)


class StepSchedule:
    """The orders (G, N) of an epoch, the coefficients (T, R, …) of its steps, and the step counter (1,).

    Of numbers of layers that have a schedule there are also the factors (T, R).
    """

    def __init__(self, run: TrainingRun, order_count: int, batches: BatchPlan) -> None:
        self._backend, self._steps, self._size = run.backend, batches.steps, batches.batch_size
        self._coefficients = run.population["coefficients"]
        longest = min(TABLE_STEPS, self._steps)
        self.table = run.pool.take("table", (longest, *self._coefficients.shape))
        numbers = scheduled_numbers_of_layers(run.experiment)
        self._factors = {number.factor: run.population[number.factor] for number in numbers}
        self._factor_tables = {
            name: run.pool.take(f"{name}.table", (longest, len(factor)), factor.dtype)
            for name, factor in self._factors.items()
        }
        self.total, self.totals = run.population["total"], totals_table(run)
        self.orders = run.pool.take("orders", (order_count, batches.rows), np.intp)
        self._double_buffer = run.data.double_buffer
        if self._double_buffer is not None:  # rows stream in their order, and always lie in the same places
            self.orders[...] = run.backend.xp.asarray(self._double_buffer.row_positions(order_count))
        self._counter = run.step_counter

    def start_epoch(self, orders: Index, done: int) -> None:
        """Set the orders (G, N) of an epoch that starts, or continues, after so many steps of the run."""
        if self._double_buffer is None:
            self.orders[...] = self._backend.xp.asarray(orders)
        else:
            self._double_buffer.start_epoch(orders, done % self._steps)
        self._counter[...] = done

    def set_coefficients(self, table: HostArray) -> None:
        """Set the coefficients (T, R, …) of the next steps, as many as the table holds at most."""
        self.table[: len(table)] = self._backend.xp.asarray(table)

    def set_factors(self, tables: Mapping[str, Floats]) -> None:
        """Set the factors (T, R) of the next steps, as many as the tables hold at most."""
        for name, table in tables.items():
            self._factor_tables[name][: len(table)] = self._backend.xp.asarray(table)

    def append_begin(self, tape: Tape, index: Array) -> None:
        """Append: load index (G, B) and the population's coefficients and factors for the next step."""
        members, longest = len(self._coefficients), len(self.table)
        current = self._coefficients.reshape(members, -1)
        table = self.table.reshape(longest, members, -1)
        recorded = self.total, self.totals
        arrays = (index, current, self.orders, table, *recorded, self._counter, self._steps, self._size)
        tape.launch(load_step, *arrays, work=index.size + current.size)
        for name, factor in self._factors.items():
            tape.launch(load_factor, factor, self._factor_tables[name], self._counter, self._steps)

    def append_end(self, tape: Tape) -> None:
        """Append: count the step as done."""
        tape.launch(count_step, self._counter)
