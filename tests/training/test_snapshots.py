"""Snapshots are the networks with which shorter runs end."""

import pytest

from nettrain.training.control.snapshots import snapshot_epochs
from nettrain.training.events import MemberStopped
from nettrain.training.loop import train
from tests.trained import IRIS, built, experiment, trained

COMMON = ["model.hidden=[6]", "model.batch_norm=true", "optimizer.learning_rate=0.02"]
SNAPSHOTS = [*COMMON, "training.snapshots=3", "training.epochs=12"]


@pytest.mark.parametrize(
    ("count", "epochs", "expected"),
    [(5, 60, [36, 42, 48, 54, 60]), (3, 12, [8, 10, 12]), (1, 7, [7]), (3, 7, [5, 6, 7]), (0, 9, [])],
)
def test_they_are_spread_over_the_second_half(count: int, epochs: int, expected: list[int]) -> None:
    assert snapshot_epochs(count, epochs) == expected


def test_any_possible_number_of_them_is_at_different_epochs_of_the_second_half() -> None:
    for epochs in range(2, 60):
        for count in range(1, epochs // 2 + 1):
            chosen = snapshot_epochs(count, epochs)
            assert (len(set(chosen)), chosen[-1]) == (count, epochs)
            assert chosen[0] > epochs // 2


def test_a_snapshot_is_the_network_of_a_shorter_run() -> None:
    done = trained([experiment(IRIS, *SNAPSHOTS)])
    run, stopped = done.run, done.stopped[0]
    snapshots = run.snapshot_networks(stopped, run.experiment)
    assert run.monitors.snapshots.epochs_of(stopped) == [8, 10, 12]
    for k, epochs in enumerate([8, 10, 12]):
        short = trained([experiment(IRIS, *COMMON, f"training.epochs={epochs}")]).run
        assert snapshots.parameters[k].tobytes() == short.final.parameters[0].tobytes()
        assert snapshots.statistics[k].tobytes() == short.final.statistics[0].tobytes()


def test_a_run_that_ends_early_has_its_last_network_and_the_snapshots_before() -> None:
    run = built([experiment(IRIS, *SNAPSHOTS)])
    events = list(train(run, prune=lambda done: [0] if done.epoch == 9 else []))
    end = next(event for event in events if isinstance(event, MemberStopped))
    parameters, _ = run.monitors.snapshots.of_single(end, run.final.parameters, run.final.statistics)
    assert run.monitors.snapshots.epochs_of(end) == [8, 9]
    for k, epochs in enumerate([8, 9]):
        short = trained([experiment(IRIS, *COMMON, f"training.epochs={epochs}")])
        assert parameters[k].tobytes() == short.weights().tobytes()
