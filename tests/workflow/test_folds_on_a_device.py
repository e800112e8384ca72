"""A cross-validation whose arrays are on a device: each fold is the run that takes it, and goes on when stopped."""

import numpy as np
import pytest

import nettrain
from tests.fake_cupy.backend import FakeCupyBackend

pytestmark = pytest.mark.usefixtures("step_by_step")

SPEC = {
    "experiment": "folded",
    "data": {"source": "builtin:iris", "folds": 4, "test": 0.2},
    "model": {"hidden": [6], "batch_norm": True, "dropout": 0.2},
    "training": {"epochs": 4, "batch_size": 40, "early_stopping": {"patience": 2}},
    "backend": {"threads": 1},
}
USERS = ("folds.plan", "preparation", "side_by_side", "find_rate")  # modules that open a backend


@pytest.fixture(autouse=True)
def _device(monkeypatch):
    for name in USERS:
        monkeypatch.setattr(
            f"nettrain.workflow.{name}.named_backend",
            lambda settings, *_: FakeCupyBackend(settings.dtype, settings.threads),
        )


def test_folds_are_the_runs_that_take_them():
    run = nettrain.train(SPEC)
    for fold in run.contents.outcome.folds:
        data = {**SPEC["data"], "folds": {"count": 4, "take": fold.planned.number}}
        alone = nettrain.train({**SPEC, "data": data})
        assert "fake" == alone.trained.backend.name
        np.testing.assert_array_equal(alone.trained.parameters, fold.run.trained.parameters, strict=True)
        np.testing.assert_array_equal(alone.trained.statistics, fold.run.trained.statistics, strict=True)
        assert alone.metrics == {split: dict(named) for split, named in fold.run.summary["metrics"].items()}
    assert 120 == len(run.out_of_fold) == run.out_of_fold["species"].count()


def test_an_interrupted_one_goes_on(tmp_path):
    whole = nettrain.train(SPEC, folder=tmp_path / "whole")
    left = iter(range(4))
    run = nettrain.train(SPEC, folder=tmp_path / "run", stop=lambda: next(left, None) is None)
    assert ["interrupted"] * 4 == run.folds["status"].to_list()
    again = nettrain.resume(run)
    assert whole.folds.equals(again.folds, null_equal=True)
    for path in ("folds/2/model.safetensors", "folds/4/history.csv"):
        assert (whole.folder / path).read_bytes() == (again.folder / path).read_bytes()
