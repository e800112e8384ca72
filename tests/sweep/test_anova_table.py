"""Trials as a table: factors on the scale of the search, ranks of those that ended early, missing values."""

from math import inf, isnan

import numpy as np
import pytest

from nettrain.catalogue.distributions import distributions
from nettrain.experiment.sweep_settings import Parameter
from nettrain.sweep.anova.analysed import MOST, AnalysedTrial, table_of
from nettrain.sweep.anova.factors import BINS, UNKNOWN, factor_of


def parameter(key, kind, **settings):
    return Parameter(key, distributions[kind].model_validate(settings))


RATE = parameter("optimizer.learning_rate", "log_uniform_values", min=1e-4, max=1e-1)
CHOICE = parameter("optimizer", "categorical", values=["sgd", "adam", {"name": "lion"}])
BETA = parameter("optimizer.beta1", "uniform", min=0.8, max=1.0)


def test_a_range_is_cut_where_the_search_draws_evenly():
    factor = factor_of(RATE)
    assert factor.is_range
    assert 0 == factor.row(1e-4)
    assert BINS - 1 == factor.row(1e-1)
    assert BINS // 2 == factor.row(10**-2.49)
    assert factor.values[0] == pytest.approx(10 ** (-4 + 3 / (4 * BINS)))
    assert [1 / (2 * BINS)] * (2 * BINS) == factor.cells.masses.tolist()


@pytest.mark.parametrize(
    ("kind", "settings", "values", "masses"),
    [
        ("int_uniform", {"min": 1, "max": 4}, [1, 2, 3, 4], [1 / 4] * 4),
        ("q_uniform", {"min": 0, "max": 1, "q": 0.5}, [0.0, 0.5, 1.0], [1 / 4, 1 / 2, 1 / 4]),
        (
            "categorical",
            {"values": [64, 16, 32], "probabilities": [0.5, 0.2, 0.3]},
            [16, 32, 64],
            [0.2, 0.3, 0.5],
        ),
        ("categorical", {"values": [True, False]}, [True, False], [1 / 2] * 2),
    ],
)
def test_few_values_are_cells_with_their_probabilities(kind, settings, values, masses):
    factor = factor_of(parameter("a.b", kind, **settings))
    assert values == factor.values
    assert factor.cells.masses == pytest.approx(masses, abs=1e-3)
    assert 1 == factor.cells.columns
    assert list(range(len(values))) == [factor.row(value) for value in values]


def test_choices_have_a_column_each():
    factor = factor_of(CHOICE)
    assert np.eye(3).tolist() == factor.codes.tolist()
    assert 2 == factor.row({"name": "lion"})
    assert UNKNOWN == factor.row("rmsprop")


def test_seeds_and_constants_are_no_factors():
    assert factor_of(parameter("seed", "int_uniform", min=0, max=9)) is None
    assert factor_of(parameter("a.b", "constant", value=3)) is None


def trial(number, score, status="finished", epochs=9, **values):
    return AnalysedTrial(number, values, status, epochs, score)


def test_ranks_of_trials_that_ended_early():
    """Those that ended come first, then those stopped later, then those without a figure, which share."""
    trials = [
        trial(1, 0.5),
        trial(2, 0.1, "pruned", 1),
        trial(3, 0.9, "pruned", 3),
        trial(4, inf, "diverged"),
        trial(5, 0.2),
        trial(6, inf, "failed"),
    ]
    table = table_of([], trials, 1)
    places = [1, 3, 2, 4.5, 0, 4.5]
    assert [(place + 0.5) / 6 for place in places] == pytest.approx(table.ranks.tolist())
    assert [0.2, 0.5] == table.figures.tolist()
    assert 0.2 == table.figure_at(0.0)
    assert 0.35 == pytest.approx(table.figure_at(1 / 6))
    assert 0.5 == table.figure_at(0.3)
    assert isnan(table.figure_at(0.5))


def test_larger_figures_are_better_with_another_sign():
    table = table_of([], [trial(1, -0.9), trial(2, -0.7)], -1)
    assert [0.9, 0.7] == table.figures.tolist()
    assert table.ranks[0] < table.ranks[1]


def test_a_parameter_without_a_meaning_has_drawn_values_there():
    trials = [
        trial(
            k,
            float(k),
            **{"optimizer": "sgd" if k % 2 else "adam"} | ({} if k % 2 else {"optimizer.beta1": 0.81}),
        )
        for k in range(1, 401)
    ]
    trials[1] = trial(2, 2.0, **{"optimizer": "adam", "optimizer.beta1": 0.99})
    table = table_of([CHOICE, BETA], trials, 1)
    assert ["optimizer", "optimizer.beta1"] == [one.key for one in table.factors]
    columns = table.columns(np.random.default_rng(0))
    assert (400, 4) == columns.shape
    absent = np.arange(400) % 2 == 0
    assert {0.0, 15.0} == set(columns[~absent][:, 3])
    assert set(range(BINS)) == set(columns[absent][:, 3])


def test_what_did_not_vary_is_no_factor():
    trials = [
        trial(k, float(k), **{"optimizer": "sgd", "optimizer.learning_rate": 10.0**-k}) for k in (1, 2, 3)
    ]
    assert ["optimizer.learning_rate"] == [one.key for one in table_of([CHOICE, RATE], trials, 1).factors]


def test_of_very_many_trials_some_are_drawn():
    trials = [trial(k, float(k), **{"optimizer.learning_rate": 0.01}) for k in range(3 * MOST)]
    table = table_of([RATE], trials, 1)
    assert (MOST, 3 * MOST) == (len(table.ranks), table.total)
    assert table.figures.tolist() == sorted(table.figures)
    assert 0.4 < np.median(table.figures) / (3 * MOST) < 0.6
