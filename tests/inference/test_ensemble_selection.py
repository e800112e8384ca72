"""Greedy forward selection with replacement, on cases that can be worked out by hand."""

from itertools import combinations_with_replacement

import numpy as np
import pytest

from nettrain.catalogue.metrics import Task
from nettrain.inference.ensemble_selection import ChoosingRows, best_alone, mean_of, select_ensemble

NUMBERS = Task("numbers", ("y",))
CLASSES = Task("two classes", ("y",), ("no", "yes"))


def numbers(y):
    """Rows with these targets, compared by RMSE."""
    y = np.array(y, dtype=float)[:, None]
    return ChoosingRows(NUMBERS, "rmse", y, np.ones(len(y)))


def off_by(*errors):
    """Predictions of targets 0 that are off by so much."""
    return np.array(errors, dtype=float)[:, None]


def test_errors_that_cancel_are_taken_together():
    rows, candidates = numbers([0, 0]), [off_by(1, -1), off_by(-1.5, 1.5), off_by(9, 9)]
    assert [0] == best_alone(candidates, rows)
    # 1 alone; (1 - 1.5)/2 = -0.25; (2 - 1.5)/3 = 1/6; (2 - 3)/4 = -0.25; (3 - 3)/5 = 0
    assert [0, 1, 0, 1, 0] == select_ensemble(candidates, rows)
    assert rows.value(mean_of(candidates, [0, 1, 0, 1, 0])) == pytest.approx(0, abs=1e-15)


def test_one_that_is_right_stays_alone():
    rows = numbers([0, 0])
    assert [1] == select_ensemble([off_by(1, 1), off_by(0, 0), off_by(-1, -1)], rows)


def test_of_equal_candidates_the_first_is_taken():
    assert [0] == select_ensemble([off_by(1, 1), off_by(1, 1)], numbers([0, 0]))


def test_metrics_of_which_more_is_better():
    y = np.array([1, 1, 0, 0])
    rows = ChoosingRows(CLASSES, "accuracy", y, np.ones(4))
    wrong, right = (np.array([[1 - p, p] for p in ps]) for ps in ([0.1, 0.9, 0.9, 0.1], [0.9, 0.6, 0.2, 0.3]))
    assert [1] == best_alone([wrong, right], rows)
    assert [1] == select_ensemble([wrong, right], rows)
    assert rows.value(right) == 1


def test_it_is_nearly_as_good_as_the_best_of_all_mixtures():
    """Brute force over all mixtures of three; greedy steps may miss the best, but not by far."""
    draws = np.random.default_rng(3)
    y = draws.normal(size=40)
    rows = numbers(y)
    candidates = [y[:, None] + draws.normal(size=(40, 1)) for _ in range(6)]
    taken = select_ensemble(candidates, rows, rounds=3)
    mixtures = (list(one) for n in (1, 2, 3) for one in combinations_with_replacement(range(6), n))
    best = min(rows.value(mean_of(candidates, one)) for one in mixtures)
    assert (1 - 1e-12) * best <= rows.value(mean_of(candidates, taken)) <= 1.05 * best


def test_predictions_that_are_not_finite_are_never_taken():
    rows = numbers([0, 0])
    assert [1] == select_ensemble([off_by(np.nan, 0), off_by(2, 2)], rows)


def test_weights_of_rows_count():
    y = np.zeros((2, 1))
    rows = ChoosingRows(NUMBERS, "rmse", y, np.array([1.0, 0.0]))
    assert [1] == best_alone([off_by(1, 0), off_by(0, 9)], rows)
