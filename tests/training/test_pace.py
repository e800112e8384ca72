"""Steps run in chunks that take about a moment."""

from nettrain.backend.replay import PythonReplay
from nettrain.training.events import EpochDone
from nettrain.training.loop import train
from nettrain.training.step.pace import MOMENT, Pace
from tests.trained import IRIS, built, experiment


class Steps:
    """Steps that take so many seconds each, on a clock of their own."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now, self.done = seconds, 0.0, 0
        self.pace, self.replay = Pace(lambda: self.now), PythonReplay([self.step])

    def step(self) -> None:
        self.done += 1
        self.now += self.seconds

    def chunks(self, count: int, most: int = 10**6) -> list[int]:
        return [self.pace.run(self.replay.repeat, most) for _ in range(count)]


def test_chunks_grow_until_they_take_a_moment() -> None:
    steps = Steps(MOMENT / 10)
    assert steps.chunks(5) == [1, 2, 4, 8, 8]
    assert steps.done == 23


def test_long_steps_run_one_by_one() -> None:
    assert Steps(2 * MOMENT).chunks(3) == [1, 1, 1]


def test_after_a_pause_chunks_are_shorter() -> None:
    steps = Steps(MOMENT / 10)
    steps.chunks(4)
    steps.now, steps.seconds = 0, MOMENT
    assert steps.chunks(4) == [8, 4, 2, 1]


def test_no_more_steps_than_are_left() -> None:
    steps = Steps(MOMENT / 100)
    assert steps.chunks(5, most=3) == [1, 2, 3, 3, 3]


def test_nobody_is_asked_between_the_steps_of_a_short_epoch() -> None:
    """Not even where the last batch is smaller; each epoch is followed by a look at the limits."""
    asked, seen = [0], []

    def interrupted() -> bool:
        asked[0] += 1
        return False

    run = built([experiment(IRIS)])
    assert [stop - start for start, stop in run.data.batches.bounds()] == [16] * 6 + [6]
    for event in train(run, interrupted, clock=lambda: 0.0):
        if isinstance(event, EpochDone):
            seen.append(asked[0])
    assert seen == [2, 3, 4, 5, 6, 7]  # the first epoch in chunks of 1, 2 and 4 steps
