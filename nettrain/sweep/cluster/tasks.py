"""What a worker of a cluster does: it trains a chunk of trials to its next rung, as one task of Dask.

The scheduler imports this file too when it reads tasks, so it loads nothing heavy.
"""

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING

from nettrain.errors import NettrainError

if TYPE_CHECKING:
    from nettrain.sweep.cluster.sent_data import SentData
    from nettrain.sweep.messages import FromWorker, Task, TrialChunk

TOPIC = "nettrain"  # of the events that workers publish while they train
NO_FILES: Mapping[str, bytes] = MappingProxyType({})
ALONE = Lock()  # a worker of several threads trains one chunk at a time, with one thread


@dataclass(frozen=True)
class Order:
    """A chunk to train, or one that waits and is to go on; `interval` seconds lie between two events."""

    sweep: str
    task: "Task"
    device: int | None
    interval: float


class Stage:
    """What training a chunk to a rung, or to its end, has led to.

    The training itself waits in it, in the memory of the worker, for as long as the sweep wants the stage.
    A stage that is sent has the messages, and the files of networks that the sweep wants, by their path.
    """

    def __init__(
        self,
        messages: "list[FromWorker]",
        training: "TrainingHere | None" = None,
        files: Mapping[str, bytes] = NO_FILES,
    ) -> None:
        self.messages, self.training, self.files = messages, training, files

    def __reduce__(self) -> tuple[object, ...]:
        """Without the training, which cannot move."""
        return Stage, (self.messages, None, dict(self.files))


class TrainingHere:
    """A chunk that trains on this worker, with a folder of its own for networks that the sweep wants."""

    def __init__(self, chunk: "TrialChunk", given: "SentData", device: int | None) -> None:
        from nettrain.sweep.chunk_training import ChunkTraining

        self._folder = None if chunk.kept_in is None else TemporaryDirectory(prefix="nettrain-")
        here = replace(chunk, kept_in=None if self._folder is None else Path(self._folder.name))
        self.chunk = ChunkTraining(here, given.prepared(), device)

    def files(self) -> dict[str, bytes]:
        """The content of the folder, by relative path, which is removed."""
        if self._folder is None:
            return {}
        with self._folder as name:
            paths = sorted(path for path in Path(name).rglob("*") if path.is_file())
            return {path.relative_to(name).as_posix(): path.read_bytes() for path in paths}


class NotWantedError(Exception):
    """Nobody waits for this chunk any more: the sweep has been interrupted, or its process has ended."""


class TrainingGoneError(Exception):
    """A chunk that waited is no longer in the worker's memory."""


def train_stage(packed: bytes, given: "SentData | Stage") -> Stage:
    """Train the chunk of a packed `Order` to its next rung; `given` are its data, or the stage before."""
    from distributed import get_worker

    with ALONE:
        order, worker = pickle.loads(packed), get_worker()
        key = worker.get_current_task()

        def is_wanted() -> bool:
            state = worker.state.tasks.get(key)
            return state is not None and state.state == "executing"

        reports = _Reports(order, lambda content: worker.log_event(TOPIC, content), is_wanted)
        return _train(order, given, reports)


def _train(order: Order, given: "SentData | Stage", reports: "_Reports") -> Stage:
    from nettrain.sweep.worker import chunk_failed

    try:
        training = _training(order, given)
        waits = training.chunk.train_to_rung(reports.send)
        files = NO_FILES if waits else training.files()
    except (NotWantedError, TrainingGoneError, ImportError, NettrainError):
        raise
    except Exception as error:
        reports.messages.append(chunk_failed(order.task.number, error, order.device))
        return Stage(reports.messages)
    return Stage(reports.messages, training if waits else None, files)


def _training(order: Order, given: "SentData | Stage") -> TrainingHere:
    from nettrain.sweep.messages import TrialChunk

    if isinstance(order.task, TrialChunk):
        assert not isinstance(given, Stage)
        return TrainingHere(order.task, given, order.device)
    assert isinstance(given, Stage)
    training, given.training = given.training, None
    if training is None:
        raise TrainingGoneError
    training.chunk.go_on(order.task)
    return training


class _Reports:
    """Gathers the messages of a chunk in training, and publishes new ones as an event now and then."""

    def __init__(
        self, order: Order, publish: Callable[[dict[str, object]], object], is_wanted: Callable[[], bool]
    ) -> None:
        self.messages: list[FromWorker] = []  # without those about progress
        self._order, self._publish, self._is_wanted = order, publish, is_wanted
        self._published, self._last = 0, monotonic()

    def send(self, message: "FromWorker") -> None:
        """Take a message. Raises NotWantedError when the chunk is not wanted any more."""
        from nettrain.sweep.messages import ChunkProgress

        if not self._is_wanted():
            raise NotWantedError
        is_progress = isinstance(message, ChunkProgress)
        if not is_progress:
            self.messages.append(message)
        if monotonic() - self._last >= self._order.interval:
            new = self.messages[self._published :] + ([message] if is_progress else [])
            self._publish({"sweep": self._order.sweep, "messages": pickle.dumps(new)})
            self._published, self._last = len(self.messages), monotonic()
