"""The main loop of a sweep: it gives chunks to workers, handles their messages and yields its progress.

Its decisions follow from the trials' metrics alone, never from which worker was first. Two sweeps of the
same file differ only in the order of lines in their journals, and in the times.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nettrain.sweep.halving import Bracket
from nettrain.sweep.messages import (
    ChunkFailed,
    ChunkProgress,
    ChunkTooLarge,
    RungReached,
    TrialChunk,
    TrialResult,
    TrialsEnded,
)
from nettrain.sweep.ranking import Goal
from nettrain.sweep.scheduler import Scheduler, by_trial
from nettrain.sweep.worker_pool import Report, W, Worker, WorkerDied, WorkerLost, WorkerPool

INTERVAL = 0.1  # seconds between two events when nothing happens

Running = dict[Worker, ChunkProgress]


@dataclass(frozen=True)
class SweepProgress:
    """How far a sweep has come since the last such event."""

    new_results: tuple[TrialResult, ...]
    running: tuple[ChunkProgress, ...]
    remaining: float  # share of this run's work
    seconds: float  # since the first worker was ready
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Extension:
    """Further chunks, the brackets of their trials, and notes on their data.

    `refused` are the results of trials that are not to be trained.
    """

    chunks: Sequence[TrialChunk]
    brackets: Sequence[Bracket]
    notes: Sequence[str] = ()
    refused: Sequence[TrialResult] = ()


def nothing() -> None:
    """The default of `further`: the trials are all known."""


def train_chunks(
    chunks: Sequence[TrialChunk],
    brackets: Sequence[Bracket],
    known: Sequence[TrialResult],
    *,
    goal: Goal,
    pool: WorkerPool[W],
    interrupted: Callable[[], bool],
    further: Callable[[], Extension | None] = nothing,
) -> Iterator[SweepProgress]:
    """Train all chunks, or until interrupted; `known` are results of trials that are not in the chunks.

    `further` is called while a worker has nothing to do, and may add to the chunks.
    """
    scheduler = Scheduler(deque(chunks), by_trial(brackets), goal)
    for result in known:
        scheduler.add_result(result)
    costs = _costs(chunks)
    total, running = sum(costs.values()), Running()
    while not interrupted():
        assign_tasks(pool, scheduler)
        if any(worker.ready and worker.busy is None for worker in pool.workers) or not costs:
            more = further()
            if more is not None:
                scheduler.extend(more.chunks, more.brackets, more.notes)
                added = _costs(more.chunks)
                costs, total = costs | added, total + sum(added.values())
                if more.refused:
                    left = sum(costs.values()) / total if total else 0.0
                    yield SweepProgress(tuple(more.refused), tuple(running.values()), left, pool.seconds)
                continue
        if not costs:
            return
        new_results = handle_messages(pool, scheduler, running)
        for result in new_results:
            scheduler.add_result(result)
            costs.pop(result.trial, None)
        in_progress = tuple(running.values())
        remaining = max(sum(costs.values()) - scheduler.cost_done(in_progress), 0.0) / total
        notes = (*pool.take_notes(), *scheduler.take_notes())
        yield SweepProgress(tuple(new_results), in_progress, remaining, pool.seconds, notes)


def _costs(chunks: Sequence[TrialChunk]) -> dict[int, float]:
    """The estimated work of each trial."""
    return {trial: chunk.cost / len(chunk.trials) for chunk in chunks for trial in chunk.trials}


def assign_tasks(pool: WorkerPool[W], scheduler: Scheduler) -> None:
    """Give every idle worker something to do, as long as there is anything."""
    for worker in pool.workers:
        if worker.ready and worker.busy is None:
            task = scheduler.next_task(worker)
            if task is not None:
                worker.busy = task.number
                pool.send(worker, task)
    pool.expect(len(scheduler.chunks))


def handle_messages(pool: WorkerPool[W], scheduler: Scheduler, running: Running) -> list[TrialResult]:
    """Wait a moment for messages and handle them; returns the new results."""
    results = []
    for worker, message in pool.messages(INTERVAL):
        results += handle_message(scheduler, worker, message, running)
    return results


def handle_message(
    scheduler: Scheduler, worker: Worker, message: Report, running: Running
) -> list[TrialResult]:
    """Update the scheduler, the worker and the running chunks; returns the new results."""
    match message:
        case ChunkProgress():
            running[worker] = message
            return []
        case TrialsEnded():
            if message.chunk_done:
                worker.busy = None
                running.pop(worker, None)
            return list(message.results)
    running.pop(worker, None)
    match message:
        case RungReached():
            scheduler.rung_reached(worker, message)
        case ChunkFailed() | ChunkTooLarge():
            worker.busy = None
            again = scheduler.retry if isinstance(message, ChunkFailed) else scheduler.halve
            return again(scheduler.started[message.chunk], message.message)
        case WorkerDied():
            return scheduler.worker_died(worker, message.code)
        case WorkerLost():
            return scheduler.worker_lost(worker, message)
    return []
