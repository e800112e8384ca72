"""What a worker of a cluster does: it trains a chunk of trials to its next rung, as one task of Dask.

The scheduler imports this file too when it reads tasks, so it loads nothing heavy.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

from nettrain.errors import NettrainError

if TYPE_CHECKING:
    from nettrain.sweep.chunk_training import ChunkTraining
    from nettrain.sweep.cluster.sent_data import SentData
    from nettrain.sweep.messages import FromWorker, Task

TOPIC = "nettrain"  # of the events that workers publish while they train
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
    A stage that is sent has only the messages.
    """

    def __init__(self, messages: "list[FromWorker]", training: "ChunkTraining | None" = None) -> None:
        self.messages, self.training = messages, training

    def __reduce__(self) -> tuple[object, ...]:
        """Without the training, which cannot move."""
        return Stage, (self.messages,)


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
        waits = training.train_to_rung(reports.send)
    except (NotWantedError, TrainingGoneError, ImportError, NettrainError):
        raise
    except Exception as error:
        reports.messages.append(chunk_failed(order.task.number, error, order.device))
        return Stage(reports.messages)
    return Stage(reports.messages, training if waits else None)


def _training(order: Order, given: "SentData | Stage") -> "ChunkTraining":
    from nettrain.sweep.chunk_training import ChunkTraining
    from nettrain.sweep.messages import TrialChunk

    if isinstance(order.task, TrialChunk):
        assert not isinstance(given, Stage)
        return ChunkTraining(order.task, given.prepared(), order.device)
    assert isinstance(given, Stage)
    training, given.training = given.training, None
    if training is None:
        raise TrainingGoneError
    training.go_on(order.task)
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
