"""Fake streams: each does its work in order, and a test chooses how two of them interleave.

CUDA guarantees only the order within a stream, and between streams what events enforce. Work is done at once
unless `late` names its stream; then it is postponed until something depends on it: the host that waits, or
another stream that waits for an event. Code that forgets an event therefore fails here as it may on a device.
While a stream is captured its work is only recorded.
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
    """The work that a stream has not done yet."""

    def __init__(self) -> None:
        self.work: deque[Any] = deque()


@dataclass(eq=False)
class Mark:
    """A position in a stream at which an event was recorded."""

    line: Line
    done: bool = False


@dataclass(frozen=True)
class Wait:
    """A position in a stream that is not passed before the mark is done."""

    mark: Mark


@dataclass
class Queue:
    """The work of all streams, what is being captured, and how many graphs have been made and launched.

    `compute` is the line of the current stream. `late` contains "compute" if that stream, and "copies" if all
    others are as late as CUDA allows.
    """

    captured: list[Work] | None = None
    made: int = 0
    launched: int = 0
    counted: list[int] = field(default_factory=list)  # calls of each graph
    compute: Line = field(default_factory=Line)
    busy: list[Line] = field(default_factory=list)  # lines with work to do
    late: frozenset[str] = frozenset()
    doing: int = 0

    def do(self, work: Work) -> None:
        """Add work to the current stream, or do it if it is part of work that is being done."""
        if self.captured is not None:
            self.captured.append(work)
        elif self.doing:
            work()
        else:
            self.put(self.compute, work)

    def put(self, line: Line, work: Any) -> None:
        """Add work, a mark or a wait to the end of a line."""
        line.work.append(work)
        if line not in self.busy:
            self.busy.append(line)
        self._hurry()

    def force(self, line: Line, until: Mark | None = None) -> None:
        """Do all of a line's work, or up to a mark, and the work of other lines that it waits for."""
        while line.work and not (until and until.done):
            head = line.work[0]
            if isinstance(head, Wait) and not head.mark.done:
                self.force(head.mark.line, head.mark)  # after which this line may have continued by itself
            else:
                self._do_first(line)
        self._hurry()

    def settle(self) -> None:
        """Finish the current stream, because the host reads its memory."""
        if self.compute.work and not self.doing:
            self.force(self.compute)

    def forbid(self, what: str) -> None:
        """Raise a CaptureError while a stream is captured."""
        if self.captured is not None:
            raise CaptureError(f"cudaErrorStreamCaptureUnsupported: {what}")

    def _hurry(self) -> None:
        """Do all work that can be done in streams that are not late."""
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
    """Postpone the work of these streams, "compute" or "copies" or both, as long as CUDA might."""
    before, queue.late = queue.late, frozenset(streams)
    try:
        yield
    finally:
        queue.late = before
        queue._hurry()


class Graph:
    """Recorded work that is launched as one."""

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
