"""How many steps run before anybody is asked whether to go on: as many as take a moment."""

from collections.abc import Callable
from time import perf_counter

MOMENT = 0.05  # seconds, after which Ctrl-C and time limits are looked at
EVERY_STEP = 0.0  # for what looks at every step


class Pace:
    """Runs steps in chunks that take about a moment: one at first, then each time twice as many."""

    def __init__(self, clock: Callable[[], float] = perf_counter, moment: float | None = None) -> None:
        self._clock, self._steps = clock, 1
        self._moment = MOMENT if moment is None else moment

    def run(self, replay: Callable[[int], object], most: int) -> int:
        """Run a chunk of at most so many steps, which `replay` does, and return how many it was."""
        if self._moment == EVERY_STEP:
            replay(1)
            return 1
        steps, started = min(self._steps, most), self._clock()
        replay(steps)
        seconds = self._clock() - started
        if seconds > self._moment:
            self._steps = max(1, steps // 2)
        elif steps == self._steps and 2 * seconds < self._moment:
            self._steps *= 2
        return steps
