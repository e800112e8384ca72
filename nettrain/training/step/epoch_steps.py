"""The steps of an epoch, one batch after the other."""

from collections.abc import Callable

from nettrain.backend.base import Floats
from nettrain.training.diagnostics.profile import timing
from nettrain.training.diagnostics.weight_norms import WeightNorms
from nettrain.training.progress import Progress
from nettrain.training.rows.batches import Index, epoch_orders
from nettrain.training.run import TrainingRun
from nettrain.training.step.coefficients import TABLE_STEPS, coefficient_table
from nettrain.training.step.loss_table import fetch_totals
from nettrain.training.step.step_schedule import StepSchedule
from nettrain.training.step.training_step import TrainingStep, training_step


class EpochSteps:
    """The steps of the population as it is now, by batch size; void after it is compacted.

    The last step of an epoch with a full batch measures `norms`, if there are any.
    """

    def __init__(self, run: TrainingRun, norms: WeightNorms | None = None) -> None:
        self._run = run
        self._schedule = StepSchedule(run, run.order_count, run.data.batches)
        self.by_size: dict[int, TrainingStep] = {
            rows: training_step(run, rows, run.order_count, self._schedule) for rows in run.data.batches.sizes
        }
        self._measured = self._measuring(norms)
        self._drawn: tuple[int, Index] | None = None  # the orders of an epoch, for all its parts

    def _measuring(self, norms: WeightNorms | None) -> dict[int, TrainingStep]:
        """The step that measures norms, by its position in an epoch."""
        if norms is None:
            return {}
        run, batches = self._run, self._run.data.batches
        step = training_step(run, batches.batch_size, run.order_count, self._schedule, norms)
        return {batches.last_full: step}

    def run(self, progress: Progress, last: int, may_continue: Callable[[], bool]) -> bool:
        """Run an epoch on until so many of its steps are done; False if it was ended early.

        `may_continue` is called between two steps. `progress` is updated with every step; at the end of the
        epoch its position is 0 again.
        """
        run, first = self._run, progress.position
        double_buffer, by_size, measured = run.data.double_buffer, self.by_size, self._measured
        with timing(run.profile, "gather"):
            self._schedule.start_epoch(self._orders(progress.epoch), progress.step)
        for position, (start, stop) in enumerate(run.data.batches.bounds(first, last), first):
            if position > first and not may_continue():
                fetch_totals(run, self._schedule.totals, first, position)
                return False
            if position == first or position % TABLE_STEPS == 0:
                fetch_totals(run, self._schedule.totals, first, position)
                rates = self._set_coefficients(progress)
            if double_buffer is not None:
                with timing(run.profile, "gather"):
                    double_buffer.prepare(position)
            step = measured.get(position) or by_size[stop - start]
            if position == 0:
                step.begin()
            step.replay()
            progress.step += 1
            progress.position += 1
        fetch_totals(run, self._schedule.totals, first, progress.position)
        run.backend.synchronize()
        run.population["rate"][:] = rates[:, (last - 1) % TABLE_STEPS]
        if last == run.data.batches.steps:
            progress.position = 0
        return True

    def _orders(self, epoch: int) -> Index:
        if self._drawn is None or self._drawn[0] != epoch:
            self._drawn = epoch, self._draw_orders(epoch)
        return self._drawn[1]

    def _draw_orders(self, epoch: int) -> Index:
        settings, rows = self._run.experiment.training, self._run.data.batches.rows
        seeds = self._run.order_seeds
        return epoch_orders(seeds, epoch, rows, shuffle=settings.shuffle, sampling=settings.sampling)

    def _set_coefficients(self, progress: Progress) -> Floats:
        """Set the coefficients of the next steps, as many as the table holds; returns the rates (R, T)."""
        within = progress.position % TABLE_STEPS
        count = min(TABLE_STEPS, self._run.data.batches.steps - progress.position + within)
        with timing(self._run.profile, "update"):
            table, rates = coefficient_table(self._run, progress.step - within, count)
            self._schedule.set_coefficients(table)
        return rates
