"""Pareto fronts, against comparing every trial with every other one."""

import math

import numpy as np
import pytest

from nettrain.sweep.constraints import Constraint
from nettrain.sweep.fronts import front_of
from nettrain.sweep.messages import TrialResult
from nettrain.sweep.ranking import Criteria, Goal


def beaten(rows, k):
    """Whether some row is nowhere worse than the k-th and somewhere better."""
    return any(
        all(a <= b for a, b in zip(row, rows[k], strict=True))
        and any(a < b for a, b in zip(row, rows[k], strict=True))
        for row in rows
    )


def fronts_by_definition(rows):
    """The front of each row: take away those that nobody beats, again and again."""
    places = [0] * len(rows)
    left = [k for k, row in enumerate(rows) if all(map(math.isfinite, row))]
    number = 0
    while left:
        number += 1
        remaining = [rows[k] for k in left]
        best = [k for place, k in enumerate(left) if not beaten(remaining, place)]
        for k in best:
            places[k] = number
        left = [k for k in left if k not in best]
    return places


@pytest.mark.parametrize("goals", [1, 2, 3, 5])
@pytest.mark.parametrize("values", [3, 1000])
def test_fronts_are_those_of_the_definition(goals, values):
    """Few values make ties and equal rows; some rows are not finite."""
    draws = np.random.default_rng([goals, values])
    for size in (1, 2, 7, 40, 90):
        rows = draws.integers(0, values, (size, goals)).astype(float)
        for lost in (math.nan, math.inf, -math.inf):
            rows[draws.random(rows.shape) < 0.02] = lost
        assert fronts_by_definition(rows.tolist()) == front_of(rows).tolist()


def test_nothing_has_no_front():
    assert [] == front_of(np.empty((0, 2))).tolist()
    assert [0] == front_of(np.array([[1.0, math.nan]])).tolist()


def test_a_thousand_trials_of_two_goals_have_the_fronts_of_three_with_one_that_never_differs():
    rows = np.random.default_rng(1).random((1000, 2))
    assert front_of(rows).tolist() == front_of(np.column_stack([rows, np.ones(1000)])).tolist()


ACCURACY, SIZE = Goal("val_accuracy", maximize=True), Goal("parameters", maximize=False)


def trained(trial, accuracy, parameters, status="finished", **more):
    return TrialResult(trial, status, figures={"val_accuracy": accuracy, "parameters": parameters}, **more)


def test_the_front_has_finished_trials_that_keep_to_constraints():
    results = [
        trained(1, 0.9, 100),
        trained(2, 0.8, 10),
        trained(3, 0.8, 20),  # beaten by 2
        trained(4, 0.9, 100),  # as good as 1
        trained(5, 0.99, 1, "pruned"),
        trained(6, 0.99, 1, "diverged"),
        trained(7, 0.99, 1, out_of_time=True),
        trained(8, math.nan, 1),
        trained(9, 0.95, 5000),  # breaks the constraint
        TrialResult(10, "finished", figures={"val_accuracy": 0.99}),
        TrialResult(11, "infeasible", figures={"parameters": 5000}),
    ]
    criteria = Criteria((ACCURACY, SIZE), (Constraint("parameters", at_most=1000),))
    assert {1: 1, 4: 1, 2: 1, 3: 2} == criteria.fronts(results)
    assert {1: 1, 4: 1, 2: 1, 3: 2, 9: 1} == Criteria((ACCURACY, SIZE)).fronts(results)
    assert {} == Criteria((ACCURACY,)).fronts(results)


def test_of_trials_that_are_equal_by_the_first_goal_the_best_is_on_the_front():
    criteria = Criteria((ACCURACY, SIZE))
    results = [trained(1, 0.9, 100), trained(2, 0.9, 10), trained(3, 0.9, 10), trained(4, 0.5, 1)]
    assert [2, 3, 1, 4] == [one.trial for one in criteria.best_first(results)]
    assert [1, 2, 3, 4] == [one.trial for one in Criteria((ACCURACY,)).best_first(results)]
