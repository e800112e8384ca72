"""A sweep over workers that only exist in this process: what it costs the side that asks.

Workers answer after a drawn time of a clock that jumps from one answer to the next, so that all time that
passes is that of the sweep itself: reading the file, drawing trials, pickling chunks, deciding, the journal.
"""

import pickle
import resource
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from nettrain.experiment.load import load
from nettrain.output.sweep_view import SweepSoFar
from nettrain.sweep.cluster.connection import Cluster
from nettrain.sweep.messages import ToWorker, TrialChunk, TrialResult, TrialsEnded
from nettrain.sweep.opening import open_sweep
from nettrain.sweep.summary import write_results
from nettrain.sweep.worker_pool import Report, Worker

SPEC = """
experiment: simulated
data: {source: 'builtin:optdigits'}
model: {hidden: [32]}
training: {epochs: 20, batch_size: 32}
sweep:
  parameters:
    optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-4, max: 1.0e-1}
    regularization.l2: {distribution: log_uniform_values, min: 1.0e-6, max: 1.0e-2}
    model.dropout: {min: 0.0, max: 0.5}
"""
CHUNK_SECONDS = 60.0  # mean time of a chunk, of which each takes between half and one and a half
BATCH = 64  # answers that arrive together at most


def answer(chunk: TrialChunk, rng: np.random.Generator) -> TrialsEnded:
    """Results such as training would bring, without training."""
    names = ("val_loss", "val_accuracy")
    results = [
        TrialResult(
            trial, "finished", 20, 17, dict(zip(names, rng.random(2).tolist(), strict=True)), {}, "", 1.0
        )
        for trial in chunk.trials
    ]
    return TrialsEnded(chunk.number, tuple(results), chunk_done=True)


@dataclass
class SimulatedPool:
    """So many workers that answer after a drawn time."""

    size: int
    workers: list[Worker] = field(default_factory=list)
    now: float = 0.0  # on the clock of the simulation
    sent: int = 0  # bytes
    chunks: int = 0

    def __post_init__(self) -> None:
        self.workers = [Worker(ready=True) for _ in range(self.size)]
        self._answers: list[tuple[float, int, Worker, TrialsEnded]] = []
        self._rng = np.random.default_rng(0)

    @property
    def seconds(self) -> float:
        return self.now

    def messages(self, timeout: float) -> Iterator[tuple[Worker, Report]]:
        """What arrives within this time of the clock."""
        until = max(self.now + timeout, self._answers[0][0])
        for _ in range(BATCH):
            if not self._answers or self._answers[0][0] > until:
                break
            self.now, _, worker, message = heappop(self._answers)
            yield worker, message

    def send(self, worker: Worker, task: ToWorker) -> None:
        """Take a chunk, which is pickled as for a real worker."""
        assert isinstance(task, TrialChunk)
        self.sent += len(pickle.dumps(task))
        self.chunks += 1
        when = self.now + CHUNK_SECONDS * self._rng.uniform(0.5, 1.5)
        heappush(self._answers, (when, self.chunks, worker, answer(task, self._rng)))

    def expect(self, chunks: int) -> None:
        """Their number is fixed."""

    def take_notes(self) -> tuple[str, ...]:
        return ()


def simulate(folder: Path, trials: int, workers: int) -> dict[str, Any]:
    """The cost of a sweep of so many trials on so many workers, for the process that asks."""
    path = folder / "simulated.yaml"
    path.write_text(SPEC)
    began = process_time()
    cluster = Cluster(None, "simulated", dict.fromkeys(map(str, range(workers)), 1))  # type: ignore[arg-type]
    with open_sweep(load(path), folder, total=trials, workers=None, cluster=cluster) as sweep:
        opened, opened_memory = process_time() - began, _memory()
        pool, shown, turns, so_far = SimulatedPool(workers), 0.0, 0, SweepSoFar(sweep)
        began = process_time()
        for progress in sweep.train_in(pool, lambda: False):
            turn = process_time()
            so_far.state(progress)
            shown, turns = shown + process_time() - turn, turns + 1
        trained = process_time() - began
        began = process_time()
        write_results(sweep, 0.0)
        return {
            "trials": trials,
            "workers": workers,
            "chunks": pool.chunks,
            "opening_s": opened,
            "opening_mb": opened_memory,
            "training_s": trained,
            "ms_per_chunk": 1e3 * trained / pool.chunks,
            "chunks_per_s": pool.chunks / trained,
            "ms_per_turn": 1e3 * trained / turns,
            "ms_shown_per_turn": 1e3 * shown / turns,
            "simulated_s": pool.now,
            "kb_per_chunk": pool.sent / pool.chunks / 1e3,
            "writing_s": process_time() - began,
            "journal_mb": sweep.folder.journal.stat().st_size / 1e6,
            "memory_mb": _memory(),
        }


def _memory() -> float:
    """The most memory that this process has had (MB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
