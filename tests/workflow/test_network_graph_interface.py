"""`nettrain.network_graph`: of an experiment, of a run in memory, and of its folder."""

import numpy as np
import pytest

import nettrain

GENERATOR = np.random.default_rng(0)
X, Y = GENERATOR.normal(size=(40, 2)), np.arange(40) % 2
SETTINGS = {"experiment": "g", "model": {"hidden": [3]}, "training": {"epochs": 2}, "data": {"seed": 0}}


def test_a_run_in_memory_and_its_folder_show_the_same(tmp_path):
    run = nettrain.train(SETTINGS, data=(X, Y))
    one = nettrain.network_graph(run, row=3)
    two = nettrain.network_graph(run.save(tmp_path / "g"), row=3, data=(X, Y))
    assert one.plain["layers"] == two.plain["layers"]
    assert ("g", "trained weights", 2) == (one.network, one.weights, len(one.plain["connections"]))


def test_an_experiment_shows_the_weights_before_training():
    before = nettrain.network_graph(SETTINGS, data=(X, Y), row=3)
    trained = nettrain.network_graph(nettrain.train(SETTINGS, "training.epochs=1", data=(X, Y)), row=3)
    assert "weights before training" == before.weights
    assert before.plain["layers"][0] != trained.plain["layers"][0]
    np.testing.assert_allclose(before.signals.columns[0].values, trained.signals.columns[0].values, rtol=1e-6)


def test_members_of_an_ensemble():
    run = nettrain.train(SETTINGS, "training.ensemble=2", data=(X, Y))
    first, second = (nettrain.network_graph(run, member=k) for k in (0, 1))
    assert "trained weights of network 1" == second.weights
    assert first.plain["connections"] != second.plain["connections"]
    assert first.plain["connections"] == nettrain.network_graph(run).plain["connections"]


def test_what_is_not_there():
    with pytest.raises(nettrain.SpecError, match=r"^row: 99: g has the training rows 0 to"):
        nettrain.network_graph(SETTINGS, data=(X, Y), row=99)
