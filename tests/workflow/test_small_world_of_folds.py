"""What folds predict together all over one or two columns of numbers, each with its own preprocessing."""

import numpy as np
import polars as pl
import pytest

import nettrain
from nettrain.workflow.run_data import read_own_data
from nettrain.workflow.small_world import look_at_folds

SPEC = {"model": {"hidden": [4]}, "training": {"epochs": 5}, "backend": {"threads": 1}}


def folded(source: str) -> nettrain.Run:
    return nettrain.train({**SPEC, "data": {"source": source, "folds": 3, "test": 0.2}})


def seen(run):
    runs = run.predictor.runs
    return look_at_folds(runs, read_own_data(runs[0], None, "").prepared, run.predictor.task)


def test_the_line_is_the_mean_of_the_folds():
    run = folded("synthetic:sine")
    world = seen(run)
    (axis,), (view,) = world.axes, world.views
    places = pl.DataFrame({world.world.columns[0]: axis})
    np.testing.assert_allclose(run.predict(places), view.values[:, 0], rtol=1e-6)
    for number in (1, 2, 3):
        np.testing.assert_allclose(
            run.fold(number).predict(places), view.members[number - 1, :, 0], rtol=1e-6
        )


def test_regions_are_those_of_the_mean_probability():
    run = folded("synthetic:moons")
    world = seen(run)
    first, second = np.meshgrid(*world.axes, indexing="ij")
    names = world.world.columns
    places = pl.DataFrame({names[0]: first.ravel(), names[1]: second.ravel()})
    probabilities = run.predict_proba(places).reshape(world.views[0].values.shape)
    np.testing.assert_allclose(probabilities, world.views[0].values, rtol=1e-6)


def test_every_row_is_there_once():
    run = folded("synthetic:moons")
    points = {one.split: one.total for one in seen(run).world.points}
    assert {"train": 800, "test": 200} == points


def test_other_inputs_are_no_plane():
    run = folded("builtin:iris")
    assert seen(run) is None


@pytest.mark.parametrize("source", ["sine", "moons"])
def test_the_picture_is_drawn(source, tmp_path):
    run = folded(f"synthetic:{source}")
    text = run.report(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "What it has learned" in text
