"""The steps of an epoch, one batch after the other."""

from collections.abc import Callable, Sequence

from nettrain.backend.base import Floats
from nettrain.training.diagnostics.profile import timing
from nettrain.training.diagnostics.weight_norms import WeightNorms
from nettrain.training.folds import joined_orders
from nettrain.training.progress import Progress
from nettrain.training.rows.batches import BatchPlan, Index, epoch_orders
from nettrain.training.run import TrainingRun
from nettrain.training.step.coefficients import TABLE_STEPS, CoefficientTables
from nettrain.training.step.fold_step import fold_step
from nettrain.training.step.loss_table import fetch_totals
from nettrain.training.step.step_schedule import StepSchedule
from nettrain.training.step.training_step import TrainingStep, training_step

Sizes = tuple[int, ...]  # of a batch in each part of the run, or one size that all of them have


class EpochSteps:
    """The steps of the population as it is now, by batch size; void after it is compacted.

    The last step of an epoch with a full batch measures `norms`, those of each part of the run, if any.
    """

    def __init__(self, run: TrainingRun, norms: Sequence[WeightNorms] | None = None) -> None:
        self._run, self._parts = run, run.parts
        self._schedule = StepSchedule(run, run.index_rows, run.data.batches)
        self._sizes = _batch_sizes(self._parts)
        shared_first = sorted(set(self._sizes), key=len)  # it needs the most scratch memory
        self._by_size = {sizes: self._step(sizes) for sizes in shared_first}
        self._measured = self._measuring(norms)
        self._tables = CoefficientTables(run)
        self._orders_matter = not all(_takes_whole(part) for part in self._parts)
        self._drawn: tuple[int, Index] | None = None  # the orders of an epoch, for all its parts

    def at(self, position: int) -> TrainingStep:
        """The step at this position in an epoch, which measures nothing."""
        return self._by_size[self._sizes[position]]

    def _step(self, sizes: Sizes, norms: Sequence[WeightNorms] | None = None) -> TrainingStep:
        run = self._run
        if len(sizes) > 1:
            return fold_step(run, self._parts, sizes, self._schedule, norms)
        return training_step(run, sizes[0], self._schedule, norms[0] if norms else None)

    def _measuring(self, norms: Sequence[WeightNorms] | None) -> dict[int, TrainingStep]:
        """The step that measures norms, by its position in an epoch."""
        if norms is None:
            return {}
        last_full = self._run.data.batches.last_full
        sizes = self._sizes[last_full]
        return {last_full: self._step(sizes if len(sizes) == len(norms) else sizes * len(norms), norms)}

    def run(self, progress: Progress, last: int, may_continue: Callable[[], bool]) -> bool:
        """Run an epoch on until so many of its steps are done; False if it was ended early.

        `may_continue` is called between two steps. `progress` is updated with every step; at the end of the
        epoch its position is 0 again.
        """
        run, first = self._run, progress.position
        double_buffer, measured = run.data.double_buffer, self._measured
        with timing(run.profile, "gather"):
            self._schedule.start_epoch(self._orders(progress.epoch), progress.step)
        for position in range(first, last):
            if position > first and not may_continue():
                fetch_totals(run, self._schedule.totals, first, position)
                return False
            if position == first or position % TABLE_STEPS == 0:
                fetch_totals(run, self._schedule.totals, first, position)
                rates = self._set_coefficients(progress)
            if double_buffer is not None:
                with timing(run.profile, "gather"):
                    double_buffer.prepare(position)
            step = measured.get(position) or self.at(position)
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
        if self._drawn is None or (self._orders_matter and self._drawn[0] != epoch):
            self._drawn = epoch, self._draw_orders(epoch)
        return self._drawn[1]

    def _draw_orders(self, epoch: int) -> Index:
        run, parts = self._run, self._parts
        if not run.data.folds:
            return _orders(run, epoch)
        return joined_orders(parts, [_orders(part, epoch) for part in parts], run.data.batches.rows)

    def _set_coefficients(self, progress: Progress) -> Floats:
        """Set the coefficients of the next steps, as many as the table holds; returns the rates (R, T)."""
        within = progress.position % TABLE_STEPS
        count = min(TABLE_STEPS, self._run.data.batches.steps - progress.position + within)
        with timing(self._run.profile, "update"):
            numbers = self._tables.of(progress.step - within, count)
            self._schedule.set_coefficients(numbers.coefficients)
            self._schedule.set_factors(numbers.factors)
        return numbers.rates


def _batch_sizes(parts: Sequence[TrainingRun]) -> list[Sizes]:
    """The sizes of the batches of an epoch, by position."""
    sizes = zip(*(_sizes_of(part.data.batches) for part in parts), strict=True)
    return [(each[0],) if len(parts) == 1 or _taken_together(parts, each) else each for each in sizes]


def _sizes_of(batches: BatchPlan) -> list[int]:
    return [stop - start for start, stop in batches.bounds()]


def _taken_together(parts: Sequence[TrainingRun], sizes: Sizes) -> bool:
    """Whether one step takes all batches: they are equally large, and none is its fold's rows as they lie."""
    whole = any(part.data.takes_whole(part.experiment, size) for part, size in zip(parts, sizes, strict=True))
    return len(set(sizes)) == 1 and not whole


def _takes_whole(run: TrainingRun) -> bool:
    """Whether a batch is all rows as they lie."""
    return run.data.takes_whole(run.experiment, run.data.batches.batch_size)


def _orders(run: TrainingRun, epoch: int) -> Index:
    """The rows (G, N) of an epoch, by number in the run's training rows."""
    settings, rows = run.experiment.training, run.data.batches.rows
    return epoch_orders(
        run.order_seeds,
        epoch,
        rows,
        shuffle=settings.shuffle,
        sampling=settings.sampling,
        per_member=run.orders_per_member,
    )
