"""The steps of configs/mnist.yaml, with and without a checkpoint that is taken and written meanwhile."""

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import numpy as np

from nettrain.backend.numpy import NumpyBackend
from nettrain.data.prepare import Prepared, Rows
from nettrain.experiment.load import load
from nettrain.experiment.resolution import resolve, resolve_with_data
from nettrain.experiment.settings import Experiment
from nettrain.store.checkpointer import Checkpointer
from nettrain.store.history import HistoryWriter
from nettrain.store.run_folder import RunFolder
from nettrain.training.build import build
from nettrain.training.loop import TrainingLoop
from peers.ours import Steps, preprocessing

CONFIG = Path(__file__).parents[2] / "configs" / "mnist.yaml"
ROWS, INPUTS, CLASSES, VALIDATION, TEST = 60_000, 784, 10, 5_000, 10_000


class CheckpointBenchmark:
    """That experiment on noise of MNIST's shape, with its checkpoints in a temporary folder."""

    def __init__(self, threads: int) -> None:
        self._temporary = TemporaryDirectory()
        self._folder = RunFolder(Path(self._temporary.name))
        loaded = load(CONFIG, [f"backend.threads={threads}", "training.checkpoint.seconds=2"])
        experiment = resolve(loaded.experiment)
        data = noise(experiment)
        run = build([resolve_with_data(experiment, data)], data, NumpyBackend("float32", threads))
        self._training, self._data = TrainingLoop(run), data
        self._batch, self._now = experiment.training.batch_size, 0.0
        self.epochs, self.steps_per_epoch = experiment.training.epochs, run.data.batches.steps
        self._steps = Steps(run, self._batch)
        self._generator = np.random.default_rng(0)
        self._checkpointer = self._new_checkpointer()

    def _new_checkpointer(self) -> Checkpointer:
        """One that has saved nothing yet, on a clock that `window` sets forward."""
        history = HistoryWriter(self._folder)
        return Checkpointer(self._training, self._data, self._folder, history, clock=lambda: self._now)

    def window(self, steps: int, saved: str) -> tuple[float, float]:
        """Wall-clock seconds of so many steps, and processor seconds of all threads.

        `saved` is what is saved meanwhile: nothing, a first checkpoint or another.
        """
        index = self._generator.integers(0, len(self._data.train.x), (steps, 1, self._batch))
        if saved == "first":
            self._checkpointer = self._new_checkpointer()
        started = perf_counter(), process_time()
        if saved != "nothing":
            self._now += 1e6
            self._checkpointer.save_if_due()
        self._steps.block(index)
        self._checkpointer.wait()
        return perf_counter() - started[0], process_time() - started[1]

    def size(self) -> int:
        """The size of a checkpoint in bytes."""
        return self._folder.checkpoint.stat().st_size

    def close(self) -> None:
        """Remove the temporary folder."""
        self._temporary.cleanup()


def time_checkpoints(threads: int, steps: int, rounds: int) -> dict[str, Any]:
    """Wall and processor seconds (T, 2) of windows of each kind in turn; the run's steps and bytes."""
    benchmark = CheckpointBenchmark(threads)
    spent: dict[str, list[tuple[float, float]]] = {"nothing": [], "first": [], "another": []}
    for turn in range(rounds + 1):
        for name, seconds in spent.items():
            window = benchmark.window(steps, name)
            if turn > 0:  # the first round warms up
                seconds.append(window)
    sizes = {
        "bytes": benchmark.size(),
        "epochs": benchmark.epochs,
        "steps_per_epoch": benchmark.steps_per_epoch,
    }
    benchmark.close()
    return {**sizes, "spent": {name: np.array(seconds) for name, seconds in spent.items()}}


def noise(experiment: Experiment) -> Prepared:
    """Random rows in three splits of the shapes of MNIST."""
    generator = np.random.default_rng(0)

    def split(rows: int) -> Rows:
        x = generator.random((rows, INPUTS), dtype=np.float32)
        return Rows(x, generator.integers(0, CLASSES, rows, dtype=np.int32), np.ones(rows, np.float32))

    splits = split(ROWS - VALIDATION), split(VALIDATION), split(TEST)
    return Prepared(*splits, preprocessing(INPUTS, CLASSES), experiment.data, ())
