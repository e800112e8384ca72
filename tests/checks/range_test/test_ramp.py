"""The ramp: its rates grow by a constant factor, and its losses are those of one training with them."""

import numpy as np
import pytest

from nettrain import find_learning_rate
from nettrain.checks.range_test.ramp import running_means
from tests.checks.range_test.test_range_test import LINEAR, parabola


def test_losses_are_those_of_gradient_descent_with_growing_steps():
    x, y = parabola([2.0, 0.5])
    found = find_learning_rate(LINEAR, data=(x, y), low=1e-3, high=1.0, steps=50, method="ramp")
    w, losses = np.zeros(2), []
    for rate in np.geomspace(1e-3, 1.0, 50):
        error = x @ w - y
        losses.append(np.mean(error**2) / 2)
        w -= rate * x.T @ error / len(x)
    count = len(found.rates)
    np.testing.assert_allclose(found.rates, np.geomspace(1e-3, 1.0, 50)[:count])
    np.testing.assert_allclose(found.losses, running_means(np.array(losses))[:count], rtol=1e-8)


def test_it_ends_when_it_explodes():
    found = find_learning_rate(LINEAR, data=parabola([2.0, 0.5]), method="ramp")
    assert 2 / 2.0 < found.rates[-1] < 10
    assert len(found.rates) == found.test.steps < 300
    assert found.rates[-1] > found.suggestion * 10 > 0.1


def test_running_means_are_unbiased():
    assert [3.0] * 5 == pytest.approx(running_means(np.full(5, 3.0)).tolist())
    assert (0.95 * 1.0 + 2.0) / 1.95 == pytest.approx(running_means(np.array([1.0, 2.0]))[1])
