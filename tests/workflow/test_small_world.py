"""Worlds of one or two columns: rows in their own units, and predictions at every place."""

import warnings
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import nettrain
from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import DataWarning
from nettrain.workflow.in_memory import MemoryRecorder
from nettrain.workflow.preparation import prepare_training
from nettrain.workflow.small_world import MOST_POINTS, affordable, look, predicting, refusal, small_world
from nettrain.workflow.source import load_experiment
from nettrain.workflow.training import TrainingJob

GENERATOR = np.random.default_rng(1)
X = GENERATOR.normal(size=(90, 2)) * [3, 40] + [5, 100]
TABLE = {"length": X[:, 0], "age": X[:, 1], "kind": np.where(X[:, 0] > 5, "long", "short")}
SMALL = {"experiment": "t", "model": {"hidden": [4]}, "training": {"epochs": 2}, "data": {"test": 0.2}}


def result(table, *overrides):
    memory = MemoryTables.of(table)
    prepared = prepare_training(load_experiment(SMALL, overrides, memory), memory)
    return TrainingJob(prepared, MemoryRecorder(prepared)).run()


def world_of(done):
    return small_world(done.prepared.data, done.run.model.task)


# a curved scaling is undone to a knot's distance
CURVED = {"quantile_normal": 2e-3, "quantile": 2e-3, "robust_clip": 1e-6}


@pytest.mark.parametrize("scaling", ["none", "standard", "minmax", "robust", "max_abs", "center", *CURVED])
def test_rows_are_in_the_units_of_their_columns(scaling):
    done = result(TABLE, f"data.scaling={scaling}", "backend.dtype=float64")
    points = world_of(done).points
    assert ["train", "validation", "test"] == [one.split for one in points]
    found = np.concatenate([one.x for one in points])
    assert 90 == len(found)
    if "quantile" in scaling:  # all values beyond the training rows' are one
        found = points[0].x
    distances = np.abs(found[:, None] - X[None]) / np.ptp(X, axis=0)
    assert distances.max(axis=2).min(axis=1).max() < CURVED.get(scaling, 1e-9)


def test_views_are_the_predictions_at_their_places():
    done = result(TABLE)
    world = world_of(done)
    seen = look(world, [("a", predicting(done.networks))], resolution=5)
    run = nettrain.train(SMALL, data=TABLE)
    across, up = seen.axes
    for i, j in ((0, 0), (1, 4), (3, 2)):
        place = pl.DataFrame({"length": [across[i]], "age": [up[j]]})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # of places outside the training range
            expected = run.predict_proba(place)[0]
        np.testing.assert_allclose(seen.views[0].values[i, j], expected, atol=1e-6)
    assert ("a", (5, 5, 2)) == (seen.views[0].label, seen.views[0].values.shape)


def test_ranges_hold_all_rows_and_a_margin():
    (left, right), (low, high) = world_of(result(TABLE)).ranges
    least, most = X.min(axis=0), X.max(axis=0)
    np.testing.assert_allclose([left, low], least - 0.1 * (most - least), rtol=1e-4)
    np.testing.assert_allclose([right, high], most + 0.1 * (most - least), rtol=1e-4)


def test_rows_with_gaps_are_left_out_and_counted():
    gaps = np.where(np.arange(90) % 9 == 0, np.nan, X[:, 1])
    world = world_of(result({**TABLE, "age": gaps}, "data.mark_gaps_from=5"))
    assert (10, 80) == (world.left_out, sum(len(one.x) for one in world.points))
    rows = {round(float(row[1]), 3) for one in world.points for row in one.x}
    assert rows == {round(float(value), 3) for value in gaps if not np.isnan(value)}


def test_rows_that_all_have_a_gap_are_no_world():
    holes = np.where(np.arange(90)[:, None] % 2 == [0, 1], np.nan, X)
    assert world_of(result({**TABLE, "length": holes[:, 0], "age": holes[:, 1]})) is None


def test_numbers_are_in_their_own_units():
    done = result({"a": X[:, 0], "price": 1e4 * X[:, 1]})
    y = np.concatenate([one.y[:, 0] for one in world_of(done).points])
    np.testing.assert_allclose(np.sort(y), np.sort(1e4 * X[:, 1]), rtol=1e-5)


def test_very_many_rows_are_thinned_out():
    x = GENERATOR.normal(size=(4000, 2))
    world = world_of(result({"a": x[:, 0], "b": x[:, 1], "c": np.where(x[:, 0] > 0, "x", "y")}))
    assert (MOST_POINTS, 2720) == (len(world.points[0].x), world.points[0].total)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({**TABLE, "more": X[:, 0] ** 2}, "needs one or two columns of numbers as inputs, and there are 3"),
        (
            {"town": TABLE["kind"], "a": X[:, 0], "y": X[:, 1]},
            'needs one or two columns of numbers as inputs, and "town" holds others',
        ),
        (
            {"a": np.arange(909.0), "kind": [f"kind {k}" for k in range(101) for _ in range(9)]},
            "shows up to 100 classes, and there are 101",
        ),
    ],
    ids=["three columns", "categories", "too many classes"],
)
def test_other_inputs_are_no_small_world(table, reason):
    done = result(table)
    assert (None, reason) == (world_of(done), refusal(done.prepared.data.preprocessing))


def test_an_ensemble_predicts_with_all_networks_and_repeats_with_the_first():
    assert 3 == len(predicting(result(TABLE, "training.ensemble=3").networks))
    assert 1 == len(predicting(result(TABLE, "training.repeat=3").networks))
    networks = result(TABLE).networks
    assert predicting(replace(networks, parameters=networks.parameters * np.nan)) is None


def test_along_a_line_an_ensemble_shows_each_network():
    done = result({"a": X[:, 0], "price": X[:, 1]}, "training.ensemble=3")
    view = look(world_of(done), [("", predicting(done.networks))], resolution=7).views[0]
    assert (3, 7, 1) == view.members.shape
    np.testing.assert_allclose(view.members.mean(axis=0), view.values)


def test_large_networks_are_looked_at_more_coarsely():
    done = result(TABLE)
    world, networks = world_of(done), predicting(done.networks)
    assert (121, 31) == (affordable(world, [("", networks)]), affordable(world, [("", networks)], 1.0))
    work = 60.5**2 * networks.parameters.size
    assert 60 == affordable(world, [("", networks)], work)
