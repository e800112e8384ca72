"""Members pruned by a callback, and time limits on scripted clocks."""

from collections.abc import Iterator

import pytest

from nettrain.training.events import EpochDone, Event, MemberStopped, TrainingDone
from nettrain.training.loop import train
from nettrain.training.run import TrainingRun
from tests.trained import IRIS, built, experiment, trained

pytestmark = pytest.mark.usefixtures("step_by_step")


def specs(count: int, *overrides: str) -> list:
    return [experiment(IRIS, *overrides, f"seed={r}") for r in range(count)]


def stops(events: list[Event]) -> dict[int, tuple[int, int, str]]:
    """Epoch, step and reason of each member's end."""
    ends = [event for event in events if isinstance(event, MemberStopped)]
    assert len({end.member for end in ends}) == len(ends)  # nobody ends twice
    return {end.member: (end.epoch, end.step, end.reason) for end in ends}


def test_pruned_members_end_after_their_epoch_and_do_not_affect_the_others() -> None:
    run = built(specs(4))
    events = list(train(run, prune=lambda done: {1: [2], 3: [0, 3]}.get(done.epoch, [])))
    assert stops(events) == {
        2: (1, 7, "pruned"),
        0: (3, 21, "pruned"),
        3: (3, 21, "pruned"),
        1: (6, 42, "epochs"),
    }
    here = [event.members.tolist() for event in events if isinstance(event, EpochDone)]
    assert here == [[0, 1, 2, 3], [0, 1, 3], [0, 1, 3], [1], [1], [1]]
    for member, epochs in enumerate([3, 6, 1, 3]):
        alone = trained(specs(4, f"training.epochs={epochs}")[member : member + 1])
        assert run.final.parameters[member].tobytes() == alone.weights().tobytes()


def test_members_that_have_stopped_cannot_be_pruned() -> None:
    events = list(train(built(specs(2)), prune=lambda done: [0, 1] if done.epoch == 6 else []))
    assert {reason for _, _, reason in stops(events).values()} == {"epochs"}


def test_training_ends_when_all_members_are_pruned() -> None:
    events = list(train(built(specs(2)), prune=lambda done: done.members.tolist()))
    done = events[-1]
    assert isinstance(done, TrainingDone)
    assert (done.epochs_run, done.steps) == (1, 7)


def clock(tick: float = 1.0) -> Iterator[float]:
    """Times that grow by a tick at each reading."""
    now = 0.0
    while True:
        yield now
        now += tick


def test_all_times_come_from_the_clock() -> None:
    times = clock()
    events = list(train(built(specs(1, "training.epochs=2")), clock=lambda: next(times)))
    first, second = (event for event in events if isinstance(event, EpochDone))
    done = events[-1]
    assert isinstance(done, TrainingDone)
    assert first.step_seconds == second.step_seconds == 1
    assert first.seconds == second.seconds == 3
    assert (done.step_seconds, done.seconds) == (2, 9)


class StepClock:
    """A clock that moves by a second in every step; it is read around and after them."""

    def __init__(self, run: TrainingRun) -> None:
        self.counter = run.step_counter

    def __call__(self) -> float:
        return float(max(int(self.counter[0]) - 1, 0))  # the counter is at the number of steps done


def timed(limits: list[float], *overrides: str) -> tuple[TrainingRun, list[Event]]:
    """Members with a time limit each, on a clock that shows the number of the last step, from 0."""
    run = built([experiment(IRIS, f"training.max_seconds={limit}", *overrides) for limit in limits])
    return run, list(train(run, clock=StepClock(run)))


def test_a_member_ends_at_the_first_step_after_its_time() -> None:
    run, events = timed([3.5, 13, 30, 1000])
    assert stops(events) == {
        0: (0, 5, "max_seconds"),  # in the middle of the first epoch, which does not count
        1: (2, 14, "max_seconds"),  # just at an epoch's end
        2: (4, 31, "max_seconds"),
        3: (6, 42, "epochs"),
    }
    here = [event.members.tolist() for event in events if isinstance(event, EpochDone)]
    assert here == [[1, 2, 3], [1, 2, 3], [2, 3], [2, 3], [3], [3]]
    for member, limit in enumerate([3.5, 13, 30, 1000]):
        alone, _ = timed([limit])
        assert run.final.parameters[member].tobytes() == alone.final.parameters[0].tobytes()


def test_the_best_weights_are_restored_at_the_time_limit() -> None:
    rules = ["training.early_stopping={monitor: val_loss, patience: 9}"]
    run, events = timed([16], *rules)
    assert stops(events) == {0: (2, 17, "max_seconds")}
    assert run.final.parameters[0].tobytes() == trained(specs(1, "training.epochs=2")).weights().tobytes()


def test_time_between_epochs_counts() -> None:
    times = [0.0]
    run, seen = built([experiment(IRIS, "training.max_seconds=5")]), []
    for event in train(run, clock=lambda: times[0]):
        seen.append(event)
        times[0] += 3  # a slow display
    assert stops(seen) == {0: (2, 14, "max_seconds")}  # before the third epoch begins


def test_the_last_epoch_is_the_reason_even_if_the_time_limit_is_reached_with_it() -> None:
    _, events = timed([41])
    assert stops(events) == {0: (6, 42, "epochs")}
