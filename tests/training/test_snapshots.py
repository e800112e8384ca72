"""Snapshots are the networks that shorter runs end with; together they answer with a mean."""

import numpy as np
import pytest

from nettrain.inference.evaluate import Networks, figures_of, joint_figures
from nettrain.inference.predict import predict
from nettrain.training.control.snapshots import snapshot_epochs
from nettrain.training.events import MemberStopped
from nettrain.training.loop import train
from tests.trained import IRIS, Trained, built, experiment, resolved_with_data, trained

COMMON = ["model.hidden=[6]", "model.batch_norm=true", "optimizer.learning_rate=0.02"]
SNAPSHOTS = [*COMMON, "training.snapshots=3", "training.epochs=12"]


@pytest.mark.parametrize(
    ("count", "epochs", "expected"),
    [(5, 60, [36, 42, 48, 54, 60]), (3, 12, [8, 10, 12]), (1, 7, [7]), (3, 7, [5, 6, 7]), (0, 9, [])],
)
def test_they_are_spread_over_the_last_half(count: int, epochs: int, expected: list[int]) -> None:
    assert snapshot_epochs(count, epochs) == expected


def test_as_many_as_there_can_be_are_different_and_in_the_last_half() -> None:
    for epochs in range(2, 60):
        for count in range(1, epochs // 2 + 1):
            found = snapshot_epochs(count, epochs)
            assert (len(set(found)), found[-1]) == (count, epochs)
            assert found[0] > epochs // 2


def networks(run: Trained) -> Networks:
    """All snapshots of a single run."""
    taken = run.run.snapshots.of_single(run.stopped[0], run.run.final, run.run.final_statistics)
    return Networks(*taken, [run.run.experiment] * len(taken[0]))


def test_a_snapshot_is_the_network_of_a_shorter_run() -> None:
    run = trained([experiment(IRIS, *SNAPSHOTS)])
    found = networks(run)
    assert run.run.snapshots.epochs_of(run.stopped[0]) == [8, 10, 12]
    for k, epochs in enumerate([8, 10, 12]):
        short = trained([experiment(IRIS, *COMMON, f"training.epochs={epochs}")]).run
        assert found.parameters[k].tobytes() == short.final[0].tobytes()
        assert found.statistics[k].tobytes() == short.final_statistics[0].tobytes()


def test_a_run_that_ends_early_has_its_last_network_and_the_snapshots_before() -> None:
    run = built([experiment(IRIS, *SNAPSHOTS)])
    events = list(train(run, prune=lambda done: [0] if done.epoch == 9 else []))
    end = next(event for event in events if isinstance(event, MemberStopped))
    parameters, _ = run.snapshots.of_single(end, run.final, run.final_statistics)
    assert run.snapshots.epochs_of(end) == [8, 9]
    for k, epochs in enumerate([8, 9]):
        short = trained([experiment(IRIS, *COMMON, f"training.epochs={epochs}")])
        assert parameters[k].tobytes() == short.weights().tobytes()


def test_they_answer_with_the_mean_of_their_probabilities() -> None:
    run = trained([experiment(IRIS, *SNAPSHOTS)])
    found, table = networks(run), run.run.tables["test"]
    outputs = predict(run.run.backend, run.run.architecture, found.parameters, found.statistics, table.x)
    odds = np.exp(outputs.astype(float))
    mean = (odds / odds.sum(axis=2, keepdims=True)).mean(axis=0)
    joint = joint_figures(run.run, found)["test"]
    assert joint["accuracy"] == np.mean(mean.argmax(axis=1) == table.target)
    chosen = mean[np.arange(len(mean)), table.target]
    assert joint["log_loss"] == pytest.approx(-np.log(chosen).mean(), rel=1e-12)


def test_the_mean_of_several_is_not_the_mean_of_their_figures() -> None:
    specs = [experiment(IRIS, "training.epochs=2", f"seed={r}", "data.seed=0") for r in range(4)]
    run = trained(specs).run
    all_four = Networks(run.final, run.final_statistics, resolved_with_data(specs))
    each, joint = figures_of(run, all_four)["train"]["log_loss"], joint_figures(run, all_four)["train"]
    assert joint["log_loss"] < each.mean()  # Jensen: -log is convex


def test_the_mean_of_one_is_itself_to_the_bit() -> None:
    run = trained([experiment(IRIS)]).run
    one = Networks(run.final, run.final_statistics, [run.experiment])
    alone = {name: value[0] for name, value in figures_of(run, one)["test"].items() if name != "loss"}
    assert joint_figures(run, one)["test"] == alone


def test_members_that_diverged_are_left_out() -> None:
    parameters = np.array([[1.0, 2], [np.nan, 1], [3, np.inf], [4, 5]])
    statistics = np.arange(4.0).reshape(4, 1)
    specs = [experiment(IRIS, f"seed={r}") for r in range(4)]
    sound = Networks(parameters, statistics, specs).sound()
    assert sound.parameters.tolist() == [[1, 2], [4, 5]]
    assert sound.statistics.tolist() == [[0], [3]]
    assert [one.seed for one in sound.experiments] == [0, 3]
