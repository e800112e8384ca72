"""Rankings, influences and borders, against SciPy and constructed losses."""

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from nettrain.experiment.load import load
from nettrain.sweep.borders import at_border
from nettrain.sweep.influence import Influence, average_ranks, influences, rank_correlation
from nettrain.sweep.messages import TrialResult
from nettrain.sweep.ranking import Goal, best_first
from nettrain.sweep.search_space import SearchSpace
from tests.sweep.sweeping import MANY, write_experiment

LOSS, ACCURACY = Goal("val_loss", maximize=False), Goal("val_accuracy", maximize=True)


def result(trial, loss, status="finished"):
    return TrialResult(trial, status, figures={"val_loss": loss, "val_accuracy": -loss})


def test_ranks_and_their_correlation_equal_scipys():
    generator = np.random.default_rng(0)
    for _ in range(20):
        a, b = generator.integers(0, 6, (2, 15)).astype(float)
        assert average_ranks(a).tolist() == (rankdata(a) - 1).tolist()
        assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)


def test_a_parameter_that_never_changes_has_no_correlation():
    assert rank_correlation(np.ones(5), np.arange(5.0)) == 0.0


def test_only_finished_trials_can_be_best_and_ties_keep_their_order():
    results = [
        result(1, 0.5),
        result(2, 0.1, "pruned"),
        result(3, 0.5),
        result(4, 0.0, "diverged"),
        result(5, float("nan")),
        result(6, 0.4),
    ]
    assert [one.trial for one in best_first(results, LOSS)] == [6, 1, 3]
    assert [one.trial for one in best_first(results, ACCURACY)] == [6, 1, 3]


def influences_on(space, loss, total=200):
    """The influences by key when a trial's loss is this function of its values."""
    trials = space.trials(total)
    results = {trial.number: result(trial.number, loss(trial.values)) for trial in trials}
    return {one.key: one for one in influences(space.parameters, trials, results, LOSS)}


def test_the_decisive_parameter_has_the_strongest_influence(tmp_path):
    space = SearchSpace(load(write_experiment(tmp_path, MANY)))
    measured = influences_on(space, lambda values: -np.log(values["optimizer.learning_rate"]))
    assert next(iter(measured)) == "optimizer.learning_rate"
    assert measured["optimizer.learning_rate"] == Influence(
        "optimizer.learning_rate", pytest.approx(1.0), 1, None, 200
    )
    assert all(one.strength < 0.35 for key, one in measured.items() if key != "optimizer.learning_rate")
    assert "seed" not in measured


def test_a_decisive_choice_has_the_strongest_influence_and_its_means(tmp_path):
    space = SearchSpace(load(write_experiment(tmp_path, MANY)))
    measured = influences_on(space, lambda values: 0.25 if values["model.activation"] == "tanh" else 0.75)
    assert next(iter(measured)) == "model.activation"
    assert measured["model.activation"].groups == {"tanh": 0.25, "relu": 0.75}
    assert list(measured["model.activation"].groups) == ["tanh", "relu"]
    assert measured["model.activation"].strength == pytest.approx(0.5, abs=0.01)  # ranks of two even halves


def test_a_number_at_its_border_is_reported_if_the_range_can_be_extended(tmp_path):
    space = SearchSpace(load(write_experiment(tmp_path, MANY)))
    values = {
        "optimizer": "momentum",
        "optimizer.learning_rate": 0.099,
        "optimizer.momentum": 0.75,
        "regularization.l2": 1.1e-5,
        "model.dropout": 0.0,
        "seed": 3,
    }
    assert at_border(space, values) == [
        "optimizer.learning_rate: the best, 0.099, lies at the upper border; search beyond it",
        "regularization.l2: the best, 1.1e-05, lies at the lower border; search beyond it",
    ]
    better = [Influence("optimizer.learning_rate", 0.9, -1), Influence("regularization.l2", 0.2, -1)]
    assert at_border(space, values, better) == [
        "regularization.l2: the best, 1.1e-05, lies at the lower border; search beyond it"
    ]
    natural = MANY.replace("{values: [0.0, 0.2]}", "{values: [0.0, 0.2, 0.4]}")
    assert (
        len(at_border(SearchSpace(load(write_experiment(tmp_path, natural))), values)) == 2
    )  # dropout is never below 0
    assert (
        len(
            at_border(
                SearchSpace(load(write_experiment(tmp_path, natural))), {**values, "model.dropout": 0.4}
            )
        )
        == 3
    )


def test_trials_that_ran_out_of_time_come_after_those_that_ended():
    results = [
        TrialResult(1, "finished", figures={"val_loss": 0.1}, out_of_time=True),
        TrialResult(2, "finished", figures={"val_loss": 0.3}),
        TrialResult(3, "finished", figures={"val_loss": 0.2}),
    ]
    assert [3, 2, 1] == [one.trial for one in best_first(results, Goal("val_loss", maximize=False))]
