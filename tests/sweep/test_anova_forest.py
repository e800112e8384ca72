"""What mattered by a forest: against Optuna's fANOVA, closed forms, and searches whose answer is known."""

from itertools import combinations
from math import pi

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

from nettrain.catalogue.distributions import distributions
from nettrain.experiment.sweep_settings import Parameter
from nettrain.sweep.anova import analysis
from nettrain.sweep.anova.analysed import AnalysedTrial
from nettrain.sweep.anova.analysis import Anova, NoAnova, WhyNoAnova, what_mattered
from nettrain.sweep.anova.boxes import LeafBoxes
from nettrain.sweep.anova.decomposition import Decomposition
from nettrain.sweep.anova.factors import BINS, shadow
from nettrain.sweep.anova.forest import _arrays
from nettrain.sweep.ranking import Goal

LOSS = Goal("val_loss", maximize=False)
RANGE = shadow()[0]


def decomposed(estimators, factors):
    return Decomposition(LeafBoxes.of([_arrays(one.tree_) for one in estimators], factors))


def test_a_tree_of_scikit_learn_has_the_shares_that_optuna_finds():
    """Optuna's evaluator draws the same tree, of which it knows the same ranges, by other code."""
    optuna = pytest.importorskip("optuna")
    generator = np.random.default_rng(0)
    rows = generator.integers(0, BINS, (60, 4)).astype(float)
    response = rows[:, 0] + rows[:, 1] * rows[:, 2] / 8 + generator.normal(size=60)
    ranges = {f"p{k}": optuna.distributions.FloatDistribution(-0.5, BINS - 0.5) for k in range(4)}
    study = optuna.create_study()
    for row, value in zip(rows, response, strict=True):
        values = {f"p{k}": float(one) for k, one in enumerate(row)}
        study.add_trial(optuna.create_trial(value=float(value), params=values, distributions=ranges))
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=1, max_depth=64, seed=5)
    theirs = evaluator.evaluate(study)
    forest = RandomForestRegressor(1, max_depth=64, random_state=5).fit(rows, response)
    ours = decomposed(forest.estimators_, [RANGE] * 4)
    assert theirs == pytest.approx(
        {f"p{k}": share for k, share in enumerate(ours.mains / ours.variance)}, rel=1e-5
    )


def test_the_indices_of_ishigamis_function():
    """A tree that knows the function on a grid has the indices of Sobol, up to the grid."""
    places = np.stack(np.meshgrid(*[np.arange(BINS)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    x = (2 * (places + 0.5) / BINS - 1) * pi
    values = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    ours = decomposed([DecisionTreeRegressor().fit(places.astype(float), values)], [RANGE] * 3)
    first = 0.5 * (1 + pi**4 / 50) ** 2
    both = pi**8 / 225 * 8 / 100
    total = first + 49 / 8 + both
    assert ours.variance == pytest.approx(total, rel=0.05)
    assert ours.mains / ours.variance == pytest.approx([first / total, 49 / 8 / total, 0], abs=0.02)
    pairs = [ours.interaction(*pair) / ours.variance for pair in combinations(range(3), 2)]
    assert pairs == pytest.approx([0, both / total, 0], abs=0.02)


def parameters(count):
    kind = distributions["log_uniform_values"]
    return [Parameter(f"a.p{k}", kind.model_validate({"min": 1e-4, "max": 1.0})) for k in range(count)]


def searched(loss, count=64, width=4, seed=0):
    """A random search: the loss is a function of the values' places in their ranges."""
    places = np.random.default_rng(seed).random((count, width))
    return [
        AnalysedTrial(
            k + 1, {f"a.p{j}": float(10 ** (-4 + 4 * u)) for j, u in enumerate(row)}, "finished", 5, score
        )
        for k, row in enumerate(places)
        if (score := float(loss(row))) is not None
    ]


def test_a_clear_order_is_told_and_its_partial_effects_are_right():
    anova = what_mattered(parameters(4), searched(lambda u: 10 * u[1] + 4 * u[2]), LOSS)
    assert isinstance(anova, Anova)
    assert anova.is_first_told
    assert ["a.p1", "a.p2"] == [one.key for one in anova.effects[:2]]
    assert [True, True, False, False] == [one.is_told for one in anova.effects]
    truth = np.array([100, 16, 0, 0]) / 116
    assert [one.share.value for one in anova.effects] == pytest.approx(truth, abs=0.12)
    effect = anova.effects[0].partial
    assert effect.values[0] == pytest.approx(1e-4 * 10 ** (4 / (4 * BINS)))
    assert np.all(effect.low <= effect.ranks)
    assert np.all(effect.ranks <= effect.high)
    assert effect.ranks[0] < 0.25
    assert effect.ranks[-1] > 0.75
    assert np.corrcoef(effect.ranks, np.arange(2 * BINS))[0, 1] > 0.95
    assert anova.figure_at(0.0) == min(one.score for one in searched(lambda u: 10 * u[1] + 4 * u[2]))


def test_nothing_is_told_where_there_is_nothing_but_noise(monkeypatch):
    monkeypatch.setattr(analysis, "RESAMPLES", 2)
    for seed in range(6):
        noise = np.random.default_rng(seed)
        anova = what_mattered(parameters(4), searched(lambda u: noise.normal(), seed=seed), LOSS)  # noqa: B023
        assert not anova.is_told


def test_an_interaction_is_found():
    trials = searched(lambda u: (2 * u[0] - 1) * (2 * u[3] - 1), count=200)
    anova = what_mattered(parameters(4), trials, LOSS)
    first = anova.interactions[0]
    assert ("a.p0", "a.p3") == first.keys
    assert first.is_told
    assert first.share.low <= first.share.value <= first.share.high
    assert [False, False] == [one.is_told for one in anova.interactions[1:]]


def test_a_number_that_only_one_choice_has():
    """Of half the trials, those by adam, beta decides all; alone it has the larger share, and both interact."""
    generator = np.random.default_rng(0)
    searched_keys = [
        Parameter("optimizer", distributions["categorical"].model_validate({"values": ["adam", "sgd"]})),
        Parameter("optimizer.beta", distributions["uniform"].model_validate({"min": 0, "max": 1})),
    ]
    trials = []
    for k in range(120):
        u = generator.random()
        values = {"optimizer": "adam", "optimizer.beta": u} if k % 2 else {"optimizer": "sgd"}
        trials.append(AnalysedTrial(k + 1, values, "finished", 5, u if k % 2 else 0.5))
    anova = what_mattered(searched_keys, trials, LOSS)
    assert "optimizer.beta" == anova.effects[0].key
    assert anova.effects[0].is_told
    assert anova.effects[0].share.value == pytest.approx(0.5, abs=0.12)
    assert anova.interactions[0].share.value == pytest.approx(0.5, abs=0.12)


def test_why_there_is_no_analysis(monkeypatch):
    trials = searched(lambda u: u[0])
    reasons = {
        WhyNoAnova.FEW_TRIALS: what_mattered(parameters(4), trials[:9], LOSS),
        WhyNoAnova.EVOLVES: what_mattered(parameters(4), trials, LOSS, evolves=True),
        WhyNoAnova.NOTHING_VARIES: what_mattered([], trials, LOSS),
        WhyNoAnova.NOTHING_DIFFERS: what_mattered(parameters(4), searched(lambda u: 1.0), LOSS),
    }
    monkeypatch.setattr(analysis, "is_installed", lambda: False)
    reasons[WhyNoAnova.NOT_INSTALLED] = what_mattered(parameters(4), trials, LOSS)
    for reason, found in reasons.items():
        assert isinstance(found, NoAnova)
        assert reason is found.reason


def test_the_same_trials_give_the_same_analysis(monkeypatch):
    monkeypatch.setattr(analysis, "RESAMPLES", 2)
    trials = searched(lambda u: u[0], count=24)
    one, again = (what_mattered(parameters(4), trials, LOSS) for _ in range(2))
    assert [x.share for x in one.effects] == [x.share for x in again.effects]
    assert one.explained == again.explained
