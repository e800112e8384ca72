"""The training loop: it steps, evaluates and stops members, and tells what happens as events."""

from collections.abc import Callable, Iterator
from time import perf_counter

import numpy as np
import numpy.typing as npt

from nettrain.engine.batches import orders
from nettrain.engine.build import Run
from nettrain.engine.evaluate import Evaluation
from nettrain.engine.events import EpochDone, Event, MemberStopped, TrainingDone
from nettrain.engine.step import TABLE_STEPS, Step, coefficient_table, training_step

Figures = dict[str, npt.NDArray[np.float64]]


def never() -> bool:
    """The default answer to "shall the loop stop?"."""
    return False


def train(run: Run, interrupted: Callable[[], bool] = never) -> Iterator[Event]:
    """Train a population to its end; `interrupted` is asked after every step.

    Yields an EpochDone per epoch, a MemberStopped when a member's training ends and one TrainingDone.
    """
    loop = _Loop(run, interrupted)
    yield from loop.events()


class _Loop:
    """The state of a run between events."""

    def __init__(self, run: Run, interrupted: Callable[[], bool]) -> None:
        self.run, self.interrupted = run, interrupted
        self.step = 0
        self.step_seconds = 0.0
        self.rate = np.zeros(run.population.size)
        self.counter = run.pool.take("step", (1,), np.uint64)
        self.settings = run.experiment.training
        self._rebuild()

    def _rebuild(self) -> None:
        """New steps and views, for the population as it is now."""
        population = self.run.population
        seeds = population.members.training.order_seed
        shared = not self.settings.shuffle or bool((seeds == seeds[0]).all())
        self.orders = 1 if shared else population.size
        sizes = self.run.batches.sizes
        self.steps: dict[int, Step] = {rows: training_step(self.run, rows, self.orders) for rows in sizes}
        table, weights = self.run.tables.get("validation"), population["parameters"]
        self.validation = table and Evaluation(self.run, table, weights, population.members)

    def events(self) -> Iterator[Event]:
        started, epoch = perf_counter(), 0
        epochs = self.settings.epochs
        while epoch < epochs and self.run.population["active"].any():
            epoch += 1
            # a member that diverges says so itself, NumPy need not
            with np.errstate(over="ignore", invalid="ignore"):
                done, reasons = self._epoch(epoch)
            if done is None:
                epoch -= 1  # the interrupted epoch does not count
            else:
                yield done
            yield from self._stop(epoch, reasons, last=epoch == epochs)
            if self.run.population.ripe():
                self.run.population.compact(self.run.population["active"])
                self._rebuild()
        seconds = perf_counter() - started
        yield TrainingDone(epoch, self.step, self.step_seconds, seconds, self.run.final)

    def _epoch(self, epoch: int) -> tuple[EpochDone | None, dict[str, npt.NDArray[np.bool_]]]:
        """One epoch and its evaluation; which members have a reason to stop."""
        started, before = perf_counter(), self.step_seconds
        population = self.run.population
        population["total"][:] = 0
        finished = self._steps(epoch - 1)
        if not finished:
            return None, {"interrupted": np.ones(population.size, dtype=bool)}
        figures = self._figures(epoch)
        sound = self._sound(figures, last=epoch == self.settings.epochs)
        better, waited = self._observe(figures, epoch, sound)
        self._keep_best(better)
        active = population["active"]
        done = EpochDone(
            epoch=epoch,
            epochs=self.settings.epochs,
            step=self.step,
            members=population["original"][active].copy(),
            learning_rate=self.rate[active],
            figures={name: values[active] for name, values in figures.items()},
            better=better[active],
            evaluated=self._due(epoch),
            step_seconds=self.step_seconds - before,
            seconds=perf_counter() - started,
        )
        return done, {"diverged": ~sound, "early_stopping": waited}

    def _steps(self, epoch: int) -> bool:
        """The steps of one epoch (from 0); False when interrupted."""
        started = perf_counter()
        try:
            return self._run_steps(epoch)
        finally:
            self.step_seconds += perf_counter() - started

    def _run_steps(self, epoch: int) -> bool:
        run = self.run
        seeds = run.population.members.training.order_seed
        rows = orders(seeds, epoch, run.batches.rows, shuffle=self.settings.shuffle)
        coefficients = run.population["coefficients"]
        for position, (start, stop) in enumerate(run.batches.bounds()):
            if position % TABLE_STEPS == 0:
                count = min(TABLE_STEPS, run.batches.steps - position)
                table, rates = coefficient_table(run, self.step, count)
            step = self.steps[stop - start]
            step.index[...] = rows[:, start:stop]
            coefficients[...] = table[position % TABLE_STEPS]
            self.counter[0] = self.step
            step.replay()
            self.step += 1
            if self.interrupted():
                return False
        run.backend.synchronize()
        self.rate = rates[:, -1]
        return True

    def _figures(self, epoch: int) -> Figures:
        """The epoch's train_loss and objective, and what the validation rows say when it is their turn."""
        run = self.run
        total = run.backend.to_host(run.population["total"])
        loss = total[:, 0] / total[:, 1]
        figures = {"train_loss": loss, "objective": loss + self._penalty()}
        if self.validation and self._due(epoch):
            values = self.validation.figures()
            figures |= {f"val_{name}": value for name, value in values.items()}
        return figures

    def _sound(self, figures: Figures, *, last: bool) -> npt.NDArray[np.bool_]:
        """Members whose figures, and at the end also weights, are all finite numbers."""
        sound: npt.NDArray[np.bool_] = np.all([np.isfinite(values) for values in figures.values()], axis=0)
        if last:  # the last step's damage has not shown in a loss yet
            weights = self.run.backend.to_host(self.run.population["parameters"])
            sound = sound & np.isfinite(weights).all(axis=1)
        return sound

    def _due(self, epoch: int) -> bool:
        return epoch % self.settings.evaluate_every == 0 or epoch == self.settings.epochs

    def _penalty(self) -> npt.NDArray[np.float64]:
        """l2/2·ΣW² of each member, with the weights as they are."""
        l2 = self.run.population.members.regularization.l2
        if not (l2 > 0).any():
            return np.zeros(len(l2))
        weights = self.run.population["parameters"][:, : self.run.place.weights]
        squares = self.run.backend.to_host(weights).astype(np.float64)
        squares *= squares
        return np.where(l2 > 0, 0.5 * l2 * squares.sum(axis=1), 0.0)

    def _observe(
        self, figures: Figures, epoch: int, sound: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Which members got better and which shall stop, in an epoch that is evaluated."""
        size = self.run.population.size
        if not self._due(epoch):
            return np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
        values = figures[self.run.monitor]
        rules = self.run.population.members.training.early_stopping
        return self.run.stopping.observe(values, epoch, rules, sound)

    def _keep_best(self, better: npt.NDArray[np.bool_]) -> None:
        population = self.run.population
        if self._restores() and better.any():
            population["best_parameters"][better] = population["parameters"][better]

    def _restores(self) -> bool:
        stopping = self.settings.early_stopping
        return stopping is not None and stopping.restore_best

    def _stop(
        self, epoch: int, reasons: dict[str, npt.NDArray[np.bool_]], *, last: bool
    ) -> Iterator[MemberStopped]:
        """Copy out the members that have a reason to stop, the first reason counting."""
        population = self.run.population
        if last:
            reasons = {**reasons, "epochs": np.ones(population.size, dtype=bool)}
        for row in np.flatnonzero(population["active"]):
            reason = next((name for name, flags in reasons.items() if flags[row]), None)
            if reason is not None:
                yield self._finish(int(row), epoch, reason)

    def _finish(self, row: int, epoch: int, reason: str) -> MemberStopped:
        population = self.run.population
        best_epoch = int(population["best_epoch"][row]) or None
        restored = self._restores() and best_epoch is not None
        source = "best_parameters" if restored else "parameters"
        original = int(population["original"][row])
        self.run.final[original] = self.run.backend.to_host(population[source][row])
        population["active"][row] = False
        return MemberStopped(original, epoch, reason, best_epoch, restored)
