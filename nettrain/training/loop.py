"""The training loop: it runs steps, evaluates and stops members, and yields what happens as events."""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from time import perf_counter

import numpy as np

from nettrain.backend.base import Flags
from nettrain.inference.evaluate import Figures
from nettrain.training.control.endings import Endings
from nettrain.training.control.epoch_metrics import EpochMetrics
from nettrain.training.control.evaluations import EvaluationPlan
from nettrain.training.control.monitors import reached
from nettrain.training.diagnostics.layer_diagnostics import LayerDiagnostics
from nettrain.training.diagnostics.layer_meter import LayerMeter
from nettrain.training.diagnostics.profile import timing
from nettrain.training.events import EpochDone, Event, TrainingDone
from nettrain.training.progress import Progress
from nettrain.training.run import TrainingRun
from nettrain.training.step.epoch_steps import EpochSteps
from nettrain.training.step.loss_table import step_losses
from nettrain.training.step.pace import Pace

Prune = Callable[[EpochDone], Iterable[int]]


def never() -> bool:
    """The default of `interrupted`: the training goes on."""
    return False


def train(
    run: TrainingRun,
    interrupted: Callable[[], bool] = never,
    prune: Prune | None = None,
    clock: Callable[[], float] = perf_counter,
    moment: float | None = None,
) -> Iterator[Event]:
    """Train a population to its end.

    `interrupted` is called between steps, about once in a `moment`, and says whether to stop there: every
    50 ms by default, or with EVERY_STEP after each step. `prune` is called with every EpochDone and returns
    the members to stop after it, by their number at the start. Yields an EpochDone for each epoch, a
    MemberStopped when a member stops, and one TrainingDone at the end.
    """
    yield from TrainingLoop(run, interrupted, prune, clock, moment).events()


class TrainingLoop:
    """The loop over the epochs of a run.

    Between two events its whole state is `progress`, how members have stopped, and the arrays of the
    population: `training.resumption` takes snapshots of it and restores them.
    """

    def __init__(
        self,
        run: TrainingRun,
        interrupted: Callable[[], bool] = never,
        prune: Prune | None = None,
        clock: Callable[[], float] = perf_counter,
        moment: float | None = None,
    ) -> None:
        self.run, self.interrupted = run, interrupted
        self._prune, self._clock = prune, clock
        self._pace = Pace(clock, moment)
        self.progress = Progress()
        self.endings = Endings(run, self.progress)
        self._settings = run.experiment.training
        self._evaluations = EvaluationPlan.of(self._settings, run.data.batches.steps)
        with timing(run.profile, "preparing"):
            self.rebuild()

    def rebuild(self) -> None:
        """Make the steps and the evaluation for the population as it is now."""
        self._meter = LayerMeter(self.run) if self.run.measures_layers else None
        self.steps = EpochSteps(self.run, self._pace, self._meter.norms if self._meter else None)
        self._metrics = EpochMetrics(self.run)

    def events(self) -> Generator[Event, None, None]:
        """Train to the end, and yield what happens.

        Threads and copies of the run end with it, also when the iterator is closed early.
        """
        try:
            yield from self._events()
        finally:
            self.run.close()

    def _events(self) -> Iterator[Event]:
        self._started = self._clock() - self.progress.seconds
        if self.run.recorded and self.progress.step == 0:
            yield self._before_training()
        while self.progress.epoch < self._settings.epochs and self._any_active():
            # a member that diverges is reported as an event, not by NumPy's warnings
            with np.errstate(over="ignore", invalid="ignore"):
                done = self._epoch()
            if done is not None:
                yield done
                self._end_pruned(done)
                self._end_at_limits()  # now: whoever has seen the event may want to stop
            yield from self.endings.report()
            self._compact()
        self._read_clock()
        yield self._training_done()

    def _before_training(self) -> EpochDone:
        """Epoch 0: the figures of the networks as they begin, of which nothing is decided."""
        size = self.run.population.size
        with np.errstate(over="ignore", invalid="ignore"), timing(self.run.profile, "evaluation"):
            figures = self._metrics.evaluate()
        nobody = np.zeros(size, dtype=bool)
        done = self._epoch_done(figures, nobody, 0.0, 0.0, evaluated=True, diagnostics=self._measure_layers())
        unknown = np.full(len(done.members), np.nan)
        return replace(done, learning_rate=unknown, factors=dict.fromkeys(done.factors, unknown))

    def _any_active(self) -> bool:
        return bool(self.run.population["active"].any())

    def _read_clock(self) -> None:
        self.progress.seconds = self._clock() - self._started

    def _training_done(self) -> TrainingDone:
        progress = self.progress
        times = progress.step_seconds, progress.seconds
        return TrainingDone(progress.epoch, progress.step, *times, self.run.final.parameters)

    def _compact(self) -> None:
        population = self.run.population
        if population.should_compact():
            with timing(self.run.profile, "preparing"):
                population.compact(population["active"])
                self.rebuild()

    @property
    def epochs_done(self) -> float:
        """The `epoch` of the last evaluation that could be, with parts of the epoch that is under way."""
        return self._evaluations.epochs_done(self.progress)

    def _epoch(self) -> EpochDone | None:
        """One epoch or a part of one, its evaluation and who ends; None when no member completed it."""
        started, before = self._clock(), self.progress.step_seconds
        if not self._run_steps():
            return None
        whole, steps = self.progress.position == 0, self._evaluations.steps
        self.progress.epoch += whole
        losses = step_losses(self.run, self.progress.step, self.progress.position or steps)
        evaluated = not whole or self._evaluations.is_evaluated(self.progress.epoch)
        with timing(self.run.profile, "evaluation"):
            figures = self._metrics.compute(self.progress.position or steps, evaluated=evaluated)
            finite = self._metrics.finite(figures)
            better, exhausted = self._observe(figures, finite, evaluated=evaluated)
            diagnostics = self._measure_layers() if evaluated and whole else None
        times = self.progress.step_seconds - before, self._clock() - started
        done = self._epoch_done(figures, better, *times, evaluated=evaluated, diagnostics=diagnostics)
        if losses is not None:
            done = replace(done, steps=losses.of_rows(self.run.population["active"]))
        if whole:
            self._end_members(figures, finite, exhausted)
        else:
            self._end_members_early(figures, finite, exhausted)
        return done

    def _run_steps(self) -> bool:
        """The steps of an epoch, or of its next part; False when no member completed them."""
        if self.progress.position == 0:
            self._start_epoch()
        started = self._clock()
        try:
            last = self._evaluations.next_stop(self.progress.position)
            return self.steps.run(self.progress, last, self._may_continue)
        finally:
            self.progress.step_seconds += self._clock() - started

    def _start_epoch(self) -> None:
        population = self.run.population
        population["total"][:] = 0
        self._metrics.start_epoch()
        self.run.monitors.convergence.start_epoch(population.members.training.convergence)

    def _may_continue(self) -> bool:
        """Called between steps of an epoch, once in a moment: whether any member goes on."""
        return not self._end_at_limits() or self._any_active()

    def _end_at_limits(self) -> bool:
        """After a step, end members whose time is over, and all when interrupted. Whether any may have."""
        limits, interrupted = self.run.population.members.training.max_seconds, self.interrupted()
        if limits is not None:
            self._read_clock()
            self.endings.end("max_seconds", self.progress.seconds >= np.asarray(limits))
        if interrupted:
            self.endings.end("interrupted", True)
        return interrupted or limits is not None

    def _observe(self, figures: Figures, finite: Flags, *, evaluated: bool) -> tuple[Flags, Flags]:
        """Which members are better than ever, and which have no patience left."""
        run = self.run
        better = exhausted = np.zeros(run.population.size, dtype=bool)
        if evaluated:
            better, exhausted = run.monitors.observe(run.population, figures, self.epochs_done, finite)
        self.endings.save_best(better)
        if self.progress.position == 0:
            run.monitors.snapshots.observe(self.progress.epoch)
        return better, exhausted

    def _measure_layers(self) -> LayerDiagnostics | None:
        """The diagnostics of the layers after an epoch, or before the first one, if they are asked for."""
        if self._meter is None:
            return None
        if self.progress.epoch == 0:
            self._meter.start()
        return self._meter.measure(self.run.population["active"], stepped=self.progress.epoch > 0)

    def _epoch_done(
        self,
        figures: Figures,
        better: Flags,
        step_seconds: float,
        seconds: float,
        *,
        evaluated: bool,
        diagnostics: LayerDiagnostics | None,
    ) -> EpochDone:
        population = self.run.population
        active = population["active"]
        factors = self.run.schedule.factors(np.array([self.progress.step - 1.0]))
        return EpochDone(
            epoch=self.epochs_done,
            epochs=self._settings.epochs,
            step=self.progress.step,
            members=population["original"][active],
            learning_rate=population["rate"][active],
            figures={name: values[active] for name, values in figures.items()},
            better=better[active],
            evaluated=evaluated,
            step_seconds=step_seconds,
            seconds=seconds,
            diagnostics=diagnostics,
            factors={name: values[active, 0] for name, values in factors.items()},
        )

    def _end_members(self, figures: Figures, finite: Flags, exhausted: Flags) -> None:
        """End members after an epoch; of several reasons the first counts."""
        population, end = self.run.population, self.endings.end
        convergence = population.members.training.convergence
        converged = self.run.monitors.convergence.observe(self._metrics.objective(figures), convergence)
        end("diverged", ~finite)
        end("target", reached(figures, self._settings.target))
        end("early_stopping", exhausted)
        end("converged", converged)
        if "at_rest" in population:
            end("converged", population["at_rest"] & ~population["stalled"])
            end("line_search", population["stalled"])
        end("epochs", self.progress.epoch == self._settings.epochs)

    def _end_members_early(self, figures: Figures, finite: Flags, exhausted: Flags) -> None:
        """End members within an epoch; those that diverge go on until its end."""
        self.endings.end("target", finite & reached(figures, self._settings.target))
        self.endings.end("early_stopping", finite & exhausted)

    def _end_pruned(self, done: EpochDone) -> None:
        if self._prune is not None:
            members = list(self._prune(done))
            self.endings.end("pruned", np.isin(self.run.population["original"], members))
