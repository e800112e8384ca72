"""The double of a stream: work is done at once, or while it is captured only noted down."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Work = Callable[[], object]


class CaptureError(RuntimeError):
    """What CUDA does not allow while a stream is captured."""


@dataclass
class Queue:
    """What is being captured, and how often graphs have been made and launched."""

    captured: list[Work] | None = None
    made: int = 0
    launched: int = 0
    counted: list[int] = field(default_factory=list)  # calls of each graph

    def do(self, work: Work) -> None:
        if self.captured is None:
            work()
        else:
            self.captured.append(work)

    def forbid(self, what: str) -> None:
        """Raises CaptureError while a stream is captured."""
        if self.captured is not None:
            raise CaptureError(f"cudaErrorStreamCaptureUnsupported: {what}")


queue = Queue()


class Graph:
    """Work that is launched as one."""

    def __init__(self, work: list[Work]) -> None:
        self._work = work
        queue.made += 1
        queue.counted.append(len(work))

    def launch(self, stream: Any = None) -> None:
        queue.forbid("a graph in a graph")
        queue.launched += 1
        for work in self._work:
            work()
