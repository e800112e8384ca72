"""Predicted intervals and quantiles: closed forms, scikit-learn's quantile regression, coverage of data that are drawn."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

import nettrain
from nettrain.backend.base import Floats
from nettrain.catalogue.losses.distributional import DistributionalLoss
from nettrain.catalogue.losses.gaussian import GaussianNLL
from nettrain.catalogue.losses.quantiles import Pinball
from nettrain.catalogue.losses.target_distribution import (
    PredictedGaussian,
    PredictedQuantiles,
    central_intervals,
    end_levels,
    pinball_losses,
)
from nettrain.data.labelled import Rows
from nettrain.inference.baseline import constant_loss
from nettrain.inference.intervals import TrueNumbers, distribution_figures
from nettrain.workflow.run import Run

# of scikit-learn 1.9.1, QuantileRegressor(quantile, alpha=0).fit(*linear_rows()) and mean_pinball_loss
LINEAR = {
    0.1: (-0.0011904115471909216, [0.5697417918087483, -0.4311667197874648], 0.2907434784894768),
    0.5: (0.4181857331870243, [2.5298317630296725, -0.7680201911900707], 0.6326336233999972),
    0.9: (0.9993757142827543, [3.4078910155511015, -0.5960648137174562], 0.24571125929715976),
}
GAUSSIANS = PredictedGaussian(np.array([[1.0, -2.0], [0.0, 5.0]]), np.array([[4.0, 0.25], [1.0, 9.0]]))


def linear_rows() -> tuple[Floats, Floats]:
    """Numbers that spread the wider the larger a column is."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 2, (200, 2))
    return x, 1 + 2 * x[:, 0] - x[:, 1] + (0.5 + x[:, 0]) * rng.standard_normal(200)


def noisy(rows: int, seed: int, *, wider: bool) -> tuple[Floats, Floats]:
    """A sine with Gaussian noise, of the same width everywhere or `wider` away from 0."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-2, 2, (rows, 1))
    sd = 0.1 + 0.2 * np.abs(x[:, 0]) if wider else 0.3
    return x, np.sin(2 * x[:, 0]) + sd * rng.standard_normal(rows)


def trained(rows: Any, loss: Any, epochs: int = 40, **blocks: Any) -> Run:
    experiment = {
        "data": {"target_kind": "numbers"},
        "model": {"hidden": [32], "activation": "tanh"},
        "loss": loss,
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "schedule": {"name": "cosine"},
        "training": {"epochs": epochs, "batch_size": 128},
        "backend": {"name": "numpy"},
    }
    return nettrain.train({**experiment, **blocks}, data=rows)


def test_quantiles_of_gaussians_are_those_of_scipy() -> None:
    levels = (0.05, 0.5, 0.9)
    expected = norm.ppf(levels, GAUSSIANS.mean[..., None], np.sqrt(GAUSSIANS.variance)[..., None])
    np.testing.assert_allclose(GAUSSIANS.quantiles(levels), expected, rtol=1e-13, atol=1e-13)


def test_the_score_of_a_gaussian_is_the_integral_of_squared_differences() -> None:
    """CRPS = ∫(F(x) - [y ≤ x])² dx, its definition."""
    y = np.array([[0.5, -2.0], [3.0, 4.0]])
    x = np.linspace(-60, 60, 1_200_001)
    for (i, t), found in np.ndenumerate(GAUSSIANS.crps(y)):
        below = norm.cdf(x, GAUSSIANS.mean[i, t], np.sqrt(GAUSSIANS.variance[i, t]))
        assert found == pytest.approx(((below - (y[i, t] <= x)) ** 2).sum() * (x[1] - x[0]), rel=1e-4)


def test_the_gaussian_of_several_networks_has_the_moments_of_their_mixture() -> None:
    other = PredictedGaussian(GAUSSIANS.mean + 3, GAUSSIANS.variance * 2)
    both = GAUSSIANS.combined([other])
    np.testing.assert_allclose(both.mean, GAUSSIANS.mean + 1.5)
    # E v + Var m: the means lie 1.5 to both sides of theirs
    np.testing.assert_allclose(both.variance, 1.5 * GAUSSIANS.variance + 1.5**2, rtol=1e-14)


def test_the_quantiles_of_several_networks_are_means() -> None:
    levels, values = (0.1, 0.9), np.arange(8.0).reshape(2, 2, 2)
    each = [PredictedQuantiles(levels, values * k) for k in (1, 2, 6)]
    np.testing.assert_array_equal(each[0].combined(each[1:]).values, values * 3)


def test_rows_of_several_networks_stand_one_below_the_other() -> None:
    other = PredictedGaussian(GAUSSIANS.mean + 3, GAUSSIANS.variance * 2)
    rows = GAUSSIANS.above([other, GAUSSIANS])
    np.testing.assert_array_equal(rows.mean, np.vstack([GAUSSIANS.mean, GAUSSIANS.mean + 3, GAUSSIANS.mean]))
    np.testing.assert_array_equal(rows.variance[2:4], GAUSSIANS.variance * 2)


def test_quantiles_that_were_not_trained_are_refused() -> None:
    quantiles = PredictedQuantiles((0.1, 0.9), GAUSSIANS.quantiles((0.1, 0.9)))
    np.testing.assert_array_equal(quantiles.quantiles([0.9])[..., 0], quantiles.values[..., 1])
    with pytest.raises(ValueError, match=r"quantiles \[0\.5\] of \(0\.1, 0\.9\)"):
        quantiles.quantiles([0.5])


def test_units_and_order_of_targets() -> None:
    center, scale = np.array([10.0, 0.0]), np.array([2.0, 100.0])
    own = GAUSSIANS.unscaled(center, scale)
    np.testing.assert_allclose(own.spread, np.sqrt(GAUSSIANS.variance) * scale)
    np.testing.assert_allclose(own.quantiles([0.5])[..., 0], GAUSSIANS.mean * scale + center)
    quantiles = PredictedQuantiles((0.1, 0.9), GAUSSIANS.quantiles((0.1, 0.9))).unscaled(center, scale)
    np.testing.assert_allclose(quantiles.values, own.quantiles((0.1, 0.9)), rtol=1e-14)


def test_which_intervals_lie_between_quantiles() -> None:
    assert central_intervals((0.025, 0.05, 0.25, 0.5, 0.75, 0.95)) == [0.9, 0.5]
    assert central_intervals((0.5,)) == []
    assert end_levels(0.9) == pytest.approx((0.05, 0.95))


def test_coverage_width_and_losses_by_hand() -> None:
    values = np.array([[[0.0, 1.0, 2.0]], [[1.0, 1.0, 4.0]], [[0.0, 3.0, 2.0]]])
    true = TrueNumbers(["y"], np.array([[1.5], [0.0], [2.0]]), np.array([1.0, 1.0, 2.0]))
    found = distribution_figures(PredictedQuantiles((0.1, 0.5, 0.9), values), true)["y"]
    assert found["intervals"] == [
        {"level": 0.8, "coverage": 3 / 4, "width": pytest.approx((2 + 3 + 2 * 2) / 4)}
    ]
    assert [one["below"] for one in found["quantiles"]] == [0.25, 0.75, 1.0]
    lowest = (0.1 * 1.5 + 0.9 * 1.0 + 2 * 0.1 * 2.0) / 4
    assert found["quantiles"][0]["loss"] == pytest.approx(lowest)
    assert found["crossed"] == 0.5
    assert found["crps"] is None


def test_what_is_not_finite_has_no_figures() -> None:
    broken = PredictedGaussian(np.array([[np.nan]]), np.array([[1.0]]))
    assert distribution_figures(broken, TrueNumbers(["y"], np.zeros((1, 1)), np.ones(1))) == {}


@pytest.mark.parametrize("levels", [[0.05, 0.5, 0.95], [0.1, 0.9], [0.6], [0.2, 0.3, 0.8, 0.9]])
@pytest.mark.parametrize("crossing", ["never", "allowed"])
def test_the_point_prediction_is_the_median(levels: list[float], crossing: str) -> None:
    loss = Pinball.model_validate({"quantiles": levels, "crossing": crossing})
    outputs = np.random.default_rng(3).normal(size=(5, 2 * len(levels)))
    described = loss.distribution(outputs)
    expected = np.apply_along_axis(lambda q: np.interp(0.5, levels, q), -1, described.values)
    np.testing.assert_allclose(loss.predictions(np, outputs), expected, rtol=1e-13, atol=1e-13)
    if crossing == "never":
        assert (np.diff(described.values, axis=-1) >= 0).all()


@pytest.mark.parametrize(
    "loss",
    [Pinball(), Pinball(crossing="allowed"), GaussianNLL()],
    ids=["pinball", "crossing", "gaussian_nll"],
)
def test_no_constant_outputs_have_a_smaller_loss(loss: DistributionalLoss) -> None:
    rng = np.random.default_rng(5)
    y, weight = rng.gamma(2.0, size=(300, 2)), rng.integers(0, 3, 300).astype(float)
    best = loss.constant_outputs(y, weight)
    rows = Rows(np.zeros((300, 1)), y, weight)
    least = constant_loss(loss, best, rows)
    near = best + rng.normal(0, 0.05, (200, len(best)))
    assert min(constant_loss(loss, one, rows) for one in near) >= least


def test_constant_quantiles_are_those_of_numpy() -> None:
    y = np.random.default_rng(6).normal(size=(101, 1))
    loss = Pinball(quantiles=[0.1, 0.25, 0.5, 0.9])
    described = loss.distribution(loss.constant_outputs(y, np.ones(101))[None])
    expected = np.quantile(y[:, 0], [0.1, 0.25, 0.5, 0.9], method="inverted_cdf")
    np.testing.assert_allclose(described.quantiles([0.1, 0.25, 0.5, 0.9])[0, 0], expected, rtol=1e-9)


def test_linear_quantiles_are_scikit_learns() -> None:
    x, y = linear_rows()
    run = trained(
        (x, y),
        {"name": "pinball", "quantiles": [*LINEAR], "crossing": "allowed"},
        model={"hidden": []},
        optimizer={"name": "adam", "learning_rate": 0.1},
        training={"epochs": 1200, "batch_size": "full", "evaluate_every": 400},
        data={"target_kind": "numbers", "target_scaling": "none", "validation": 0},
        backend={"name": "numpy", "dtype": "float64"},
    )
    predicted = run.predict_quantiles(x)
    assert run.metrics["train"]["loss"] == pytest.approx(
        np.mean([loss for _, _, loss in LINEAR.values()]), rel=1e-6
    )
    for k, (level, (intercept, slopes, loss)) in enumerate(LINEAR.items()):
        np.testing.assert_allclose(predicted[:, k], intercept + x @ slopes, atol=1e-3)
        own = pinball_losses(y[:, None], predicted[:, None, k : k + 1], [level]).mean()
        assert own == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("wider", [False, True])
@pytest.mark.parametrize("name", ["pinball", "gaussian_nll"])
def test_intervals_of_ninety_percent_hold_as_many(name: str, wider: bool) -> None:
    run = trained(noisy(4000, 0, wider=wider), name)
    x, y = noisy(20_000, 1, wider=wider)
    lower, upper = run.predict_interval(x, 0.9).T
    assert np.mean((lower <= y) & (y <= upper)) == pytest.approx(0.9, abs=0.02)
    # as wide as they must be: 2·1.645 standard deviations
    sd = 0.1 + 0.2 * np.abs(x[:, 0]) if wider else np.full(len(x), 0.3)
    assert np.mean(upper - lower) == pytest.approx(2 * 1.645 * sd.mean(), rel=0.06)
    if wider:
        assert np.corrcoef(upper - lower, sd)[0, 1] > 0.9


def test_an_ensemble_of_gaussians_is_as_wide_as_its_mixture() -> None:
    data = noisy(300, 0, wider=True)
    run = trained(data, "gaussian_nll", epochs=10, training={"epochs": 10, "ensemble": 3})
    x, _ = noisy(50, 1, wider=True)
    each = [run.predict_quantiles(x, [0.5, norm.cdf(1)], member=k) for k in range(3)]
    means, deviations = (
        np.array([one[:, 0] for one in each]),
        np.array([one[:, 1] - one[:, 0] for one in each]),
    )
    both = run.predict_quantiles(x, [0.5, norm.cdf(1)])
    np.testing.assert_allclose(both[:, 0], means.mean(axis=0), rtol=1e-6)
    variance = (deviations**2).mean(axis=0) + means.var(axis=0)
    np.testing.assert_allclose((both[:, 1] - both[:, 0]) ** 2, variance, rtol=1e-6)
    assert run.predict(x).tolist() == pytest.approx(both[:, 0].tolist(), rel=1e-12)


def test_an_ensemble_of_quantiles_predicts_their_means() -> None:
    run = trained(noisy(300, 0, wider=True), "pinball", training={"epochs": 5, "ensemble": 3})
    x, _ = noisy(50, 1, wider=True)
    each = [run.predict_quantiles(x, member=k) for k in range(3)]
    np.testing.assert_allclose(run.predict_quantiles(x), np.mean(each, axis=0), rtol=1e-12)
    described = run.summary["distribution"]["train"]
    assert described == run.evaluate(split="train").distribution


def test_the_figures_of_repeats_are_means() -> None:
    run = trained(noisy(300, 0, wider=True), "pinball", training={"epochs": 5, "repeat": 3})
    each = [run.evaluate(split="train", member=k).distribution["target"]["intervals"][0] for k in range(3)]
    (mean,) = run.summary["distribution"]["train"]["target"]["intervals"]
    for name in ("coverage", "width"):
        assert mean[name] == pytest.approx(np.mean([one[name] for one in each]))


def test_several_targets_have_quantiles_in_their_own_units() -> None:
    x, y = noisy(600, 0, wider=False)
    run = trained((x, np.stack([y, 1000 * y + 5000], axis=1)), "pinball", epochs=30)
    quantiles = run.predict_quantiles(x)
    assert quantiles.shape == (600, 2, 3)
    width = run.predict_interval(x)[..., 1] - run.predict_interval(x)[..., 0]
    assert np.mean(width[:, 1]) == pytest.approx(1000 * np.mean(width[:, 0]), rel=0.1)
    assert run.predict(x).tolist() == quantiles[..., 1].tolist()
    found = run.evaluate((x, np.stack([y, 1000 * y + 5000], axis=1))).distribution
    assert [*found] == ["target0", "target1"]
    assert all(0.8 < one["intervals"][0]["coverage"] < 0.97 for one in found.values())


def test_quantiles_are_means_over_passes_with_dropout() -> None:
    run = trained(
        noisy(300, 0, wider=False), "gaussian_nll", model={"hidden": [16], "dropout": 0.2}, epochs=3
    )
    x, _ = noisy(40, 1, wider=False)
    plain, passes = nettrain.predict(run, x), nettrain.predict(run, x, samples=50)
    assert passes.columns == plain.columns == ["target", "sd_target"]
    # the spread of the passes comes on top of what each of them predicts
    assert (passes["sd_target"] > 0.8 * plain["sd_target"]).all()
    assert passes["sd_target"].to_list() != plain["sd_target"].to_list()
