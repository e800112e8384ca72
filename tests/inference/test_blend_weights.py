"""Weights of a blend, on cases whose answer is known."""

import numpy as np
import pytest

from nettrain.catalogue.metrics import Task
from nettrain.inference.blend_weights import _standard_errors, select_blend
from nettrain.inference.ensemble_selection import ChoosingRows

NUMBERS = Task("numbers", ("y",))
CLASSES = Task("two classes", ("y",), ("no", "yes"))
ROWS = 400


def rows(metric="rmse"):
    return ChoosingRows(NUMBERS, metric, np.zeros((ROWS, 1)), np.ones(ROWS))


def noise(scale, seed):
    return np.random.default_rng(seed).normal(0, scale, (ROWS, 1))


def test_networks_of_the_same_quality_count_the_same():
    assert [0, 1] == select_blend([noise(1, 1), noise(1, 2)], rows())
    assert [0, 1, 2] == select_blend([noise(1, 1), noise(1, 2), noise(1, 3)], rows())


def test_one_that_is_far_better_predicts_alone():
    assert [1] == select_blend([noise(5, 1), noise(1, 2)], rows())
    assert [0] == select_blend([noise(0, 1), noise(1, 2)], rows())


def test_one_that_is_clearly_but_not_far_better_counts_more():
    """Of independent errors with variances 1 and 3 the best weights are 3/4 and 1/4."""
    taken = select_blend([noise(1, 1), noise(np.sqrt(3), 2)], rows())
    assert taken.count(0) / len(taken) == pytest.approx(3 / 4, abs=0.13)


def test_a_difference_that_one_row_makes_changes_nothing():
    first, second = noise(1, 1), noise(1, 2)
    first[7] = 15
    assert [0, 1] == select_blend([first, second], rows())


def test_probabilities_are_compared_by_their_log_loss():
    draws = np.random.default_rng(0)
    y = draws.integers(0, 2, ROWS)

    def sure(share):
        right = np.where(draws.random(ROWS) < share, y, 1 - y)
        positive = np.where(right == 1, 0.9, 0.1)
        return np.stack([1 - positive, positive], axis=1)

    compared = ChoosingRows(CLASSES, "log_loss", y, np.ones(ROWS))
    assert [0] == select_blend([sure(0.95), sure(0.6)], compared)
    alike = [sure(0.8), sure(0.8)]
    assert [0, 1] == select_blend(alike, compared)


def test_one_network_predicts_alone():
    assert [0] == select_blend([noise(1, 1)], rows())


def test_standard_errors_are_those_of_a_mean():
    """Of mean squared errors, the difference of which is a mean over rows."""
    first, second = noise(1, 1), noise(1.2, 2)
    _, error = _standard_errors([first, second], 0, rows("rmse"))
    mse = [(one**2).mean() for one in (first, second)]
    # by the delta method: d rmse = d mse / (2 rmse), of each its own rmse
    differences = second[:, 0] ** 2 / (2 * np.sqrt(mse[1])) - first[:, 0] ** 2 / (2 * np.sqrt(mse[0]))
    assert error == pytest.approx(differences.std(ddof=1) / np.sqrt(ROWS), rel=0.2)


def test_the_order_of_rows_without_weight_does_not_matter():
    weight = np.ones(ROWS)
    weight[ROWS // 2 :] = 0
    first, second = noise(1, 1), noise(1, 2)
    second[ROWS // 2 :] = 50
    assert [0, 1] == select_blend([first, second], ChoosingRows(NUMBERS, "rmse", np.zeros((ROWS, 1)), weight))


def test_predictions_that_are_not_defined_leave_the_best():
    with np.errstate(all="ignore"):
        assert [1] == select_blend([np.full((ROWS, 1), np.inf), noise(1, 2)], rows())
