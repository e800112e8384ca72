"""Inference on a device gives what it gives on NumPy."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from nettrain.backend.numpy import NumpyBackend
from nettrain.inference.evaluate import evaluate_ensemble, evaluate_members
from nettrain.inference.importance import importances
from nettrain.inference.mc_dropout import mc_predictions
from nettrain.inference.measured import MeasuredNetworks, NetworksOnRows
from nettrain.inference.predictions import metrics_of, predict_labelled
from nettrain.inference.split_predictions import most_telling_split, predict_split
from nettrain.store.trained_run import TrainedRun
from tests.fake_cupy.backends import BACKENDS, backend_factory
from tests.trained import IRIS, experiment, prepared, trained


@pytest.fixture(params=BACKENDS)
def new_backend(request: pytest.FixtureRequest) -> Iterator[Any]:
    yield from backend_factory(request.param)


class TrainedOn:
    """Two networks trained on a backend, and all that inference computes with them."""

    def __init__(self, new_backend: Any, *choice: str) -> None:
        specs = [experiment(IRIS, *choice, f"seed={r}") for r in range(2)]
        self.run, self.data = trained(specs, new_backend).run, prepared(specs[0])
        self.networks, self.datasets = self.run.networks([self.run.experiment] * 2), self.run.data.datasets
        final = self.run.final.parameters, self.run.final.statistics
        fitted = (self.run.architecture, *final, self.data.preprocessing)
        self.stored = TrainedRun(self.run.experiment, *fitted, self.run.backend).networks

    def member_metrics(self) -> Any:
        return evaluate_members(self.networks, self.datasets, self.run.pool)

    def ensemble_metrics(self) -> Any:
        return evaluate_ensemble(self.networks, self.datasets)

    def predictions_of_a_split(self) -> Any:
        dataset = self.datasets[most_telling_split(self.datasets)]
        return {"predictions": predict_split(self.networks, dataset)}

    def labelled_rows(self) -> Any:
        labelled = predict_labelled(self.stored, self.data.train)
        return {"rows": labelled.losses, "figures": metrics_of(self.stored.task, labelled).scalars}

    def dropout_samples(self) -> Any:
        return dict(enumerate(mc_predictions(self.stored, self.data.train.x, 3)))

    def importance(self) -> Any:
        asked = NetworksOnRows(self.stored, self.data.preprocessing, self.data.train)
        results = importances(MeasuredNetworks((asked,)), "accuracy", shuffles=2, seed=1)
        return {one.name: (one.mean, one.sd) for one in results}


@pytest.mark.parametrize(
    "compute",
    [
        TrainedOn.member_metrics,
        TrainedOn.ensemble_metrics,
        TrainedOn.predictions_of_a_split,
        TrainedOn.labelled_rows,
        TrainedOn.dropout_samples,
        TrainedOn.importance,
    ],
)
def test_inference_equals_that_on_numpy(new_backend: Any, compute: Callable[[TrainedOn], Any]) -> None:
    choice = ["backend.dtype=float64", "model.dropout=0.2", "model.batch_norm=true", "training.repeat=2"]
    here, there = (compute(TrainedOn(one, *choice)) for one in (NumpyBackend, new_backend))
    assert_close(here, there)


def assert_close(here: Any, there: Any) -> None:
    if isinstance(here, dict):
        assert here.keys() == there.keys()
        for name, value in here.items():
            assert_close(value, there[name])
    else:
        np.testing.assert_allclose(there, here, rtol=1e-9, atol=1e-12)
