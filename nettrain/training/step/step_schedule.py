"""What changes from step to step, laid out where the steps are done.

The orders of an epoch and the coefficients of its next steps are handed over together; a counter beside them
says how many steps are done. Every step begins by taking what is its own and ends by counting itself, so
that it is the same calls on the same arrays each time, and the host has nothing to say in between.
"""

import numpy as np

from nettrain.backend.base import Array, HostArray
from nettrain.backend.kernel import kernel, prange
from nettrain.model.tape import Tape
from nettrain.training.build import TrainingRun
from nettrain.training.rows.batches import BatchPlan, Index
from nettrain.training.step.coefficients import TABLE_STEPS


@kernel
def load_step(
    index: Array, coefficients: Array, orders: Array, table: Array, done: Array, steps: Array, size: Array
) -> None:
    """index (G, B) = this step's part of orders (G, N), coefficients (R, K) = its row of table (T, R, K).

    Of `steps` in an epoch, with batches of `size` rows, it is the one at position done % steps; the table
    begins at a position that is a multiple of T.
    """
    groups, members = index.shape[0], coefficients.shape[0]
    for k in prange(max(groups, members)):
        position = np.int64(done[0]) % steps
        if k < groups:
            first = position * size
            rows, part = index[k], orders[k, first : first + index.shape[1]]
            for j in range(rows.size):
                rows[j] = part[j]
        if k < members:
            now, own = coefficients[k], table[position % table.shape[0], k]
            for j in range(now.size):
                now[j] = own[j]


@kernel
def count_step(done: Array) -> None:
    """One more step is done (1,)."""
    for k in prange(done.shape[0]):
        done[k] += np.uint64(1)


class StepSchedule:
    """The orders (G, N) of an epoch, the coefficients (T, R, K) of steps in it, and the steps done (1,)."""

    def __init__(self, run: TrainingRun, groups: int, batches: BatchPlan) -> None:
        self._backend, self._steps, self._size = run.backend, batches.steps, batches.batch_size
        self._coefficients = run.population["coefficients"]
        longest = min(TABLE_STEPS, self._steps)
        self.table = run.pool.take("table", (longest, *self._coefficients.shape))
        self.orders = run.pool.take("orders", (groups, batches.rows), np.intp)
        self._ring = run.ring
        if self._ring is not None:  # rows are brought in their order: where they lie stays the same
            self.orders[...] = run.backend.xp.asarray(self._ring.places(groups))
        self.done = steps_done(run)

    def lay_out(self, orders: Index, done: int) -> None:
        """The orders of an epoch that begins, or goes on, after so many steps."""
        if self._ring is None:
            self.orders[...] = self._backend.xp.asarray(orders)
        else:
            self._ring.begin(orders, done % self._steps)
        self.done[...] = done

    def lay_out_coefficients(self, table: HostArray) -> None:
        """Those of the next steps, as many as are left of the epoch or fit."""
        self.table[: len(table)] = self._backend.xp.asarray(table)

    def begin_step(self, tape: Tape, index: Array) -> None:
        """Append: index (G, B) and the population's coefficients are those of the next step."""
        members, longest = len(self._coefficients), len(self.table)
        now = self._coefficients.reshape(members, -1)
        table = self.table.reshape(longest, members, -1)
        work = index.size + now.size
        tape.launch(load_step, index, now, self.orders, table, self.done, self._steps, self._size, work=work)

    def end_step(self, tape: Tape) -> None:
        """Append: the step is done."""
        tape.launch(count_step, self.done)


def steps_done(run: TrainingRun) -> Array:
    """The steps done so far (1,) uint64, from which a step's masks and noise are drawn too."""
    return run.pool.take("step", (1,), np.uint64)
