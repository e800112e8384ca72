"""The valley of a curve of losses, its verdicts, and numbers that people write."""

import numpy as np
import pytest

from nettrain.checks.range_test.suggestion import Valley, rounded, valley, verdicts

NAN = float("nan")


def test_a_valley_is_what_is_within_5_percent_of_the_smallest():
    losses = np.array([1.0, 0.9, 0.52, 0.50, 0.51, 0.52, 0.8, NAN, NAN])
    found = valley(losses, 1.0)
    assert Valley(2, 5) == found
    expected = ["rises", "too low", *["good"] * 4, "too high", "diverged", "diverged"]
    assert expected == list(verdicts(losses, 0.95, found))


def test_one_lucky_value_beside_failures_does_not_decide():
    losses = np.array([1.0, 0.8, 0.6, 0.5, 0.5, 0.6, 0.9, 0.3, NAN, NAN])
    assert Valley(3, 4) == valley(losses, 1.0)


def test_one_diverged_value_ends_the_valley():
    losses = np.array([1.0, 0.5, 0.5, 0.5, NAN, 0.5, 0.5, 0.9])
    assert Valley(1, 3) == valley(losses, 1.0)


def test_losses_may_be_negative_or_nothing():
    assert Valley(2, 3) == valley(np.array([1.0, 0.0, -2.0, -2.05, -1.0, 3.0]), 1.0)
    assert Valley(2, 4) == valley(np.array([1.0, 0.5, 0.0, 0.0, 0.0, 0.4]), 1.0)


@pytest.mark.parametrize("losses", [[NAN] * 4, [1.0, 1.0, 1.1, NAN], [0.995, 0.995, 0.995, 0.995]])
def test_no_valley_where_no_loss_falls(losses):
    assert valley(np.array(losses), 1.0) is None


def test_the_middle_is_that_of_the_scale():
    values = np.array([0.001, 0.01, 0.1, 1.0])
    assert 0.03 == Valley(1, 2).middle(values, logarithmic=True)
    assert 0.1 == Valley(1, 2).middle(values, logarithmic=False)


def test_the_middle_keeps_to_the_range():
    values = np.array([0.9, 0.95, 0.99])
    assert 0.99 == Valley(0, 2).middle(values, logarithmic=True)
    assert 0.9 == Valley(0, 1).middle(values, logarithmic=False)
    assert 0.97 == Valley(1, 2).middle(values, logarithmic=False)
    assert 0.0 == Valley(0, 1).middle(np.array([0.0, 0.1, 0.2]), logarithmic=False)
    assert 0.99 == Valley(2, 2).middle(values, logarithmic=False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0031, 0.003), (0.0126, 0.015), (0.0121, 0.01), (8.6e-5, 1e-4), (0.62, 0.7), (1.9, 2.0), (0, 0.0)],
)
def test_numbers_that_people_write(value, expected):
    assert expected == rounded(value)
