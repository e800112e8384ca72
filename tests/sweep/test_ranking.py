"""What mattered and where the best lies, against figures that other programs give."""

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from nettrain.experiment.load import load
from nettrain.sweep.borders import at_border
from nettrain.sweep.influence import Influence, average_ranks, influences, rank_correlation
from nettrain.sweep.messages import TrialResult
from nettrain.sweep.ranking import Goal, best_first
from nettrain.sweep.search_space import SearchSpace
from tests.sweep.sweeping import MANY, written

LOSS, ACCURACY = Goal("val_loss", maximize=False), Goal("val_accuracy", maximize=True)


def result(trial, loss, status="finished"):
    return TrialResult(trial, status, figures={"val_loss": loss, "val_accuracy": -loss})


def test_ranks_and_their_correlation_are_scipys():
    generator = np.random.default_rng(0)
    for _ in range(20):
        a, b = generator.integers(0, 6, (2, 15)).astype(float)
        assert average_ranks(a).tolist() == (rankdata(a) - 1).tolist()
        assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)


def test_a_parameter_that_never_changes_has_no_correlation():
    assert rank_correlation(np.ones(5), np.arange(5.0)) == 0.0


def test_only_trials_that_came_to_their_end_can_be_best_and_equals_keep_their_order():
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


def test_the_parameter_that_decides_is_found(tmp_path):
    space = SearchSpace(load(written(tmp_path, MANY)))
    found = influences_on(space, lambda values: -np.log(values["optimizer.learning_rate"]))
    assert next(iter(found)) == "optimizer.learning_rate"
    assert found["optimizer.learning_rate"] == Influence(
        "optimizer.learning_rate", pytest.approx(1.0), 1, None, 200
    )
    assert all(one.strength < 0.35 for key, one in found.items() if key != "optimizer.learning_rate")
    assert "seed" not in found


def test_a_choice_that_decides_is_found_with_its_means(tmp_path):
    space = SearchSpace(load(written(tmp_path, MANY)))
    found = influences_on(space, lambda values: 0.25 if values["model.activation"] == "tanh" else 0.75)
    assert next(iter(found)) == "model.activation"
    assert found["model.activation"].groups == {"tanh": 0.25, "relu": 0.75}
    assert list(found["model.activation"].groups) == ["tanh", "relu"]
    assert found["model.activation"].strength == pytest.approx(0.5, abs=0.01)  # ranks of two even halves


def test_a_number_at_the_end_of_its_range_is_told_unless_the_experiment_ends_there(tmp_path):
    space = SearchSpace(load(written(tmp_path, MANY)))
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
    natural = MANY.replace("{values: [0.0, 0.2]}", "{values: [0.0, 0.2, 0.4]}")
    assert (
        len(at_border(SearchSpace(load(written(tmp_path, natural))), values)) == 2
    )  # dropout is never below 0
    assert (
        len(at_border(SearchSpace(load(written(tmp_path, natural))), {**values, "model.dropout": 0.4})) == 3
    )
