"""The training of a chunk of trials from rung to rung, in one population or, where folds need it, several."""

import math
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter

import numpy as np

from nettrain.data.prepare import Prepared
from nettrain.sweep.fold_figures import mean
from nettrain.sweep.fold_results import trial_result
from nettrain.sweep.kept_networks import KeptNetworks, TrialNetwork
from nettrain.sweep.messages import (
    ChunkProgress,
    ExchangeChunk,
    FromWorker,
    GoOn,
    RungReached,
    TrialChunk,
    TrialResult,
    TrialsEnded,
)
from nettrain.sweep.population_training import EndedNetwork, PopulationTraining

RESULTS_INTERVAL = 1.0  # seconds for which results are gathered before they are sent
PROGRESS_INTERVAL = 0.25  # seconds between two messages about progress


class ChunkTraining:
    """A chunk in training, on the data of each fold; the trials in `pruned` stop at the rung where it waits.

    A trial has its result when its networks of all folds have ended.
    """

    def __init__(self, chunk: TrialChunk, data: Sequence[Prepared], device: int | None = None) -> None:
        self.chunk, self.pruned = chunk, set[int]()
        self._populations = [self._population(folds, data, device) for folds in chunk.populations]
        self._rungs: dict[int, dict[int, float]] = {
            trial: {} for trial in chunk.trials
        }  # the metric by epoch
        self._ended: dict[int, dict[int, EndedNetwork]] = {trial: {} for trial in chunk.trials}  # by fold
        self._sent = dict.fromkeys((RESULTS_INTERVAL, PROGRESS_INTERVAL), perf_counter())
        self._messages = self._train()

    @np.errstate(all="ignore")  # what is not finite is reported in words
    def train_to_rung(self, send: Callable[[FromWorker], None]) -> bool:
        """Train to the next rung or to the end, sending messages; returns whether it waits at a rung."""
        for message in self._messages:
            send(message)
            if isinstance(message, RungReached):
                return True
        return False

    def go_on(self, task: GoOn) -> None:
        """Do what was decided at the rung where the chunk waits, before it trains to the next one."""
        if isinstance(task, ExchangeChunk):
            self._exchange(task)
        else:
            self.pruned |= set(task.pruned)

    def _exchange(self, task: ExchangeChunk) -> None:
        """Let each trial go on from the weights of its parent."""
        places = {trial: row for row, trial in enumerate(self.chunk.trials)}
        (population,) = self._populations
        population.exchange([places[parent] for parent in task.parents], task.experiments)

    def _population(
        self, folds: Sequence[int], data: Sequence[Prepared], device: int | None
    ) -> PopulationTraining:
        chunk = self.chunk
        places = [(fold, row) for fold in folds for row in range(len(chunk.trials))]
        networks = [TrialNetwork(chunk.trials[row], fold) for fold, row in places]
        epochs = chunk.experiments[0][0].training.epochs
        watcher = None if chunk.watcher is None else chunk.watcher.watch(networks, self._folds, epochs)
        kept = None if chunk.kept_in is None else KeptNetworks(chunk.kept_in, self._folds)
        return PopulationTraining(
            networks,
            [chunk.experiments[row][fold] for fold, row in places],
            [data[fold] for fold, _ in places],
            chunk.metric,
            self.pruned,
            device,
            measured=chunk.measured,
            deadline=chunk.deadline,
            evolves=chunk.evolves,
            kept=kept,
            watcher=watcher,
        )

    def _train(self) -> Iterator[FromWorker]:
        self._sent = dict.fromkeys(self._sent, perf_counter())
        for rung in (*self.chunk.rungs, None):
            for population in self._populations:
                yield from self._train_population(population, rung)
            if rung is not None and any(population.at_rung for population in self._populations):
                if self._has_stopped:  # a bracket may be waiting for just these
                    yield self._take_ended(chunk_done=False)
                yield self._rung_reached(rung)
        yield self._take_ended(chunk_done=True)

    def _train_population(self, population: PopulationTraining, rung: int | None) -> Iterator[FromWorker]:
        for event in population.train_to_rung(rung):
            if event.epoch != rung and self._is_time(PROGRESS_INTERVAL):
                yield self._progress()
            if self._has_stopped and self._is_time(RESULTS_INTERVAL):
                yield self._take_ended(chunk_done=False)

    def _is_time(self, interval: float) -> bool:
        """Whether the last message of this interval was sent longer ago; if so, the time starts again."""
        now = perf_counter()
        if now - self._sent[interval] <= interval:
            return False
        self._sent[interval] = now
        return True

    def _progress(self) -> ChunkProgress:
        populations = self._populations
        epoch = sum(one.epoch for one in populations) // len(populations)
        return ChunkProgress(
            self.chunk.number, epoch, populations[0].epochs, sum(one.active for one in populations)
        )

    @property
    def _has_stopped(self) -> bool:
        """Whether networks have stopped whose figures have not been taken."""
        return any(population.has_stopped for population in self._populations)

    def _rung_reached(self, rung: int) -> RungReached:
        """The metric of the trials that still train; their results will have it too."""
        by_trial: dict[int, dict[int, float]] = {}
        for population in self._populations:
            for network, figure in population.rung_figures().items():
                by_trial.setdefault(network.trial, {})[network.fold] = figure
        figures = {trial: self._rung_mean(trial, figures) for trial, figures in by_trial.items()}
        for trial, figure in figures.items():
            self._rungs[trial][rung] = figure
        return RungReached(self.chunk.number, rung, figures)

    def _rung_mean(self, trial: int, figures: dict[int, float]) -> float:
        """The mean of a trial's metric, by fold, at a rung; for folds that have ended the final one."""
        ended = self._ended[trial]
        if any(one.reason == "diverged" for one in ended.values()):
            return math.nan
        final = {fold: one.figures[self.chunk.metric] for fold, one in ended.items()}
        return mean([value for _, value in sorted({**final, **figures}.items())])

    def _take_ended(self, *, chunk_done: bool) -> TrialsEnded:
        """The results of the trials whose last network has stopped since the last call."""
        ended = [one for population in self._populations for one in population.take_ended()]
        for one in ended:
            self._ended[one.network.trial][one.network.fold] = one
        done = dict.fromkeys(one.network.trial for one in ended)
        results = [self._result(trial) for trial in done if len(self._ended[trial]) == self._folds]
        return TrialsEnded(self.chunk.number, tuple(results), chunk_done)

    @property
    def _folds(self) -> int:
        return len(self.chunk.experiments[0])

    def _result(self, trial: int) -> TrialResult:
        networks = [one for _, one in sorted(self._ended[trial].items())]
        return trial_result(networks, self._rungs[trial], self.chunk.networks)
