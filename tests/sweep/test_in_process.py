"""A sweep in this process has the figures of its trials, each trained alone."""

import pytest

from nettrain import train
from nettrain.sweep import chunk_training
from nettrain.sweep.in_process import train_in_process
from nettrain.sweep.opening import open_sweep
from nettrain.workflow.source import load_experiment

SEARCH = {
    "experiment": "search",
    "data": {"source": "synthetic:moons", "validation": 0.3},
    "model": {"hidden": [4]},
    "training": {"epochs": 2, "batch_size": 100},
    "sweep": {
        "trials": 5,
        "parameters": {
            "optimizer.learning_rate": {"distribution": "log_uniform_values", "min": 1e-3, "max": 1},
            "model.activation": {"values": ["relu", "tanh"]},  # two populations
        },
    },
}


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    with open_sweep(
        load_experiment(SEARCH), tmp_path_factory.mktemp("sweeps"), total=None, workers=1
    ) as opened:
        train_in_process(opened)
        yield opened


def test_all_trials_have_results(sweep):
    assert [1, 2, 3, 4, 5] == sorted(sweep.results)
    assert {"finished"} == {result.status for result in sweep.results.values()}


def test_progress_is_no_result(tmp_path, monkeypatch):
    monkeypatch.setattr(chunk_training, "PROGRESS_INTERVAL", -1.0)
    with open_sweep(load_experiment(SEARCH), tmp_path / "sweeps", total=2, workers=1) as opened:
        train_in_process(opened)
        assert [1, 2] == sorted(opened.results)


@pytest.mark.parametrize("trial", [1, 4])
def test_figures_are_those_of_the_trial_alone(sweep, trial):
    experiment = sweep.experiment_of(trial).model_dump() | {"sweep": None}
    assert train(experiment).metrics["val"]["loss"] == sweep.results[trial].figures["val_loss"]
