"""The sweep itself: it gives chunks to workers, decides brackets, and tells what happens as events.

What it decides follows from the figures alone, never from who was first: only the order of the journal's
lines and the times differ between two sweeps of the same file.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from nettrain.sweep.halving import Bracket
from nettrain.sweep.messages import Broken, Continue, Ended, Report, Result, TrialChunk, Waiting, Working
from nettrain.sweep.ranking import Goal
from nettrain.sweep.worker_pool import Died, Worker, WorkerPool

BEAT = 0.1  # seconds between two events when nothing happens
ATTEMPTS = 2  # of a trial whose worker dies


@dataclass(frozen=True)
class SweepProgress:
    """How the sweep stands: results that are new, what each worker does, and what is to be said."""

    new: tuple[Result, ...]
    working: tuple[Working, ...]
    left: float  # share of this run's work that is still to do
    seconds: float  # since the first worker was ready
    notes: tuple[str, ...] = ()


@dataclass
class Scheduler:
    """Who does what next."""

    chunks: deque[TrialChunk]
    brackets: dict[int, Bracket]  # by trial
    goal: Goal
    results: dict[int, Result] = field(default_factory=dict)
    started: dict[int, TrialChunk] = field(default_factory=dict)
    reached: dict[int, int] = field(default_factory=dict)  # the rung of each chunk that waits
    attempts: Counter[int] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)  # to be told with the next event
    halved: bool = False
    next_number: int = 0

    def next_order(self, worker: Worker) -> TrialChunk | Continue | None:
        """What an idle worker shall do: what waits in it before anything new."""
        for number in sorted(worker.waiting):
            chunk = self.started[number]
            goes_on = self._survivors(chunk, self.reached[number])
            if goes_on is not None:
                worker.waiting.remove(number)
                return Continue(number, tuple(trial for trial in chunk.trials if trial not in goes_on))
        if not self.chunks:
            return None
        chunk = self.chunks.popleft()
        self.next_number += 1
        chunk = chunk.only(chunk.trials, self.next_number)
        self.started[chunk.number] = chunk
        return chunk

    def _survivors(self, chunk: TrialChunk, rung: int) -> tuple[int, ...] | None:
        found: set[int] = set()
        for trial in chunk.trials:
            survivors = self.brackets[trial].survivors(rung)
            if survivors is None:
                return None
            found |= set(survivors)
        return tuple(found)

    def waits(self, worker: Worker, report: Waiting) -> None:
        """A chunk has come to a rung."""
        worker.busy = None
        worker.waiting.add(report.chunk)
        self.reached[report.chunk] = report.rung
        for trial, figure in report.figures.items():
            self.brackets[trial].reached(report.rung, trial, self.goal.sign * figure)

    def ended(self, result: Result) -> None:
        """A trial has its result, now or in an earlier sweep."""
        self.results[result.trial] = result
        if result.trial in self.brackets:
            rungs = [(rung, self.goal.sign * value) for rung, value in result.rungs.items()]
            self.brackets[result.trial].ended(result.trial, self.goal.rank(result), rungs)

    def failed(self, chunk: TrialChunk, message: str) -> list[Result]:
        """A chunk has come to nothing: its trials are tried once more, each alone; or have failed."""
        given_up = []
        for trial in self._open(chunk):
            self.attempts[trial] += 1
            if self.attempts[trial] < ATTEMPTS:
                self.chunks.appendleft(chunk.only((trial,), 0))
            else:
                given_up.append(Result(trial, "failed", message=message))
        return given_up

    def short(self, chunk: TrialChunk, message: str) -> list[Result]:
        """A device has no room for a chunk: its trials are trained in two halves; one alone has failed."""
        left = self._open(chunk)
        if len(left) < 2:
            return [Result(trial, "failed", message=message) for trial in left]
        middle = (len(left) + 1) // 2
        self.chunks.extendleft(chunk.only(some, 0) for some in (left[middle:], left[:middle]))
        if not self.halved:
            self.notes.append(f"{message}; populations that do not fit, as this of {len(left)}, are halved")
            self.halved = True
        return []

    def lost(self, worker: Worker, code: int | None) -> list[Result]:
        """A worker has died: what it trained has failed once, what waited in it begins again."""
        for number in worker.waiting:
            chunk = self.started[number]
            if self._open(chunk):
                self.chunks.appendleft(chunk.only(self._open(chunk), 0))
        if worker.busy is None:
            return []
        return self.failed(self.started[worker.busy], f"its process ended (exit code {code})")

    def under_way(self, working: Iterable[Working]) -> float:
        """The cost of epochs that are done in chunks which are not."""
        done = 0.0
        for one in working:
            chunk = self.started[one.chunk]
            done += chunk.cost * len(self._open(chunk)) / len(chunk.trials) * one.epoch / one.epochs
        return done

    def _open(self, chunk: TrialChunk) -> tuple[int, ...]:
        return tuple(trial for trial in chunk.trials if trial not in self.results)


def search(
    chunks: Sequence[TrialChunk],
    brackets: Sequence[Bracket],
    known: Sequence[Result],
    *,
    goal: Goal,
    crew: WorkerPool,
    interrupted: Callable[[], bool],
) -> Iterator[SweepProgress]:
    """Train all chunks; `known` are results of trials that are not in them. Ends early when interrupted."""
    by_trial = {trial: bracket for bracket in brackets for trial in bracket.trials}
    scheduler = Scheduler(deque(chunks), by_trial, goal)
    for result in known:
        scheduler.ended(result)
    missing = {trial: chunk.cost / len(chunk.trials) for chunk in chunks for trial in chunk.trials}
    total, working = sum(missing.values()), dict[Worker, Working]()
    while missing and not interrupted():
        _give_orders(crew, scheduler)
        new: list[Result] = []
        for worker, report in crew.reports(BEAT):
            new += _hear(scheduler, worker, report, working)
        for result in new:
            scheduler.ended(result)
            missing.pop(result.trial, None)
        left = sum(missing.values()) - scheduler.under_way(working.values())
        notes, scheduler.notes = tuple(scheduler.notes), []
        yield SweepProgress(tuple(new), tuple(working.values()), max(left, 0.0) / total, crew.seconds, notes)


def _give_orders(crew: WorkerPool, scheduler: Scheduler) -> None:
    for worker in crew.workers:
        if worker.ready and worker.busy is None:
            order = scheduler.next_order(worker)
            if order is not None:
                worker.busy = order.chunk if isinstance(order, Continue) else order.number
                crew.send(worker, order)


def _hear(
    scheduler: Scheduler, worker: Worker, report: Report | Died, working: dict[Worker, Working]
) -> list[Result]:
    """Take in what a worker says; the results that it brings."""
    if isinstance(report, Working):
        working[worker] = report
        return []
    if isinstance(report, Ended):
        if report.over:
            worker.busy = None
            working.pop(worker, None)
        return list(report.results)
    working.pop(worker, None)
    if isinstance(report, Waiting):
        scheduler.waits(worker, report)
    elif isinstance(report, Broken):
        worker.busy = None
        met = scheduler.short if report.short else scheduler.failed
        return met(scheduler.started[report.chunk], report.message)
    elif isinstance(report, Died):
        return scheduler.lost(worker, report.code)
    return []
