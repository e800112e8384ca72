"""Prediction intervals of MLPRegressor."""

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn.callback", reason="needs nettrain[sklearn]")

from scipy.stats import norm
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import mean_pinball_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nettrain import MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
PINBALL = {"name": "pinball", "quantiles": [0.05, 0.25, 0.5, 0.75, 0.95]}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, (1500, 1))
    return x, np.sin(2 * x[:, 0]) + (0.1 + 0.2 * np.abs(x[:, 0])) * rng.standard_normal(1500)


@pytest.fixture(scope="module", params=["gaussian_nll", PINBALL], ids=["gaussian_nll", "pinball"])
def fitted(request, rows):
    estimator = MLPRegressor(request.param, (24,), learning_rate_init=0.01, max_iter=30, random_state=0)
    return estimator.fit(*(half[:1000] for half in rows))


def test_ends_and_quantiles(fitted, rows):
    x, y = (half[1000:] for half in rows)
    ends = fitted.predict_interval(x)
    assert ends.shape == (500, 2)
    assert np.mean((ends[:, 0] <= y) & (y <= ends[:, 1])) == pytest.approx(0.9, abs=0.05)
    quantiles = fitted.predict_quantiles(x, [0.05, 0.5, 0.95])
    np.testing.assert_array_equal(quantiles[:, [0, 2]], ends)
    np.testing.assert_allclose(quantiles[:, 1], fitted.predict(x), rtol=1e-12)
    at_random = mean_pinball_loss(y, np.full_like(y, np.quantile(y, 0.05)), alpha=0.05)
    assert mean_pinball_loss(y, quantiles[:, 0], alpha=0.05) < 0.6 * at_random


def test_fitted_again_in_a_pipeline_and_pickled(fitted, rows):
    x, y = rows
    pipeline = make_pipeline(StandardScaler(), clone(fitted)).fit(x, y)
    last = pickle.loads(pickle.dumps(pipeline[-1]))
    inputs = pipeline[:-1].transform(x)
    np.testing.assert_array_equal(last.predict_interval(inputs), pipeline[-1].predict_interval(inputs))
    assert 0 < pipeline.score(x, y) < 1


def test_several_targets(rows):
    x, y = rows
    estimator = MLPRegressor("gaussian_nll", (8,), max_iter=3).fit(x, np.stack([y, 100 * y], axis=1))
    assert estimator.predict_interval(x, 0.5).shape == (1500, 2, 2)
    wide, narrow = (np.diff(estimator.predict_interval(x, level)) for level in (0.9, 0.5))
    np.testing.assert_allclose(wide / narrow, norm.ppf(0.95) / norm.ppf(0.75), rtol=1e-9)


def test_what_cannot_be_had(rows):
    x, y = rows
    with pytest.raises(NotFittedError):
        MLPRegressor("pinball").predict_interval(x)
    squares = MLPRegressor(max_iter=2).fit(x, y)
    with pytest.raises(
        ValueError, match="trained with mse_half, intervals need loss gaussian_nll or pinball"
    ):
        squares.predict_interval(x)
    few = MLPRegressor("pinball", max_iter=2).fit(x, y)
    with pytest.raises(ValueError, match=r"level: 0\.5 needs the quantiles 0\.25 and 0\.75"):
        few.predict_interval(x, 0.5)
    assert few.predict_quantiles(x).shape == (1500, 3)


def test_residuals_of_validation_rows(rows):
    x, y = rows
    config = {"calibration": "conformal", "training": {"epochs": 30}}
    estimator = MLPRegressor(
        hidden_layer_sizes=(16,), learning_rate_init=0.01, early_stopping=True, random_state=0, config=config
    ).fit(x[:1000], y[:1000])
    ends = estimator.predict_interval(x[1000:], 0.8)
    np.testing.assert_allclose(ends.mean(axis=1), estimator.predict(x[1000:]))
    assert np.mean((ends[:, 0] <= y[1000:]) & (y[1000:] <= ends[:, 1])) == pytest.approx(0.8, abs=0.08)
    again = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(again.predict_interval(x, 0.8), estimator.predict_interval(x, 0.8))
