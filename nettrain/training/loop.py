"""The training loop: it steps, evaluates and stops members, and tells what happens as events."""

from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.catalogue.metrics import metrics
from nettrain.inference.evaluate import Evaluation
from nettrain.model.network import Network
from nettrain.training.build import TrainingRun
from nettrain.training.control.stopping import reached
from nettrain.training.diagnostics.profile import timing
from nettrain.training.events import EpochDone, Event, MemberStopped, TrainingDone
from nettrain.training.rows.batches import Index, orders
from nettrain.training.step.coefficients import TABLE_STEPS, coefficient_table
from nettrain.training.step.groups import Floats, penalty, ranges
from nettrain.training.step.step_schedule import StepSchedule
from nettrain.training.step.training_step import TrainingStep, training_step

Figures = dict[str, npt.NDArray[np.float64]]
Flags = npt.NDArray[np.bool_]
Prune = Callable[[EpochDone], Iterable[int]]


def never() -> bool:
    """The default answer to "shall the loop stop?"."""
    return False


def train(
    run: TrainingRun,
    interrupted: Callable[[], bool] = never,
    prune: Prune | None = None,
    clock: Callable[[], float] = perf_counter,
) -> Iterator[Event]:
    """Train a population to its end; `interrupted` is asked after every step.

    `prune` is told every EpochDone and returns the original numbers of the members to stop after it.
    Yields an EpochDone per epoch, a MemberStopped when a member's training ends and one TrainingDone.
    """
    yield from Training(run, interrupted, prune, clock).events()


class Training:
    """A run between two events.

    Where it stands: `epoch` and `step` (done so far), `position` (batches of the epoch that is under way),
    `step_seconds` and `seconds` (spent so far) and `ended` (how each member that has stopped did so). All
    that has the member axis is the population's; `training.state` takes both and puts them back.
    """

    def __init__(
        self,
        run: TrainingRun,
        interrupted: Callable[[], bool] = never,
        prune: Prune | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self.run, self.interrupted, self.prune, self.clock = run, interrupted, prune, clock
        self.epoch = self.step = self.position = 0
        self.step_seconds = self.seconds = 0.0
        self.ended: dict[int, MemberStopped] = {}
        self.news: list[MemberStopped] = []  # of those who ended since the last event
        self.settings = run.experiment.training
        with timing(run.profile, "preparing"):
            self.rebuild()

    def rebuild(self) -> None:
        """New steps and views, for the population as it is now."""
        population = self.run.population
        self.course = StepSchedule(self.run, self.run.orders, self.run.batches)
        sizes = self.run.batches.sizes
        self.steps: dict[int, TrainingStep] = {
            rows: training_step(self.run, rows, self.run.orders, self.course) for rows in sizes
        }
        table = self.run.tables.get("validation")
        fitted = population["parameters"], population["statistics"]
        net = Network(self.run.backend, self.run.architecture, *fitted, population.layers)
        self.validation = table and Evaluation(self.run, table, net, population.members, watched(self.run))

    @property
    def _rules(self) -> Any:
        """The training settings of the members that are still here, numbers as (R,)."""
        return self.run.population.members.training

    def events(self) -> Iterator[Event]:
        """All that happens; what runs beside this thread ends with it, also when nobody asks for the rest."""
        try:
            yield from self._events()
        finally:
            self.run.close()

    def _events(self) -> Iterator[Event]:
        self.started = self.clock() - self.seconds
        while self.epoch < self.settings.epochs and self._anyone():
            # a member that diverges says so itself, NumPy need not
            with np.errstate(over="ignore", invalid="ignore"):
                done = self._epoch()
            if done is not None:
                yield done
                self._ask_to_prune(done)
            yield from self.news
            self.news = []
            self._make_room()
        self._look_at_the_clock()
        yield TrainingDone(self.epoch, self.step, self.step_seconds, self.seconds, self.run.final)

    def _anyone(self) -> bool:
        return bool(self.run.population["active"].any())

    def _look_at_the_clock(self) -> None:
        self.seconds = self.clock() - self.started

    def _make_room(self) -> None:
        population = self.run.population
        if population.should_compact():
            with timing(self.run.profile, "preparing"):
                population.compact(population["active"])
                self.rebuild()

    def _epoch(self) -> EpochDone | None:
        """One epoch, its evaluation and who ends with it; None when nobody got to its end."""
        started, before = self.clock(), self.step_seconds
        if self.position == 0:
            self.run.population["total"][:] = 0
            self.run.convergence.start(self._rules.convergence)
        if not self._steps():
            return None
        self.epoch += 1
        with timing(self.run.profile, "evaluation"):
            figures = self._figures()
            sound = self._sound(figures)
            better, waited = self._observe(figures, sound)
            self._keep_best(better)
            self.run.snapshots.observe(self.epoch)
        done = self._told(figures, better, self.step_seconds - before, self.clock() - started)
        self._end("diverged", ~sound)
        self._end("target", reached(figures, self.settings.target))
        self._end("early_stopping", waited)
        self._end("converged", self.run.convergence.observe(figures["objective"], self._rules.convergence))
        if "at_rest" in self.run.population:
            self._end("converged", self.run.population["at_rest"])
        self._end("epochs", self.epoch == self.settings.epochs)
        self._asked_to_end()
        return done

    def _told(self, figures: Figures, better: Flags, step_seconds: float, seconds: float) -> EpochDone:
        population = self.run.population
        active = population["active"]
        return EpochDone(
            epoch=self.epoch,
            epochs=self.settings.epochs,
            step=self.step,
            members=population["original"][active],
            learning_rate=population["rate"][active],
            figures={name: values[active] for name, values in figures.items()},
            better=better[active],
            evaluated=self._due(),
            step_seconds=step_seconds,
            seconds=seconds,
        )

    def _steps(self) -> bool:
        """The steps of one epoch; False when nobody got to its end."""
        started = self.clock()
        try:
            return self._run_steps()
        finally:
            self.step_seconds += self.clock() - started

    def _run_steps(self) -> bool:
        run, begin = self.run, self.position
        with timing(run.profile, "gather"):
            self.course.lay_out(self._rows(), self.step)
        for position, (start, stop) in enumerate(run.batches.bounds()):
            if position < begin:
                continue  # done before an interruption
            if position > begin and not self._may_go_on():
                return False
            if position == begin or position % TABLE_STEPS == 0:
                rates = self._lay_out_coefficients(position)
            if run.ring is not None:
                with timing(run.profile, "gather"):
                    run.ring.reach(position)
            step = self.steps[stop - start]
            if position == 0:
                step.begin()
            step.replay()
            self.step += 1
            self.position += 1
        self.position = 0
        run.backend.synchronize()
        run.population["rate"][:] = rates[:, -1]
        return True

    def _lay_out_coefficients(self, position: int) -> Any:
        """Those of the steps from here on, as far as the course has room; returns the rates (R, T)."""
        ahead = position % TABLE_STEPS
        count = min(TABLE_STEPS, self.run.batches.steps - position + ahead)
        with timing(self.run.profile, "update"):
            table, rates = coefficient_table(self.run, self.step - ahead, count)
            self.course.lay_out_coefficients(table)
        return rates

    def _rows(self) -> Index:
        one, rows = self.settings, self.run.batches.rows
        return orders(self._rules.order_seed, self.epoch, rows, shuffle=one.shuffle, sampling=one.sampling)

    def _may_go_on(self) -> bool:
        """Asked between two steps of an epoch: whether anyone goes on."""
        return not self._asked_to_end() or self._anyone()

    def _asked_to_end(self) -> bool:
        """After a step: end the members whose time is over, and all when it was interrupted."""
        limits, interrupted = self._rules.max_seconds, self.interrupted()
        if limits is not None:
            self._look_at_the_clock()
            self._end("max_seconds", self.seconds >= limits)
        if interrupted:
            self._end("interrupted", True)
        return interrupted or limits is not None

    def _figures(self) -> Figures:
        """The epoch's train_loss and objective, and what the validation rows say when it is their turn."""
        run = self.run
        total = run.backend.to_host(run.population["total"])
        loss = total[:, 0] / total[:, 1]
        figures = {"train_loss": loss, "objective": loss + self._penalty()}
        if self.validation and self._due():
            values = self.validation.figures()
            figures |= {f"val_{name}": value for name, value in values.items()}
        return figures

    def _sound(self, figures: Figures) -> Flags:
        """Members whose figures and weights are all finite numbers.

        The last step's damage has not shown in a loss yet, and units that saturate show no damage at all.
        """
        finite = self.run.backend.xp.isfinite(self.run.population["parameters"]).all(axis=1)
        sound: Flags = self.run.backend.to_host(finite)
        for values in figures.values():
            sound = sound & np.isfinite(values)
        return sound

    def _due(self) -> bool:
        return self.epoch % self.settings.evaluate_every == 0 or self.epoch == self.settings.epochs

    def _penalty(self) -> npt.NDArray[np.float64]:
        """l2/2·ΣW² + l1·Σ|W| of each member, with the weights as they are."""
        population, layout = self.run.population, self.run.layout
        l1, l2 = (penalty(population, layout, name) for name in ("l1", "l2"))
        total = np.zeros(population.size)
        for start, stop, group in ranges(layout):
            if ((l1[:, group] > 0) | (l2[:, group] > 0)).any():
                total = total + self._penalty_of(slice(start, stop), l1[:, group], l2[:, group])
        return total

    def _penalty_of(self, part: slice, l1: Floats, l2: Floats) -> Floats:
        """The penalty (R,) on some of the parameters, with l1 and l2 (R,) of their group."""
        xp, weights = self.run.backend.xp, self.run.population["parameters"][:, part]
        sizes = xp.absolute(weights.astype(np.float64))
        sums = sizes.sum(axis=1)
        sizes *= sizes
        sums, squares = self.run.backend.to_host(xp.stack([sums, sizes.sum(axis=1)]))
        return np.where(l1 > 0, l1 * sums, 0.0) + np.where(l2 > 0, 0.5 * l2 * squares, 0.0)

    def _observe(self, figures: Figures, sound: Flags) -> tuple[Flags, Flags]:
        """Which members got better and which shall stop, in an epoch that is evaluated."""
        size = self.run.population.size
        if not self._due():
            return np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
        if self.run.plateau is not None:
            self.run.plateau.observe(figures[self.run.plateau.monitor], self.run.population.members.schedule)
        values = figures[self.run.monitor]
        return self.run.stopping.observe(values, self.epoch, self._rules.early_stopping, sound)

    def _keep_best(self, better: Flags) -> None:
        population = self.run.population
        if self._restores() and better.any():
            rows = np.flatnonzero(better)
            for name in ("parameters", "statistics"):
                population[f"best_{name}"][rows] = population[name][rows]

    def _restores(self) -> bool:
        stopping = self.settings.early_stopping
        return stopping is not None and stopping.restore_best

    def _ask_to_prune(self, done: EpochDone) -> None:
        if self.prune is not None:
            self._end("pruned", np.isin(self.run.population["original"], list(self.prune(done))))

    def _end(self, reason: str, flags: Flags | bool) -> None:
        """End the flagged members (R,) that are still active, so that the first reason counts."""
        rows = np.flatnonzero(self.run.population["active"] & flags)
        if len(rows):
            self._finish(rows, reason)

    def _finish(self, rows: npt.NDArray[np.intp], reason: str) -> None:
        """Copy members out, since their rows go on being computed until they are moved."""
        population = self.run.population
        originals, best_epochs = population["original"][rows], population["best_epoch"][rows]
        # the weights that reached the target are what was asked for
        restored = (best_epochs > 0) & (self._restores() and reason != "target")
        for best, these in (("best_", restored), ("", ~restored)):
            if these.any():
                self._copy_out(best, rows[these], originals[these])
        population["active"][rows] = False
        for original, best_epoch, back in zip(originals, best_epochs, restored, strict=True):
            end = (self.epoch, self.step, reason, int(best_epoch) or None, bool(back))
            stopped = MemberStopped(int(original), *end)
            self.ended[int(original)] = stopped
            self.news.append(stopped)

    def _copy_out(self, best: str, rows: npt.NDArray[np.intp], originals: npt.NDArray[np.intp]) -> None:
        """Weights and statistics of these rows, or their best, are what those members end with."""
        for name, kept in (("parameters", self.run.final), ("statistics", self.run.final_statistics)):
            kept[originals] = self.run.backend.to_host(self.run.population[f"{best}{name}"][rows])


def watched(run: TrainingRun) -> list[str]:
    """The metrics of the validation rows that the run is steered by."""
    names = (run.monitor, *run.experiment.watched.values())
    return list(dict.fromkeys(name.removeprefix("val_") for name in names if _of_validation(name)))


def _of_validation(figure: str) -> bool:
    return figure.startswith("val_") and figure.removeprefix("val_") in metrics
