"""The double of streams: each does its own work in order, and how two of them interleave is chosen.

CUDA promises no more than the order within a stream and what events say of two. Work is done at once unless
`late` names its stream; then it is put off until somebody must see it done: the host that waits, or a stream
whose turn it is that waits for an event. So what forgets an event goes wrong here as it may on a device. While
a stream is captured its work is only noted down.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Work = Callable[[], object]


class CaptureError(RuntimeError):
    """What CUDA does not allow while a stream is captured."""


class Line:
    """What a stream has still to do."""

    def __init__(self) -> None:
        self.work: deque[Any] = deque()


@dataclass(eq=False)
class Mark:
    """A place in a stream that an event was recorded at."""

    line: Line
    done: bool = False


@dataclass(frozen=True)
class Wait:
    """A place in a stream that is not passed before the mark is."""

    mark: Mark


@dataclass
class Queue:
    """What the streams have to do, what is being captured, and how often graphs have been made and launched.

    `compute` is the line of the current stream, `late` says of "compute" and of "copies" whether that stream
    or all others are as late as they may be.
    """

    captured: list[Work] | None = None
    made: int = 0
    launched: int = 0
    counted: list[int] = field(default_factory=list)  # calls of each graph
    compute: Line = field(default_factory=Line)
    busy: list[Line] = field(default_factory=list)  # that have work to do
    late: frozenset[str] = frozenset()
    doing: int = 0

    def do(self, work: Work) -> None:
        """Work of the current stream, or part of work that is being done."""
        if self.captured is not None:
            self.captured.append(work)
        elif self.doing:
            work()
        else:
            self.put(self.compute, work)

    def put(self, line: Line, work: Any) -> None:
        """Work, a mark or a wait at the end of a line."""
        line.work.append(work)
        if line not in self.busy:
            self.busy.append(line)
        self._hurry()

    def force(self, line: Line, until: Mark | None = None) -> None:
        """Do all of a line's work, or that as far as a mark, and of others what it waits for."""
        while line.work and not (until and until.done):
            head = line.work[0]
            if isinstance(head, Wait) and not head.mark.done:
                self.force(head.mark.line, head.mark)  # whereupon this line may have gone on by itself
            else:
                self._do_first(line)
        self._hurry()

    def settle(self) -> None:
        """The host looks at the memory of the current stream."""
        if self.compute.work and not self.doing:
            self.force(self.compute)

    def forbid(self, what: str) -> None:
        """Raises CaptureError while a stream is captured."""
        if self.captured is not None:
            raise CaptureError(f"cudaErrorStreamCaptureUnsupported: {what}")

    def _hurry(self) -> None:
        """Do what streams that are not late can do."""
        while line := next((line for line in self.busy if self._can_go_on(line)), None):
            self._do_first(line)

    def _can_go_on(self, line: Line) -> bool:
        head = line.work[0]
        held = isinstance(head, Wait) and not head.mark.done
        return not held and ("compute" if line is self.compute else "copies") not in self.late

    def _do_first(self, line: Line) -> None:
        work = line.work.popleft()
        if not line.work:
            self.busy.remove(line)
        if isinstance(work, Mark):
            work.done = True
        elif not isinstance(work, Wait):
            self.doing += 1
            try:
                work()
            finally:
                self.doing -= 1


queue = Queue()


@contextmanager
def being_late(*streams: str) -> Iterator[None]:
    """Work of these streams, "compute" or "copies" or both, is put off as long as CUDA might put it off."""
    before, queue.late = queue.late, frozenset(streams)
    try:
        yield
    finally:
        queue.late = before
        queue._hurry()


class Graph:
    """Work that is launched as one."""

    def __init__(self, work: list[Work]) -> None:
        self._work = work
        queue.made += 1
        queue.counted.append(len(work))

    def launch(self, stream: Any = None) -> None:
        queue.forbid("a graph in a graph")
        queue.launched += 1
        queue.do(self._replay)

    def _replay(self) -> None:
        for work in self._work:
            work()
