"""Streams, events and pinned memory as CuPy has them."""

from typing import Any

import numpy as np

from tests.fake_cupy.queue import CaptureError, Graph, Line, Mark, Wait, queue
from tests.fake_cupy.traffic import traffic


class Stream:
    """A queue of work; arrays are computed with in the current one."""

    ptr = 0

    def __init__(self, null: bool = False, non_blocking: bool = False) -> None:
        self.line = Line()

    def synchronize(self) -> None:
        traffic.waits += 1
        queue.forbid("the host waits")
        queue.force(self.line)

    def use(self) -> "Stream":
        queue.settle()
        queue.compute = self.line
        return self

    def wait_event(self, event: "Event") -> None:
        queue.forbid("an event of another stream")
        if event.mark is not None:  # one that was never recorded counts as done
            queue.put(self.line, Wait(event.mark))

    def begin_capture(self, mode: Any = None) -> None:
        queue.captured = []

    def end_capture(self) -> Graph:
        if queue.captured is None:
            raise CaptureError("cudaErrorIllegalState: nothing is captured")
        work, queue.captured = queue.captured, None
        return Graph(work)

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def get_current_stream() -> Stream:
    """The current stream."""
    stream = Stream()
    stream.line = queue.compute
    return stream


class Event:
    """The position in a stream at which it was last recorded."""

    def __init__(self, block: bool = False, disable_timing: bool = False, interprocess: bool = False) -> None:
        self.mark: Mark | None = None

    def record(self, stream: Stream) -> None:
        queue.forbid("an event for another stream")
        self.mark = Mark(stream.line)
        queue.put(stream.line, self.mark)

    def synchronize(self) -> None:
        queue.forbid("the host waits")
        if self.mark is None or self.mark.done:
            return
        traffic.held += 1
        queue.force(self.mark.line, self.mark)


class _Pinned(bytearray):
    """Memory that the system cannot move."""


def alloc_pinned_memory(size: int) -> _Pinned:
    """Pinned memory with arbitrary contents."""
    return _Pinned(b"\xff" * size)


def is_pinned(array: "np.ndarray[Any, Any]") -> bool:
    """Whether a copy from this memory overlaps with the host's work."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(getattr(base, "obj", base), _Pinned)
