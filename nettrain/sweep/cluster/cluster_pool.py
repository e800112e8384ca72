"""The workers of a cluster of Dask as a pool: each trains one chunk at a time, which is a task of its own.

A task is bound to its worker, so that a chunk goes on where it waits, and no worker gets one whose versions
have not been compared. Results come back twice: in events while a chunk trains, and whole with its task.
"""

import pickle
from asyncio import CancelledError, sleep
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from nettrain.errors import NettrainError
from nettrain.sweep.cluster.connection import Cluster, worker_differences
from nettrain.sweep.cluster.data_on_cluster import DataOnCluster
from nettrain.sweep.cluster.tasks import (
    TOPIC,
    Order,
    Stage,
    TrainingGoneError,
    train_stage,
)
from nettrain.sweep.kept_networks import write_networks
from nettrain.sweep.messages import (
    ChunkFailed,
    FromWorker,
    GoOn,
    RungReached,
    Task,
    ToWorker,
    TrialChunk,
    TrialsEnded,
)
from nettrain.sweep.shared_data import SharedData
from nettrain.sweep.worker_pool import Report, Worker, WorkerLost

if TYPE_CHECKING:
    from distributed import Client, Future

TASK = "nettrain-chunk"  # the name under which Dask counts the time of our tasks
ROOM = {"nettrain-more-workers": 1}  # a resource that no worker has
MOST_EXPECTED = 100  # tasks that ask an adaptive cluster for more workers
POLL = 1.0  # seconds between two looks at which workers there are
SHORTEST = 0.25  # seconds between two events of a worker
EVENTS = 200.0  # a second, from all workers together, that the scheduler passes on
TRIES = 5  # at sending a chunk to a worker that stays

Happening = Callable[[], Iterable[tuple["ClusterWorker", Report]]]


@dataclass(eq=False, kw_only=True)
class ClusterWorker(Worker):
    """A worker of a cluster, and the task that it has now."""

    address: str
    task: "Task | None" = None
    future: "Future | None" = None
    tries: int = 0  # at sending this task


class ClusterPool:
    """A context manager around the workers of a cluster, of which at most `most` are used."""

    train = staticmethod(train_stage)  # what a worker does with an order

    def __init__(self, cluster: Cluster, device: int | None = None, most: int | None = None) -> None:
        self.workers: list[ClusterWorker] = []
        self._client: Client = cluster.client
        self._name, self._device, self._most = cluster.name, device, most
        self._sweep = uuid4().hex
        self._began, self._tasks = 0.0, 0
        self._data = DataOnCluster(cluster.client)
        self._waiting: dict[int, Future] = {}  # stages of the chunks that wait
        self._expected: list[Future] = []
        self._results: set[int] = set()  # trials whose results have been yielded
        self._kept_in: dict[int, Path] = {}  # by chunk: the folder for its networks
        self._notes: list[str] = []
        self._happenings: SimpleQueue[Happening] = SimpleQueue()
        self._closed = False
        self._known = set(cluster.threads)
        self._join(sorted(cluster.threads))

    def __enter__(self) -> "ClusterPool":
        self._client.subscribe_topic(TOPIC, self._on_event)
        self._client.subscribe_topic("all", self._on_change)
        self._client.loop.add_callback(self._watch)
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def seconds(self) -> float:
        """The time since there was a worker."""
        return perf_counter() - self._began if self._began else 0.0

    def messages(self, timeout: float) -> Iterator[tuple[ClusterWorker, Report]]:
        """What arrives within this time (s). Raises NettrainError when the scheduler has gone."""
        self._check_scheduler()
        try:
            happening = self._happenings.get(timeout=timeout)
            while True:
                yield from happening()
                happening = self._happenings.get_nowait()
        except Empty:
            return

    def send(self, worker: ClusterWorker, task: ToWorker) -> None:
        """Give a worker a chunk to train."""
        assert task is not None
        if isinstance(task, TrialChunk) and task.kept_in is not None:
            self._kept_in[task.number] = task.kept_in
        worker.task, worker.tries = task, 0
        self._submit(worker, task)

    def expect(self, chunks: int) -> None:
        """Let the scheduler know that more workers would have something to do.

        It asks an adaptive cluster for workers by the tasks that it has, and ours are bound to the workers
        that there are.
        """
        self._check_scheduler()
        room = chunks if self._most is None else max(self._most - len(self.workers), 0)
        wanted = min(chunks, room, MOST_EXPECTED)
        if wanted > len(self._expected):
            keys = [self._key() for _ in range(wanted - len(self._expected))]
            self._expected += self._client.map(int, range(len(keys)), key=keys, resources=ROOM, pure=False)
        elif wanted < len(self._expected):
            self._expected, surplus = self._expected[:wanted], self._expected[wanted:]
            self._client.cancel(surplus)

    def take_notes(self) -> tuple[str, ...]:
        """Notes since the last call."""
        notes, self._notes = tuple(self._notes), []
        return notes

    def close(self) -> None:
        """Let the cluster forget all tasks; those that train end after their epoch."""
        self._closed = True
        running = [worker.future for worker in self.workers if worker.future is not None]
        with suppress(OSError, RuntimeError):  # the scheduler may have gone
            for topic in (TOPIC, "all"):
                self._client.unsubscribe_topic(topic)
            self._client.cancel([*running, *self._expected, *self._waiting.values()])
        self.workers = []
        self._data.clear()

    def _check_scheduler(self) -> None:
        if self._client.status != "running":
            raise NettrainError(f"cluster {self._name}: its scheduler has gone; the same command goes on")

    def _key(self) -> tuple[str, str, int]:
        self._tasks += 1
        return (TASK, self._sweep, self._tasks)

    def _submit(self, worker: ClusterWorker, task: Task) -> None:
        worker.tries += 1
        try:
            given, sent = self._given(worker, task)
            order = Order(self._sweep, sent, self._device, max(SHORTEST, len(self.workers) / EVENTS))
            packed = pickle.dumps(order)
            future = self._client.submit(
                self.train, packed, given, key=self._key(), workers=[worker.address], pure=False
            )
        except (OSError, RuntimeError) as error:  # the worker is about to be reported as lost
            self._check_scheduler()
            reason = error
            self._happenings.put(lambda: self._failed(worker, task, reason))
            return
        worker.future = future
        self._client.loop.add_callback(self._collect, worker, task, future)

    def _given(self, worker: ClusterWorker, task: Task) -> "tuple[Future | Stage, Task]":
        """What the task trains on, and the task without it."""
        if isinstance(task, TrialChunk):
            bare = replace(task, data=SharedData(task.data.path, ()))
            return self._data.future(task.data, worker.address), bare
        return self._waiting.pop(task.number, Stage([])), task

    async def _collect(self, worker: ClusterWorker, task: Task, future: "Future") -> None:
        """Wait for a task, in the thread of the client."""
        try:
            stage: Stage = await future
        except (Exception, CancelledError) as error:
            reason = error
            self._happenings.put(lambda: self._failed(worker, task, reason))
        else:
            self._happenings.put(lambda: self._done(worker, task, stage))

    def _done(
        self, worker: ClusterWorker, task: Task, stage: Stage
    ) -> Iterator[tuple[ClusterWorker, Report]]:
        if worker.task is not task:  # it has been given up since
            return
        messages = stage.messages
        if stage.files:  # before the journal says that they are there
            write_networks(self._kept_in[task.number], stage.files)
        if any(isinstance(message, RungReached) for message in messages):
            assert worker.future is not None
            self._waiting[task.number] = worker.future
        worker.task, worker.future = None, None
        yield from ((worker, message) for message in self._new(messages))

    def _new(self, messages: Iterable[FromWorker]) -> Iterator[FromWorker]:
        """The messages without results that have been yielded before."""
        for message in messages:
            if not isinstance(message, TrialsEnded):
                yield message
                continue
            results = tuple(one for one in message.results if one.trial not in self._results)
            self._results |= {one.trial for one in results}
            if results or message.chunk_done:
                yield replace(message, results=results)

    def _failed(
        self, worker: ClusterWorker, task: Task, error: BaseException
    ) -> Iterator[tuple[ClusterWorker, Report]]:
        """A task has not come to its end, by no fault of its trials."""
        if worker.task is not task or self._closed:
            return
        self._check_scheduler()
        if isinstance(error, ImportError | NettrainError):
            raise NettrainError(f"worker {worker.address}: {' '.join(str(error).split())}") from error
        if isinstance(error, TrainingGoneError) or isinstance(task, GoOn):
            yield worker, WorkerLost(worker.address, expected=True)
            self._forget(worker)
        elif worker.tries < TRIES:
            self._data.lose(task.data)
            self._submit(worker, task)
        else:
            worker.task, worker.future = None, None
            yield worker, ChunkFailed(task.number, f"{type(error).__name__}: {' '.join(str(error).split())}")

    def _forget(self, worker: ClusterWorker) -> None:
        """A worker has nothing to do any more."""
        if worker.future is not None:
            self._client.cancel([worker.future])
        for number in worker.waiting:
            self._waiting.pop(number, None)
        worker.task, worker.future, worker.busy = None, None, None
        worker.waiting.clear()

    # workers that come and leave

    def _join(self, addresses: Iterable[str]) -> None:
        for address in addresses:
            if self._most is None or len(self.workers) < self._most:
                self.workers.append(ClusterWorker(address=address, ready=True))
                self._began = self._began or perf_counter()

    def _joined(
        self, addresses: Sequence[str], lines: Sequence[str]
    ) -> Iterator[tuple[ClusterWorker, Report]]:
        self._notes += [f"not used: {line}" for line in lines]
        self._join(addresses)
        yield from ()

    def _left(self, address: str, expected: bool) -> Iterator[tuple[ClusterWorker, Report]]:
        for worker in [one for one in self.workers if one.address == address]:
            self.workers.remove(worker)
            yield worker, WorkerLost(address, expected)
            self._forget(worker)

    async def _watch(self) -> None:
        """Look for workers that have come or left, until the pool is closed."""
        while not self._closed and self._client.status == "running":
            try:
                await self._look()
            except (OSError, RuntimeError):  # the scheduler has gone, which `messages` finds
                return
            await sleep(POLL)

    async def _look(self) -> None:
        now = set(await self._client.scheduler.ncores_running())
        new = sorted(now - self._known)
        self._known |= set(new)
        if new:
            unfit = await worker_differences(self._client, new)
            fit = [address for address in new if address not in unfit.addresses]
            self._happenings.put(lambda: self._joined(fit, unfit.lines))
        gone = self._known - set(await self._client.scheduler.ncores())
        for address in gone:
            self._gone(address, expected=False)

    def _gone(self, address: str, *, expected: bool) -> None:
        self._known.discard(address)
        self._happenings.put(lambda: self._left(address, expected))

    def _on_change(self, event: tuple[float, Any]) -> None:
        """The scheduler says that a worker has left."""
        _, content = event
        if isinstance(content, Mapping) and content.get("action") == "remove-worker":
            self._gone(str(content["worker"]), expected=bool(content.get("expected")))

    def _on_event(self, event: tuple[float, Any]) -> None:
        """A worker has published messages of a chunk that trains."""
        _, content = event
        if content["sweep"] == self._sweep:
            messages = pickle.loads(content["messages"])
            self._happenings.put(lambda: self._published(messages))

    def _published(self, messages: Sequence[FromWorker]) -> Iterator[tuple[ClusterWorker, Report]]:
        """Those that the chunk's task will not bring again: its progress, and results before its end."""
        for message in messages:
            if isinstance(message, RungReached | ChunkFailed) or getattr(message, "chunk_done", False):
                continue
            for worker in self.workers:
                if worker.busy == getattr(message, "chunk", None):
                    yield from ((worker, one) for one in self._new([message]))
