"""Calibrations against SciPy's minimiser and scikit-learn's isotonic regression, and against arithmetic."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from nettrain.catalogue.calibrations import calibrations
from nettrain.catalogue.calibrations.isotonic import isotonic_curve, pool_adjacent_violators
from nettrain.catalogue.calibrations.temperature import Temperature
from tests.catalogue.oracles import assert_oracles

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "calibrations.json").read_text())
CASES = {case["name"]: case for case in GOLDEN["cases"]}
FITTED = [name for name in GOLDEN["cases"][0] if isinstance(GOLDEN["cases"][0][name], dict)]


def fitted(kind, case):
    """What the entry fits to the rows of a case."""
    arrays = (np.array(case[key]) for key in ("probabilities", "y", "weight"))
    return calibrations[kind].fit(*arrays)


def log_loss(p, y, weight):
    return float(weight @ -np.log(p[np.arange(len(y)), y]) / weight.sum())


def test_every_calibration_has_an_oracle():
    assert_oracles(calibrations, ["none", "conformal", *FITTED])


@pytest.mark.parametrize("kind", FITTED)
@pytest.mark.parametrize("name", CASES)
def test_probabilities_become_those_of_other_libraries(name, kind):
    expected = CASES[name][kind]["calibrated"]
    asked = np.array(CASES[name]["probabilities"])[: len(expected)]
    np.testing.assert_allclose(fitted(kind, CASES[name]).calibrated(asked), expected, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("name", CASES)
def test_the_temperature_is_the_one_that_scipy_finds(name):
    found = fitted("temperature", CASES[name]).temperature
    assert CASES[name]["temperature"]["value"] == pytest.approx(found, rel=1e-12)


def test_powers_of_probabilities_are_softmax_of_divided_outputs():
    z = np.random.default_rng(0).normal(0, 3, (50, 4))
    softmax = [np.exp(one) / np.exp(one).sum(axis=1, keepdims=True) for one in (z, z / 1.7)]
    np.testing.assert_allclose(Temperature(temperature=1.7).calibrated(softmax[0]), softmax[1], rtol=1e-13)


def test_the_temperature_of_equal_rows_in_closed_form():
    # of rows with p = 0.9, a share of 3/4 is right: the best is log(0.9/0.1)/log((3/4)/(1/4))
    p, y = np.tile([0.1, 0.9], (4, 1)), np.array([1, 1, 1, 0])
    found = calibrations["temperature"].fit(p, y, np.ones(4))
    assert math.log(9) / math.log(3) == pytest.approx(found.temperature, rel=1e-14)
    assert [0.25, 0.75] == pytest.approx(found.calibrated(p)[0].tolist(), rel=1e-14)


@pytest.mark.parametrize("seed", range(30))
def test_the_log_loss_of_the_rows_never_rises(seed):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(rng.integers(2, 5), 10.0 ** rng.uniform(-2, 1)), rng.integers(1, 40))
    p = np.maximum(p, 1e-12) / np.maximum(p, 1e-12).sum(axis=1, keepdims=True)
    y, weight = rng.integers(0, p.shape[1], len(p)), rng.random(len(p))
    found = calibrations["temperature"].fit(p, y, weight)
    loss = log_loss(found.calibrated(p), y, weight)
    assert loss <= log_loss(p, y, weight) + 1e-14
    for near in (0.999, 1.001):
        temperature = min(max(found.temperature * near, 0.01), 100)
        other = Temperature(temperature=temperature).calibrated(p)
        if (p.argmax(axis=1) != y)[weight > 0].any():  # otherwise the smallest would be the best
            assert loss <= log_loss(other, y, weight) + 1e-14


@pytest.mark.parametrize(("rows", "classes"), [(1, 2), (3, 4), (90, 32)])
def test_equal_rows_that_are_all_right_are_as_likely_as_laplace_says(rows, classes):
    p = np.full((rows, classes), 0.4 / (classes - 1))
    p[:, 0] = 0.6
    found = calibrations["temperature"].fit(p, np.zeros(rows, int), np.ones(rows))
    calibrated = found.calibrated(p)[:, 0]
    np.testing.assert_allclose(calibrated, (rows + 1) / (rows + 2), rtol=1e-12)
    # (0.6/0.4 (K - 1))^(1/T) = (N + 1)(K - 1)
    assert math.log((rows + 1) * (classes - 1)) * found.temperature == pytest.approx(
        math.log(1.5 * (classes - 1))
    )


def test_rows_that_are_all_right_and_sure_stay_as_they_are():
    p, y = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])
    found = calibrations["temperature"].fit(p, y, np.ones(2))
    assert 1 == found.temperature
    assert "temperature 1" == found.description
    assert p.tolist() == found.calibrated(p).tolist()


def test_right_rows_of_different_certainty_have_smoothed_targets():
    p, y = np.array([[0.9, 0.1]] * 97 + [[0.51, 0.49]] * 3), np.zeros(100, int)
    found = calibrations["temperature"].fit(p, y, np.ones(100)).temperature

    def loss(temperature):
        q = Temperature(temperature=temperature).calibrated(p)
        return -np.mean(101 / 102 * np.log(q[:, 0]) + 1 / 102 * np.log(q[:, 1]))

    assert 0.4 < found < 0.5
    assert loss(found) < min(loss(found * 0.999), loss(found * 1.001))


def test_right_rows_that_cannot_be_told_from_others_say_nothing():
    p, y = np.full((5, 2), 0.5), np.zeros(5, int)
    assert 1 == calibrations["temperature"].fit(p, y, np.ones(5)).temperature


def test_probabilities_that_are_worse_than_none_become_nearly_even():
    p, y = np.array([[0.6, 0.4], [0.1, 0.9]]), np.array([1, 0])
    found = calibrations["temperature"].fit(p, y, np.ones(2))
    assert 100 == found.temperature
    assert "temperature 100, the largest: no better than chance" == found.description
    assert np.abs(found.calibrated(p) - 0.5).max() < 0.01


def test_probabilities_that_say_far_too_little_become_as_sure_as_can_be():
    p = np.array([[0.5005, 0.4995]] * 20 + [[0.500001, 0.499999]])
    found = calibrations["temperature"].fit(p, np.array([0] * 20 + [1]), np.ones(21))
    assert 0.01 == found.temperature
    assert found.calibrated(p)[0, 0] == pytest.approx(1 / (1 + (0.4995 / 0.5005) ** 100))


@pytest.mark.parametrize("kind", FITTED)
def test_rows_without_weight_do_not_count(kind):
    case = CASES["three classes, too sure, weighted"]
    there = np.array(case["weight"]) > 0
    alone = {key: np.array(case[key])[there] for key in ("probabilities", "y", "weight")}
    assert fitted(kind, case) == fitted(kind, alone)


@pytest.mark.parametrize("kind", FITTED)
def test_the_order_of_classes_does_not_matter(kind):
    case = CASES["three classes, too sure"]
    p, y = np.array(case["probabilities"]), np.array(case["y"])
    swapped = {"probabilities": p[:, [2, 0, 1]], "y": np.array([1, 2, 0])[y], "weight": case["weight"]}
    found = fitted(kind, swapped).calibrated(p[:, [2, 0, 1]])
    np.testing.assert_allclose(found[:, [1, 2, 0]], fitted(kind, case).calibrated(p), rtol=1e-12)


def test_neighbours_that_fall_are_pooled():
    y, weight = np.array([1.0, 0, 2, 1, 1, 3]), np.array([1.0, 3, 1, 1, 2, 1])
    assert [0.25, 0.25, 1.25, 1.25, 1.25, 3.0] == pool_adjacent_violators(y, weight).tolist()


def test_a_curve_by_hand():
    curve = isotonic_curve(np.array([0.1, 0.3, 0.3, 0.5, 0.7]), np.array([0, 1, 0, 0, 1]), np.ones(5))
    # 0.3 is half right, and falls to 0.5: the two are a third
    assert ([0.1, 0.3, 0.5, 0.7], [0, 1 / 3, 1 / 3, 1]) == (curve.x, pytest.approx(curve.y))
    assert [0, 1 / 6, 1 / 3, 2 / 3, 1] == pytest.approx(curve(np.array([0, 0.2, 0.4, 0.6, 2.0])).tolist())


def test_all_curves_at_0_give_even_probabilities():
    p = np.array([[0.2, 0.3, 0.5], [0.5, 0.3, 0.2], [0.2, 0.5, 0.3]])
    found = calibrations["isotonic"].fit(p, np.array([2, 0, 1]), np.ones(3))
    assert [1 / 3] * 3 == pytest.approx(found.calibrated(np.array([[0.2, 0.3, 0.2]]))[0].tolist())
