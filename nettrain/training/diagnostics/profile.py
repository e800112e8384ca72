"""Where the time of a run goes: seconds in each phase, measured only on request."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import perf_counter

from nettrain.backend.base import Backend, Call
from nettrain.model.tape import Tape

STEP = ("gather", "forward", "loss", "backward", "update")
UNTIMED = nullcontext()
PHASES = ("preparing", *STEP, "evaluation", "writing")


class Profile:
    """Seconds by phase since it was made; `rest` is the time outside all phases, such as that of the loop.

    Reading the clock between the phases of a step costs some tenths of a microsecond each.
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._started = clock()
        self._seconds = dict.fromkeys(PHASES, 0.0)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time of a block to a phase."""
        started = self._clock()
        try:
            yield
        finally:
            self._seconds[name] += self._clock() - started

    def timed(self, tape: Tape, backend: Backend) -> Call:
        """A call that replays the tape and reads the clock between its phases."""
        parts = [(name, backend.capture(calls)) for name, calls in tape.phases(backend)]
        seconds, clock = self._seconds, self._clock

        def replay() -> None:
            before = clock()
            for name, part in parts:
                part()
                backend.synchronize()
                now = clock()
                seconds[name] += now - before
                before = now

        return replay

    def table(self) -> dict[str, float]:
        """Seconds of every phase, of the rest, and of the whole so far."""
        whole = self._clock() - self._started
        rest = max(0.0, whole - sum(self._seconds.values()))
        return {**self._seconds, "rest": rest, "whole": whole}


def timing(profile: Profile | None, name: str) -> AbstractContextManager[None]:
    """Times a block as part of a phase, if there is a profile."""
    return profile.phase(name) if profile else UNTIMED
