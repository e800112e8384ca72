"""What a sweep knows of its workers, wherever they run, and how it talks to them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from nettrain.sweep.messages import FromWorker, ToWorker


@dataclass(eq=False)
class Worker:
    """What trains one chunk at a time: the one that it trains, and those that wait in it for a decision."""

    busy: int | None = None
    waiting: set[int] = field(default_factory=set)
    ready: bool = False


@dataclass(frozen=True)
class WorkerDied:
    """A worker's process has ended by itself, with this exit code."""

    code: int | None


@dataclass(frozen=True)
class WorkerLost:
    """A worker has left a cluster; `expected` when it was asked to, and so not because of its chunk."""

    address: str
    expected: bool


W = TypeVar("W", bound=Worker)
Report = FromWorker | WorkerDied | WorkerLost


class WorkerPool(Protocol[W]):
    """Workers that exchange messages with a sweep; new ones may come, and others leave."""

    @property
    def workers(self) -> Sequence[W]:
        """The workers that there are now."""

    @property
    def seconds(self) -> float:
        """The time since the first worker was ready."""

    def messages(self, timeout: float) -> Iterator[tuple[W, Report]]:
        """What arrives within this time (s). A worker that is reported as dead is no longer in the pool."""

    def send(self, worker: W, task: ToWorker) -> None:
        """Give a worker something to do."""

    def expect(self, chunks: int) -> None:
        """So many chunks wait for a worker."""

    def take_notes(self) -> tuple[str, ...]:
        """Notes for the user since the last call."""
