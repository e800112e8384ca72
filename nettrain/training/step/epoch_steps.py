"""The steps of an epoch, one batch after the other."""

from bisect import bisect
from collections.abc import Callable, Iterable, Sequence

from nettrain.training.diagnostics.profile import timing
from nettrain.training.diagnostics.weight_norms import WeightNorms
from nettrain.training.progress import Progress
from nettrain.training.rows.batches import TABLE_STEPS, BatchPlan
from nettrain.training.run import TrainingRun
from nettrain.training.step.coefficients import CoefficientTables, StepNumbers
from nettrain.training.step.fold_step import fold_step
from nettrain.training.step.loss_table import fetch_totals
from nettrain.training.step.orders import EpochOrders
from nettrain.training.step.pace import Pace
from nettrain.training.step.step_schedule import StepSchedule
from nettrain.training.step.training_step import TrainingStep, training_step

Sizes = tuple[int, ...]  # of a batch in each part of the run, or one size that all of them have


class EpochSteps:
    """The steps of the population as it is now, by batch size; void after it is compacted.

    The last step of an epoch with a full batch measures `norms`, those of each part of the run, if any.
    """

    def __init__(
        self, run: TrainingRun, pace: Pace | None = None, norms: Sequence[WeightNorms] | None = None
    ) -> None:
        self._run, self._parts, self._pace = run, run.parts, pace or Pace()
        # of members that were moved out; a part of the run knows only its own
        run.close_minimizers(run.minimizers.keys() - set(run.population["original"].tolist()))
        self._orders = EpochOrders(run, self._parts)
        self._schedule = StepSchedule(run, run.index_rows, run.data.batches, self._orders.epochs)
        self._sizes = _batch_sizes(self._parts)
        shared_first = sorted(set(self._sizes), key=len)  # it needs the most scratch memory
        self._by_size = {sizes: self._step(sizes) for sizes in shared_first}
        self._measured = self._measuring(norms)
        self._changes = _changes(self._sizes, self._measured)
        self._tables = CoefficientTables(run)
        self._loaded: StepNumbers | None = None

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

        `may_continue` is called between steps, as often as the pace says. `progress` is updated with them; at
        the end of the epoch its position is 0 again.
        """
        run, first = self._run, progress.position
        self._start(progress)
        numbers = self._numbers(progress.step)
        while progress.position < last:
            if progress.position > first:
                going_on = may_continue()
                if not going_on or progress.position % TABLE_STEPS == 0:
                    fetch_totals(run, self._schedule.totals, first, progress.position)
                if not going_on:
                    return False
            if progress.step == numbers.stop:
                numbers = self._numbers(progress.step)
            self._run_some(progress, min(last, progress.position + numbers.stop - progress.step))
        fetch_totals(run, self._schedule.totals, first, progress.position)
        run.backend.synchronize()
        run.population["rate"][:] = numbers.rate(progress.step - 1)
        if last == run.data.batches.steps:
            progress.position = 0
        return True

    def _start(self, progress: Progress) -> None:
        """Let the epoch that is under way start or continue."""
        with timing(self._run.profile, "gather"):
            orders = self._orders.table(progress.epoch)
            if orders is not None:
                self._schedule.set_orders(orders)
            self._schedule.start_epoch(progress.epoch, progress.step)

    def _run_some(self, progress: Progress, last: int) -> None:
        """Run as many steps as the pace says, one at least, before anybody has to do anything."""
        position = progress.position
        most = self._until(position, last) - position
        done = self._pace.run(lambda steps: self._replay(position, position + steps), most)
        progress.step += done
        progress.position += done

    def _until(self, position: int, last: int) -> int:
        """The position up to which nothing has to be done between steps from this one on."""
        double_buffer = self._run.data.double_buffer
        if double_buffer is not None:
            with timing(self._run.profile, "gather"):
                double_buffer.prepare(position)
            last = min(last, double_buffer.end_of_block(position))
        return min(last, (position // TABLE_STEPS + 1) * TABLE_STEPS)

    def _replay(self, position: int, last: int) -> None:
        """Run the steps from one position in an epoch to another."""
        while position < last:
            stop = min(last, self._changes[bisect(self._changes, position)])
            step = self._measured.get(position) or self.at(position)
            if position == 0:
                step.begin()
            step.replay.repeat(stop - position)
            position = stop

    def _numbers(self, step: int) -> StepNumbers:
        """The numbers of a step and of those after it, from which the steps read theirs."""
        with timing(self._run.profile, "update"):
            numbers = self._tables.at(step)
            if numbers is not self._loaded:
                self._schedule.set_numbers(numbers)
                self._loaded = numbers
        return numbers


def _changes(sizes: Sequence[Sizes], measured: Iterable[int]) -> list[int]:
    """The positions in an epoch at which another step begins than the one before it, and its end."""
    apart = {end for position in measured for end in (position, position + 1)}
    changes = {k for k in range(1, len(sizes)) if sizes[k] != sizes[k - 1]}
    return sorted(apart | changes | {len(sizes)})


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
