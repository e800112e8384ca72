"""Ctrl-C and SIGTERM ask a run to end after its step; a second ends it at once, and no third does more."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """A function that says whether somebody has asked to stop; old handlers come back at the end."""
    times = 0

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal times
        times += 1
        if times == 2:
            raise KeyboardInterrupt

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, ask) for number in signals]
    try:
        yield lambda: times > 0
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
