"""The steps of configs/mnist.yaml, with and without a checkpoint being taken and written beside them."""

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
from nettrain.training.loop import Training
from peers.ours import Steps, fitted

CONFIG = Path(__file__).parents[2] / "configs" / "mnist.yaml"
ROWS, INPUTS, CLASSES, HELD_BACK, TEST = 60_000, 784, 10, 5_000, 10_000


class Keeping:
    """That experiment on noise of MNIST's shape, whose checkpoints go to a folder of its own."""

    def __init__(self, threads: int) -> None:
        self._place = TemporaryDirectory()
        self._folder = RunFolder(Path(self._place.name))
        loaded = load(CONFIG, [f"backend.threads={threads}", "training.checkpoint.seconds=2"])
        experiment = resolve(loaded.experiment)
        data = noise(experiment)
        run = build([resolve_with_data(experiment, data)], data, NumpyBackend("float32", threads))
        self._training, self._data = Training(run), data
        self._batch, self._now = experiment.training.batch_size, 0.0
        self.epochs, self.steps_per_epoch = experiment.training.epochs, run.batches.steps
        self._steps = Steps(run, self._batch)
        self._drawn = np.random.default_rng(0)
        self._keeper = self._new_keeper()

    def _new_keeper(self) -> Checkpointer:
        """One that has kept nothing yet, on a clock that `_keep` sets forward."""
        records = HistoryWriter(self._folder)
        return Checkpointer(self._training, self._data, self._folder, records, clock=lambda: self._now)

    def window(self, steps: int, kept: str) -> tuple[float, float]:
        """Seconds of so many steps by the clock and of the processor, of all threads.

        `kept` says what is kept meanwhile: nothing, a first checkpoint or another.
        """
        index = self._drawn.integers(0, len(self._data.train.x), (steps, 1, self._batch))
        if kept == "first":
            self._keeper = self._new_keeper()
        started = perf_counter(), process_time()
        if kept != "nothing":
            self._now += 1e6
            self._keeper.save_if_due()
        self._steps.block(index)
        self._keeper.wait()
        return perf_counter() - started[0], process_time() - started[1]

    def size(self) -> int:
        """Bytes of a checkpoint."""
        return self._folder.checkpoint.stat().st_size

    def close(self) -> None:
        """Remove the folder."""
        self._place.cleanup()


def measured(threads: int, steps: int, rounds: int) -> dict[str, Any]:
    """Windows (T, 2) of each kind in turn, in seconds of clock and processor; the run's steps and bytes."""
    kept = Keeping(threads)
    spent: dict[str, list[tuple[float, float]]] = {"nothing": [], "first": [], "another": []}
    for turn in range(rounds + 1):
        for name, seconds in spent.items():
            one = kept.window(steps, name)
            if turn > 0:  # the first round warms up
                seconds.append(one)
    told = {"bytes": kept.size(), "epochs": kept.epochs, "steps_per_epoch": kept.steps_per_epoch}
    kept.close()
    return {**told, "spent": {name: np.array(seconds) for name, seconds in spent.items()}}


def noise(experiment: Experiment) -> Prepared:
    """Rows of MNIST's shapes in their three parts."""
    drawn = np.random.default_rng(0)

    def part(rows: int) -> Rows:
        x = drawn.random((rows, INPUTS), dtype=np.float32)
        return Rows(x, drawn.integers(0, CLASSES, rows, dtype=np.int32), np.ones(rows, np.float32))

    classes = tuple(str(label) for label in range(CLASSES))
    parts = part(ROWS - HELD_BACK), part(HELD_BACK), part(TEST)
    return Prepared(*parts, fitted(INPUTS, classes), experiment.data, ())
