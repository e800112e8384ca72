"""Ctrl-C and SIGTERM ask a run to end after its step; a second ends it at once, and no third does more."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """A function that says whether somebody has asked to stop; old handlers come back at the end.

    Not after a second signal: the process then leaves, and nothing shall interrupt that.
    """
    times = 0

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal times
        times += 1
        if times == 2:
            for one in signals:
                signal.signal(one, signal.SIG_IGN)
            raise KeyboardInterrupt

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, ask) for number in signals]
    try:
        yield lambda: times > 0
    finally:
        if times < 2:
            for number, handler in zip(signals, before, strict=True):
                signal.signal(number, handler)
