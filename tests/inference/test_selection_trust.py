"""How far figures can be trusted: against normal theory, and where the truth is known."""

import numpy as np
import pytest

from nettrain.catalogue.metrics import Task
from nettrain.inference.ensemble_selection import ChoosingRows, best_alone, select_ensemble
from nettrain.inference.selection_trust import LEAST, corrected_value, trusted

CLASSES = Task("two classes", ("y",), ("no", "yes"))
NUMBERS = Task("numbers", ("y",))


def guesses(count, rows, seed):
    """Random classes, and candidates that know nothing: the accuracy of each is 0.5."""
    draws = np.random.default_rng(seed)
    y = draws.integers(0, 2, rows)
    said = draws.integers(0, 2, (count, rows))
    return y, [np.stack([1 - one, one], axis=1).astype(float) for one in said]


def test_the_interval_is_that_of_normal_theory():
    draws = np.random.default_rng(1)
    right = draws.random(400) < 0.8
    predictions = np.stack([1 - right, right], axis=1).astype(float)
    rows = ChoosingRows(CLASSES, "accuracy", np.ones(400, dtype=np.int64), np.ones(400))
    found = trusted(rows, predictions, seed=0)
    share = right.mean()
    deviation = np.sqrt(share * (1 - share) / 400)
    assert found.value == pytest.approx(share)
    assert found.low == pytest.approx(share - 1.96 * deviation, abs=0.25 * deviation)
    assert found.high == pytest.approx(share + 1.96 * deviation, abs=0.25 * deviation)
    assert found.rows == 400
    assert found.corrected is None


def test_the_best_of_many_guesses_is_no_better_than_a_guess():
    values, corrected = [], []
    for seed in range(8):
        y, candidates = guesses(40, 100, seed)
        rows = ChoosingRows(CLASSES, "accuracy", y, np.ones(100))
        (best,) = best_alone(candidates, rows)
        values.append(rows.value(candidates[best]))
        corrected.append(corrected_value(candidates, rows, best_alone, most=60, seed=seed).value)
    assert np.mean(values) > 0.58
    assert np.mean(corrected) == pytest.approx(0.5, abs=0.025)


def test_an_ensemble_of_guesses_is_biased_too():
    y, candidates = guesses(20, 80, 5)
    rows = ChoosingRows(CLASSES, "accuracy", y, np.ones(80))
    found = corrected_value(candidates, rows, select_ensemble, most=20, seed=0)
    assert (
        found.value
        < 0.6
        < rows.value(np.mean([candidates[k] for k in select_ensemble(candidates, rows)], axis=0))
    )


def test_a_single_row_cannot_be_both_drawn_and_left():
    rows = ChoosingRows(CLASSES, "accuracy", np.array([1]), np.ones(1))
    found = corrected_value([np.array([[0.2, 0.8]])], rows, best_alone, most=20, seed=0)
    assert (1.0, 0) == (found.value, found.resamples)


def test_where_one_is_clearly_best_there_is_no_bias():
    y = np.zeros((50, 1))
    rows = ChoosingRows(NUMBERS, "rmse", y, np.ones(50))
    candidates = [np.full((50, 1), off) for off in (1.0, 5.0, 9.0)]
    found = corrected_value(candidates, rows, best_alone, most=10, seed=0)
    assert found.value == pytest.approx(1)
    assert found.resamples == 10


def test_it_ends_early_when_there_is_no_time_but_not_at_once():
    y, candidates = guesses(3, 30, 0)
    rows = ChoosingRows(CLASSES, "accuracy", y, np.ones(30))
    found = corrected_value(candidates, rows, best_alone, most=50, seed=0, enough=lambda: True)
    assert found.resamples == LEAST
    again = corrected_value(candidates, rows, best_alone, most=50, seed=0, enough=lambda: True)
    assert found == again
