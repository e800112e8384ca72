"""The loss of every step, with `training.history: step`.

The population's `total` adds up over the epoch. When a step loads its part of the schedule, it also copies
the `total` before it into a table on the device, which costs no call of its own. The host fetches the table
when it is full and at the end of an epoch, so that no step waits for it. What it has fetched of this epoch,
`step_totals` (R, S, 2), belongs to the population, and so to a checkpoint.
"""

import numpy as np

from nettrain.backend.base import Array, HostArray
from nettrain.training.events import StepLosses
from nettrain.training.rows.batches import TABLE_STEPS
from nettrain.training.run import TrainingRun


def allocate_step_totals(run: TrainingRun) -> None:
    """Register the totals before each step of an epoch, if they are asked for; NaN where none is known."""
    if run.records_steps:
        shape: tuple[int, ...] = (run.population.size, run.data.batches.steps, 2)
        run.population.register("step_totals", np.full(shape, np.nan))


def totals_table(run: TrainingRun) -> Array:
    """A table (R, T, 2) on the device for the totals before up to T steps, none if they are not asked for."""
    steps = min(TABLE_STEPS, run.data.batches.steps) if run.records_steps else 0
    return run.pool.take("totals", (run.population.size, steps, 2), np.float64)


def fetch_totals(run: TrainingRun, table: Array, first: int, stop: int) -> None:
    """Bring the totals before the steps from `first` to `stop` of the epoch to the host, as far as there.

    The table holds those since the last multiple of TABLE_STEPS before `stop`.
    """
    if not table.size:  # no losses of steps are recorded
        return
    start = (stop - 1) // TABLE_STEPS * TABLE_STEPS
    first = max(first, start)
    if first < stop:
        totals = run.backend.to_host(table)[:, first - start : stop - start]
        run.population["step_totals"][:, first:stop] = totals


def step_losses(run: TrainingRun, done: int, position: int) -> StepLosses | None:
    """The losses of the steps since those that were returned last, if they are recorded.

    `done` steps of the run have ended, `position` of them in this epoch. Steps that were not recorded, in an
    epoch that had begun before the setting was changed, are left out.
    """
    if not run.records_steps:
        return None
    before = run.population["step_totals"][:, :position]
    end: HostArray = run.backend.to_host(run.population["total"])
    loss, weight = np.moveaxis(np.diff(np.concatenate([before, end[:, None]], axis=1), axis=1), 2, 0)
    known = ~np.isnan(before[0, :, 1])
    batch_loss = np.divide(loss, weight, out=np.zeros_like(loss), where=weight != 0)[:, known]
    steps = np.arange(done - position, done, dtype=float)[known]
    before[...] = np.nan
    schedule, numbers = run.schedule, steps.astype(np.int64) + 1
    return StepLosses(numbers, schedule.rates(steps), batch_loss, schedule.factors(steps))
