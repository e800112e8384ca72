"""What the loop asks others: who shall be pruned, and what time it is."""

from collections.abc import Iterator

from nettrain.engine.events import EpochDone, Event, MemberStopped, TrainingDone
from nettrain.engine.loop import train
from tests.trained import IRIS, built, experiment, trained


def specs(count: int, *overrides: str) -> list:
    return [experiment(IRIS, *overrides, f"seed={r}") for r in range(count)]


def stops(events: list[Event]) -> dict[int, tuple[int, int, str]]:
    """Epoch, step and reason of each member's end."""
    ends = [event for event in events if isinstance(event, MemberStopped)]
    assert len({end.member for end in ends}) == len(ends)  # nobody ends twice
    return {end.member: (end.epoch, end.step, end.reason) for end in ends}


def test_pruned_members_end_after_their_epoch_and_the_others_do_not_notice() -> None:
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
        assert run.final[member].tobytes() == alone.weights().tobytes()


def test_who_has_ended_already_cannot_be_pruned() -> None:
    events = list(train(built(specs(2)), prune=lambda done: [0, 1] if done.epoch == 6 else []))
    assert {reason for _, _, reason in stops(events).values()} == {"epochs"}


def test_training_is_over_when_all_are_pruned() -> None:
    events = list(train(built(specs(2)), prune=lambda done: done.members.tolist()))
    done = events[-1]
    assert isinstance(done, TrainingDone)
    assert (done.epochs_run, done.steps) == (1, 7)


def clock(tick: float = 1.0) -> Iterator[float]:
    """Times that grow by a tick at every look."""
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
