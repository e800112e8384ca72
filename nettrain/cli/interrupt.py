"""Ctrl-C and SIGTERM: the first ends a run after its step, a second at once, further ones are ignored."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """A function that returns whether a signal has come; a second one raises KeyboardInterrupt.

    The handlers from before are restored at the end, except after a second signal: nothing may interrupt the
    process while it exits.
    """
    times = 0

    def count(number: int, frame: FrameType | None) -> None:
        nonlocal times
        times += 1
        if times == 2:
            for one in signals:
                signal.signal(one, signal.SIG_IGN)
            raise KeyboardInterrupt

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, count) for number in signals]
    try:
        yield lambda: times > 0
    finally:
        if times < 2:
            for number, handler in zip(signals, before, strict=True):
                signal.signal(number, handler)
