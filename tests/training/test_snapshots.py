"""Snapshots are the networks that shorter runs end with; together they answer with a mean."""

from dataclasses import replace

import numpy as np
import pytest

from nettrain.inference.evaluate import evaluate_ensemble, evaluate_members
from nettrain.inference.model import TrainedNetworks
from nettrain.training.control.snapshots import snapshot_epochs
from nettrain.training.events import MemberStopped
from nettrain.training.loop import train
from tests.trained import IRIS, Trained, built, experiment, outputs_of, resolved_with_data, trained

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


def networks(run: Trained) -> TrainedNetworks:
    """All snapshots of a single run."""
    return run.run.snapshot_networks(run.stopped[0], run.run.experiment)


def test_a_snapshot_is_the_network_of_a_shorter_run() -> None:
    run = trained([experiment(IRIS, *SNAPSHOTS)])
    found = networks(run)
    assert run.run.monitors.snapshots.epochs_of(run.stopped[0]) == [8, 10, 12]
    for k, epochs in enumerate([8, 10, 12]):
        short = trained([experiment(IRIS, *COMMON, f"training.epochs={epochs}")]).run
        assert found.parameters[k].tobytes() == short.final.parameters[0].tobytes()
        assert found.statistics[k].tobytes() == short.final.statistics[0].tobytes()


def test_a_run_that_ends_early_has_its_last_network_and_the_snapshots_before() -> None:
    run = built([experiment(IRIS, *SNAPSHOTS)])
    events = list(train(run, prune=lambda done: [0] if done.epoch == 9 else []))
    end = next(event for event in events if isinstance(event, MemberStopped))
    parameters, _ = run.monitors.snapshots.of_single(end, run.final.parameters, run.final.statistics)
    assert run.monitors.snapshots.epochs_of(end) == [8, 9]
    for k, epochs in enumerate([8, 9]):
        short = trained([experiment(IRIS, *COMMON, f"training.epochs={epochs}")])
        assert parameters[k].tobytes() == short.weights().tobytes()


def test_they_answer_with_the_mean_of_their_probabilities() -> None:
    run = trained([experiment(IRIS, *SNAPSHOTS)])
    found, datasets = networks(run), run.run.data.datasets
    outputs = outputs_of(run.run, found.parameters, found.statistics, datasets["test"].x)
    odds = np.exp(outputs.astype(float))
    mean = (odds / odds.sum(axis=2, keepdims=True)).mean(axis=0)
    joint, classes = evaluate_ensemble(found, datasets)["test"], datasets["test"].targets
    assert joint["accuracy"] == np.mean(mean.argmax(axis=1) == classes)
    chosen = mean[np.arange(len(mean)), classes]
    assert joint["log_loss"] == pytest.approx(-np.log(chosen).mean(), rel=1e-12)


def test_the_mean_of_several_is_not_the_mean_of_their_figures() -> None:
    specs = [experiment(IRIS, "training.epochs=2", f"seed={r}", "data.seed=0") for r in range(4)]
    run = trained(specs).run
    all_four, train_rows = run.networks(resolved_with_data(specs)), {"train": run.data.train}
    each = evaluate_members(all_four, train_rows)["train"]["log_loss"]
    assert (
        evaluate_ensemble(all_four, train_rows)["train"]["log_loss"] < each.mean()
    )  # Jensen: -log is convex


def test_the_mean_of_one_is_itself_to_the_bit() -> None:
    run = trained([experiment(IRIS)]).run
    one, test_rows = run.networks([run.experiment]), {"test": run.data.datasets["test"]}
    alone = evaluate_members(one, test_rows)["test"]
    del alone["loss"]
    expected = {name: value[0] for name, value in alone.items()}
    assert expected == evaluate_ensemble(one, test_rows)["test"]


def test_members_that_diverged_are_left_out() -> None:
    parameters = np.array([[1.0, 2], [np.nan, 1], [3, np.inf], [4, 5]])
    statistics = np.arange(4.0).reshape(4, 1)
    specs = [experiment(IRIS, f"seed={r}") for r in range(4)]
    networks = built(specs).networks(resolved_with_data(specs))
    finite = replace(networks, parameters=parameters, statistics=statistics).finite()
    assert finite.parameters.tolist() == [[1, 2], [4, 5]]
    assert finite.statistics.tolist() == [[0], [3]]
    assert (2, [0, 3]) == (len(finite), finite.members.seed.tolist())
