"""The decisions of a sweep: which worker trains what next, and what happens after a failure."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from nettrain.sweep.evolution import EvolvingBracket
from nettrain.sweep.halving import Bracket
from nettrain.sweep.messages import (
    ChunkProgress,
    ExchangeChunk,
    ResumeChunk,
    RungReached,
    Task,
    TrialChunk,
    TrialResult,
)
from nettrain.sweep.ranking import Goal
from nettrain.sweep.worker_pool import Worker, WorkerLost

ATTEMPTS = 2  # at a trial whose worker dies
LOSSES = 3  # of workers of a cluster, after which the trials of a chunk are tried each alone


@dataclass
class Scheduler:
    """The state of a sweep: chunks that wait for a worker, brackets by trial, and results so far."""

    chunks: deque[TrialChunk]
    brackets: dict[int, Bracket]  # by trial
    goal: Goal
    results: dict[int, TrialResult] = field(default_factory=dict)
    started: dict[int, TrialChunk] = field(default_factory=dict)  # by number
    rungs: dict[int, int] = field(default_factory=dict)  # of each chunk that waits for a decision
    attempts: Counter[int] = field(default_factory=Counter)  # that failed, by trial
    losses: Counter[int] = field(default_factory=Counter)  # of a cluster's workers, by trial
    notes: list[str] = field(default_factory=list)  # that are still to be shown
    has_halved: bool = False
    last_number: int = 0

    def extend(self, chunks: Iterable[TrialChunk], brackets: Iterable[Bracket], notes: Iterable[str]) -> None:
        """Add further chunks behind those that wait, with the brackets of their trials."""
        self.chunks.extend(chunks)
        self.brackets |= by_trial(brackets)
        self.notes += notes

    def next_task(self, worker: Worker) -> Task | None:
        """What an idle worker does next: a chunk that waits in it before a new one."""
        for number in sorted(worker.waiting):
            chunk = self.started[number]
            population = self.brackets[chunk.trials[0]]
            if isinstance(population, EvolvingBracket):
                worker.waiting.remove(number)
                return exchanged(chunk, population, self.rungs[number])
            survivors = self._survivors(chunk, self.rungs[number])
            if survivors is not None:
                worker.waiting.remove(number)
                return ResumeChunk(number, tuple(trial for trial in chunk.trials if trial not in survivors))
        return self._start(self.chunks.popleft()) if self.chunks else None

    def rung_reached(self, worker: Worker, report: RungReached) -> None:
        """A chunk has come to a rung, and waits in its worker."""
        worker.busy = None
        worker.waiting.add(report.chunk)
        self.rungs[report.chunk] = report.rung
        for trial, figure in report.figures.items():
            self.brackets[trial].add_score(report.rung, trial, self.goal.sign * figure)

    def add_result(self, result: TrialResult) -> None:
        """A trial has its result, now or from an earlier run of the sweep."""
        self.results[result.trial] = result
        if result.trial in self.brackets:
            rungs = [(rung, self.goal.sign * figure) for rung, figure in result.rungs.items()]
            self.brackets[result.trial].end(result.trial, self.goal.score(result), rungs)

    def retry(self, chunk: TrialChunk, message: str) -> list[TrialResult]:
        """A chunk has failed: its trials are tried again, each alone; returns those that fail for good."""
        if chunk.evolves:
            return self._retry_whole(chunk, message)
        failed = []
        for trial in self._unfinished(chunk):
            self.attempts[trial] += 1
            if self.attempts[trial] < ATTEMPTS:
                self.chunks.appendleft(chunk.subset((trial,), 0))
            else:
                failed.append(TrialResult(trial, "failed", message=message))
        return failed

    def halve(self, chunk: TrialChunk, message: str) -> list[TrialResult]:
        """A device has no room for a chunk: it is trained in two halves; a single trial has failed."""
        trials = self._unfinished(chunk)
        if len(trials) < 2 or chunk.evolves:
            return [TrialResult(trial, "failed", message=message) for trial in trials]
        middle = (len(trials) + 1) // 2
        self.chunks.extendleft(chunk.subset(half, 0) for half in (trials[middle:], trials[:middle]))
        if not self.has_halved:
            self.notes.append(f"{message}; populations that do not fit, as this of {len(trials)}, are halved")
            self.has_halved = True
        return []

    def worker_died(self, worker: Worker, code: int | None) -> list[TrialResult]:
        """The chunk that a dead worker trained has failed; those that waited in it begin again."""
        self._begin_again(worker.waiting)
        if worker.busy is None:
            return []
        return self.retry(self.started[worker.busy], f"its process ended (exit code {code})")

    def worker_lost(self, worker: Worker, lost: WorkerLost) -> list[TrialResult]:
        """A worker has left a cluster: its chunks begin again.

        Only a chunk that has lost several workers is taken for the cause. Then it has failed, and its trials
        are tried again, each alone.
        """
        self._begin_again(worker.waiting)
        if worker.busy is None:
            return []
        chunk = self.started[worker.busy]
        if not lost.expected:
            trials = self._unfinished(chunk)
            self.losses.update(trials)
            if any(self.losses[trial] >= LOSSES for trial in trials):
                message = f"its worker {lost.address} was lost: killed, or out of memory"
                return self.retry(chunk, message)
        self._begin_again({worker.busy})
        return []

    def cost_done(self, running: Iterable[ChunkProgress]) -> float:
        """The cost of the epochs that are done in chunks which still train."""
        return sum((self._cost_done(progress) for progress in running), 0.0)

    def take_notes(self) -> tuple[str, ...]:
        """The notes since the last call."""
        notes, self.notes = tuple(self.notes), []
        return notes

    def _begin_again(self, numbers: Iterable[int]) -> None:
        for number in sorted(numbers):
            chunk = self.started[number]
            if trials := self._unfinished(chunk):
                self.chunks.appendleft(chunk.subset(trials, 0))

    def _retry_whole(self, chunk: TrialChunk, message: str) -> list[TrialResult]:
        """As `retry`, of trials that take over each other's weights."""
        self.attempts[chunk.trials[0]] += 1
        if self.attempts[chunk.trials[0]] < ATTEMPTS:
            self.chunks.appendleft(chunk.subset(chunk.trials, 0))
            return []
        return [TrialResult(trial, "failed", message=message) for trial in chunk.trials]

    def _start(self, chunk: TrialChunk) -> TrialChunk:
        self.last_number += 1
        numbered = chunk.subset(chunk.trials, self.last_number)
        self.started[numbered.number] = numbered
        return numbered

    def _survivors(self, chunk: TrialChunk, rung: int) -> set[int] | None:
        """The trials that continue after a rung, None while one of the brackets is undecided."""
        survivors: set[int] = set()
        for trial in chunk.trials:
            decided = self.brackets[trial].survivors(rung)
            if decided is None:
                return None
            survivors |= set(decided)
        return survivors

    def _cost_done(self, progress: ChunkProgress) -> float:
        chunk = self.started[progress.chunk]
        share = len(self._unfinished(chunk)) / len(chunk.trials)
        return chunk.cost * share * progress.epoch / progress.epochs

    def _unfinished(self, chunk: TrialChunk) -> tuple[int, ...]:
        return tuple(trial for trial in chunk.trials if trial not in self.results)


def by_trial(brackets: Iterable[Bracket]) -> dict[int, Bracket]:
    """The bracket of each trial."""
    return {trial: bracket for bracket in brackets for trial in bracket.trials}


def exchanged(chunk: TrialChunk, population: EvolvingBracket, rung: int) -> ExchangeChunk:
    """How a chunk goes on that has come to a rung at which trials take over the weights of others."""
    parents = {one.trial: one.parent for one in population.taken_over(rung)}
    experiments = population.make(population.values_after(rung))
    return ExchangeChunk(
        chunk.number,
        tuple(parents.get(trial, trial) for trial in chunk.trials),
        tuple(experiments[trial] for trial in chunk.trials),
    )
