"""Methods of search: what each chooses, against its definition and other people's programs."""

import math
import warnings
from collections import Counter

import numpy as np
import pytest
from scipy.stats import qmc

from nettrain.catalogue.distributions import distributions
from nettrain.catalogue.searches import Space, ToldTrial, search_methods
from nettrain.catalogue.searches.base import TRIALS, generator
from nettrain.catalogue.searches.bayes import _excesses, ranks
from nettrain.catalogue.searches.sobol import BITS, LinearScramble
from nettrain.experiment.sweep_settings import Parameter
from tests.catalogue.oracles import assert_oracles

COMPARED = {
    "random",
    "grid",
    "sobol",
    "hyperband",
    "bayes",
    "pbt",
}  # random and grid in tests/sweep/test_sampler.py
PLANE = [
    Parameter("x", distributions["uniform"](min=0.0, max=1.0)),
    Parameter("y", distributions["uniform"](min=0.0, max=1.0)),
]


def space(parameters, seed=0, applies=lambda values, parameter: True):
    return Space(parameters, applies, seed)


def points(method, count, parameters=PLANE, seed=0):
    """The first values of a method that learns nothing, (count, parameters)."""
    sampler = search_methods[method]().sampler(space(parameters, seed))
    return np.array([[*sampler.values(trial, {}).values()] for trial in range(1, count + 1)])


def test_every_method_has_an_oracle():
    assert_oracles(search_methods, COMPARED)


# sobol


def test_every_elementary_interval_has_its_share_of_sobol_points():
    """What makes a (0, 6, 2)-net in base 2: each box of 2^-a by 2^-b with a + b = 6 holds one of 64 points."""
    for seed in range(5):
        found = points("sobol", 64, seed=seed)
        for a in range(7):
            boxes = Counter(map(tuple, np.floor(found * [2**a, 2 ** (6 - a)]).astype(int)))
            assert [1] * 64 == [*boxes.values()]


def test_sobol_points_lie_more_evenly_than_random_ones():
    for seed in range(5):
        assert qmc.discrepancy(points("sobol", 64, seed=seed)) < 0.5 * qmc.discrepancy(
            points("random", 64, seed=seed)
        )


def test_the_scramble_is_a_product_with_a_triangular_matrix_of_bits():
    scramble = LinearScramble(generator(3, 0, "x"))
    rows = [[int(bit) for bit in row] for row in scramble._matrix]
    assert all(rows[i][i] == 1 and not any(rows[i][i + 1 :]) for i in range(BITS))
    for number in (0, 1, 5, 2**29, 2**30 - 1):
        bits = [number >> (BITS - 1 - j) & 1 for j in range(BITS)]
        expected = [sum(r * b for r, b in zip(row, bits, strict=True)) % 2 for row in rows]
        expected = [bit ^ int(shift) for bit, shift in zip(expected, scramble._shift, strict=True)]
        actual = int(scramble(np.array([number], np.uint64))[0])
        assert expected == [actual >> (BITS - 1 - j) & 1 for j in range(BITS)]


def test_without_its_scramble_the_sequence_is_that_of_scipy(monkeypatch):
    monkeypatch.setattr(LinearScramble, "__call__", lambda self, whole: whole)
    expected = qmc.Sobol(2, scramble=False).random_base2(6)
    np.testing.assert_allclose(expected, points("sobol", 64), atol=2.0**-BITS, rtol=0)


def test_a_sobol_point_depends_on_its_number_alone():
    whole = points("sobol", 200)
    sampler = search_methods["sobol"]().sampler(space(PLANE))
    assert [*sampler.values(150, {}).values()] == whole[149].tolist()
    assert [*sampler.values(3, {}).values()] == whole[2].tolist()
    assert not (points("sobol", 20, seed=1) == whole[:20]).any()


def test_the_order_of_parameters_and_fixed_ones_change_no_sobol_point():
    fixed = [Parameter("a", distributions["constant"](value=3)), *PLANE[::-1]]
    np.testing.assert_array_equal(points("sobol", 20), points("sobol", 20, fixed)[:, [2, 1]])


def test_where_all_is_fixed_every_sobol_point_is_the_same():
    fixed = space([Parameter("a", distributions["constant"](value=3))])
    sampler = search_methods["sobol"]().sampler(fixed)
    assert [{"a": 3}, {"a": 3}] == [sampler.values(trial, {}) for trial in (1, 100)]


# hyperband


def test_brackets_are_those_of_the_paper():
    """Table 1 of Li et al. 2018: trials and epochs at each rung for R = 81, η = 3."""
    expected = [
        [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
        [(34, 3), (11, 9), (3, 27), (1, 81)],
        [(15, 9), (5, 27), (1, 81)],
        [(8, 27), (2, 81)],
        [(5, 81)],
    ]
    plans = search_methods["hyperband"]().brackets(81)
    assert expected == [[*rungs_of(plan, 81)] for plan in plans]
    assert 143 == search_methods["hyperband"]().trials(81)


def rungs_of(plan, epochs):
    """How many trials train to each rung, and to the end."""
    trials = plan.trials
    for rung in (*plan.rungs, epochs):
        yield trials, rung
        trials = plan.keep(trials)


def test_the_first_comparison_waits_as_long_as_it_is_told():
    made = search_methods["hyperband"](min_iter=5, eta=2)
    plans = made.brackets(40)  # 8 units of 5 epochs: s = 3, 2, 1, 0
    assert [(8, (5, 10, 20)), (6, (10, 20)), (4, (20,)), (4, ())] == [
        (one.trials, one.rungs) for one in plans
    ]
    assert [(1, ())] == [(one.trials, one.rungs) for one in made.brackets(4)]


@pytest.mark.parametrize("epochs", [1, 2, 7, 10, 100, 1000])
@pytest.mark.parametrize("eta", [2, 3, 4])
def test_brackets_follow_algorithm_1_for_any_number_of_epochs(epochs, eta):
    plans = search_methods["hyperband"](eta=eta).brackets(epochs)
    most = max(s for s in range(20) if eta**s <= epochs)
    assert most + 1 == len(plans)
    for s, plan in zip(range(most, -1, -1), plans, strict=True):
        assert math.ceil((most + 1) * eta**s / (s + 1)) == plan.trials
        n = [plan.trials // eta**i for i in range(s + 1)]
        assert n == [trials for trials, _ in rungs_of(plan, epochs)]
        assert [round(epochs * eta ** (i - s)) for i in range(s)] == [*plan.rungs]


# bayes


def told(trial, score, rungs=(), pruned=False):
    return ToldTrial({"x": trial / 100}, score, dict(rungs), pruned)


def test_results_are_ranked_by_how_far_they_came():
    results = [
        told(1, math.inf),  # diverged
        told(2, 0.5),
        told(3, 0.1, {1: 0.1}, pruned=True),
        told(4, 0.4, {1: 0.2, 3: 0.4}, pruned=True),
        told(5, 0.3),
        told(6, math.inf, {1: 0.2}),
        told(7, 0.5),
    ]
    assert [4, 1, 3, 2, 0, 4, 1] == ranks(results)


def test_bayes_suggests_what_optuna_suggests_when_it_is_told_the_same():
    optuna = pytest.importorskip("optuna")
    results = search_of_a_valley(search_methods["bayes"](), 24, seed=5)
    with pytest.warns(optuna.exceptions.ExperimentalWarning):
        sampler = optuna.samplers.TPESampler(
            n_startup_trials=1,
            multivariate=True,
            group=True,
            constant_liar=True,
            seed=int(generator(5, 2, "generation").integers(2**32)),
        )
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=sampler)
    line = optuna.distributions.FloatDistribution(0, 1)
    for number in range(1, 17):
        params = {key: results[number].values[key] for key in ("x", "y")}
        study.add_trial(
            optuna.create_trial(
                params=params, distributions={"x": line, "y": line}, value=results[number].score
            )
        )
    for number in range(17, 25):
        trial = study.ask()
        expected = {key: trial.suggest_float(key, 0, 1) for key in ("x", "y")}
        assert expected == pytest.approx(results[number].values)


def suggested_by_optuna(optuna, told, seed, goals, generation=2):
    """What Optuna suggests for x and y after these values, numbers by each goal and excess over a limit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler = optuna.samplers.TPESampler(
            n_startup_trials=1,
            multivariate=True,
            group=True,
            constant_liar=True,
            seed=int(generator(seed, generation, "generation").integers(2**32)),
            constraints_func=lambda trial: trial.user_attrs["never"],
        )
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(sampler=sampler, directions=["minimize"] * goals)
        line = optuna.distributions.FloatDistribution(0, 1)
        for values, numbers, excess in told:
            study.add_trial(
                optuna.create_trial(
                    params={key: values[key] for key in ("x", "y")},
                    distributions={"x": line, "y": line},
                    values=numbers,
                    system_attrs={"constraints": [excess]},
                )
            )
        trial = study.ask()
        return {key: trial.suggest_float(key, 0, 1) for key in ("x", "y")}


@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("goals", [1, 2, 3])
def test_several_goals_and_constraints_are_told_as_optuna_has_them(goals, constrained):
    """Ranks in place of scores change nothing where only their order counts, as here."""
    optuna = pytest.importorskip("optuna")
    draws = np.random.default_rng([goals, constrained])
    sampler, results, told = search_methods["bayes"]().sampler(space(PLANE, 5)), {}, []
    for number in range(1, 17):
        values = sampler.values(number, results)
        numbers = draws.permutation(np.arange(40.0))[:goals].tolist() if goals == 1 else None
        scores = numbers or draws.random(goals).tolist()
        excess = max(values["x"] - 0.6, 0.0) if constrained else 0.0
        others = tuple(scores[1:])
        results[number] = ToldTrial(values, scores[0], {}, False, others, (excess, 0.0))
        told.append((values, scores, excess))
    by_rank = np.array(
        [[sorted({row[1][k] for row in told}).index(one[1][k]) for k in range(goals)] for one in told]
    )
    ranked = [
        (values, row, excess)
        for (values, _, excess), row in zip(told, by_rank.astype(float).tolist(), strict=True)
    ]
    expected = suggested_by_optuna(optuna, ranked, 5, goals)
    assert expected == pytest.approx({key: sampler.values(17, results)[key] for key in ("x", "y")})


def test_where_no_excess_is_known_it_is_the_largest():
    assert [0.0, 1.5, 2.5, 0.0] == [
        *_excesses(
            [ToldTrial({}, 1.0, {}, False, (), of) for of in ((0.0,), (1.0, 0.5), (math.inf, 0.0), ())]
        )
    ]


def test_bayes_finds_a_front_and_keeps_within_a_constraint():
    """Two bowls with lowest points at 0.2 and 0.8, where only y below 0.5 is allowed."""
    pytest.importorskip("optuna")
    shares = {}
    for name, method in {"bayes": search_methods["bayes"](), "random": search_methods["random"]()}.items():
        near = []
        for seed in range(4):
            sampler, results = method.sampler(space(PLANE, seed)), {}
            for number in range(1, 65):
                values = sampler.values(number, results)
                off = 2 * (values["y"] - 0.3) ** 2
                scores = [(values["x"] - center) ** 2 + off for center in (0.2, 0.8)]
                results[number] = ToldTrial(
                    values, scores[0], {}, False, (scores[1],), (max(values["y"] - 0.5, 0.0),)
                )
            late = [results[number].values for number in range(33, 65)]
            near.append(np.mean([0.15 < one["x"] < 0.85 and 0.15 < one["y"] < 0.45 for one in late]))
        shares[name] = np.median(near)
    assert shares["bayes"] > 2 * shares["random"]


def test_bayes_comes_closer_than_random_search():
    pytest.importorskip("optuna")
    best = {
        name: [min(one.score for one in search_of_a_valley(method, 64, seed).values()) for seed in range(8)]
        for name, method in {"bayes": search_methods["bayes"](), "random": search_methods["random"]()}.items()
    }
    assert np.median(best["bayes"]) < 0.5 * np.median(best["random"])


def search_of_a_valley(method, trials, seed):
    """A search for the lowest point of a bowl, by number."""
    sampler, results = method.sampler(space(PLANE, seed)), {}
    for number in range(1, trials + 1):
        values = sampler.values(number, results)
        score = (values["x"] - 0.3) ** 2 + 4 * (values["y"] - 0.8) ** 2
        results[number] = ToldTrial(values, score, {}, pruned=False)
    return results


def test_what_bayes_suggests_follows_from_the_results_of_earlier_generations_alone():
    pytest.importorskip("optuna")
    results = search_of_a_valley(search_methods["bayes"](), 40, seed=1)
    fresh = search_methods["bayes"]().sampler(space(PLANE, 1))
    assert results[30].values == fresh.values(30, {k: results[k] for k in range(1, 25)})
    assert results[30].values == search_methods["bayes"]().sampler(space(PLANE, 1)).values(30, results)
    assert results[28].values == fresh.values(28, results)


def test_choices_and_what_depends_on_them_are_suggested_together():
    pytest.importorskip("optuna")
    parameters = [
        Parameter(
            "kind", distributions["categorical"](values=["a", "b", "never"], probabilities=[0.5, 0.5, 0])
        ),
        Parameter("kind.depth", distributions["int_uniform"](min=1, max=9)),
        Parameter("spread", distributions["normal"](mu=0.0, sigma=2.0)),
        Parameter("fixed", distributions["constant"](value=[3])),
    ]

    def applies(values, parameter):
        return parameter.key != "kind.depth" or values["kind"] == "a"

    sampler, results = search_methods["bayes"]().sampler(space(parameters, 0, applies)), {}
    for number in range(1, 65):
        values = sampler.values(number, results)
        assert ("kind.depth" in values) is (values["kind"] == "a")
        assert [3] == values["fixed"]
        assert [*values] == [one.key for one in parameters if one.key in values]
        score = abs(values["kind.depth"] - 7) if values["kind"] == "a" else 5.0
        results[number] = ToldTrial(values, score + abs(values["spread"] - 1), {}, pruned=False)
    late = [results[number].values for number in range(33, 65)]
    assert sum(values["kind"] == "a" for values in late) > 24
    assert sum(values.get("kind.depth") in (6, 7, 8) for values in late) > 16


def test_trials_that_were_chosen_by_others_are_told_as_far_as_they_fit():
    pytest.importorskip("optuna")
    sampler = search_methods["bayes"](generation=2, startup=2).sampler(space(PLANE))
    outside = {1: ToldTrial({"x": 7.0, "y": "text"}, 1.0, {}, False), 2: ToldTrial({}, math.inf, {}, False)}
    assert {"x", "y"} == set(sampler.values(3, outside))


# pbt

NUMBERS = [
    Parameter("rate", distributions["log_uniform_values"](min=1e-4, max=1.0)),
    Parameter("units", distributions["int_uniform"](min=1, max=100)),
    Parameter("dropout", distributions["categorical"](values=[0.0, 0.1, 0.3])),
]


def exchanged(scores, seed=0, **settings):
    method, searched = search_methods["pbt"](**settings), space(NUMBERS, seed)
    values = {trial: {"rate": 1e-2, "units": 50, "dropout": 0.1} for trial in scores}
    return method.exchange(searched, 3, values, scores)


def test_the_worst_fifth_copies_the_best_fifth_with_numbers_times_four_or_six_fifths():
    scores = {trial: float(trial) for trial in range(1, 21)}
    seen = Counter()
    for seed in range(50):
        found = exchanged(scores, seed, resample=0.0)
        assert [17, 18, 19, 20] == [*found]
        for one in found.values():
            assert one.parent in (1, 2, 3, 4)
            assert any(one.values["rate"] == pytest.approx(1e-2 * factor) for factor in (0.8, 1.2))
            assert one.values["units"] in (40, 60)
            assert one.values["dropout"] in (0.0, 0.3)
            seen[one.parent, one.values["units"], one.values["dropout"]] += 1
    assert 16 == len(seen)
    assert max(seen.values()) < 30


def test_a_quarter_of_the_numbers_is_drawn_anew():
    scores = {trial: float(trial) for trial in range(1, 11)}
    drawn = [one.values["units"] for seed in range(300) for one in exchanged(scores, seed).values()]
    assert 0.19 < np.mean([units not in (40, 60) for units in drawn]) < 0.31
    assert {units // 25 for units in drawn} == {0, 1, 2, 3} | ({4} if 100 in drawn else set())


def test_what_a_parent_does_not_have_is_not_explored():
    method, values = search_methods["pbt"](), {trial: {"rate": 1e-2} for trial in range(1, 7)}
    found = method.exchange(space(NUMBERS), 3, values, {trial: float(trial) for trial in values})
    assert [{"rate"}] == [{*one.values} for one in found.values()]


def test_networks_that_have_diverged_always_copy_others():
    found = exchanged({1: math.inf, 2: 0.1, 3: math.inf, 4: 0.3, 5: math.inf, 6: math.inf})
    assert [1, 3, 5, 6] == [*found]
    assert {2} == {one.parent for one in found.values()}
    assert {} == exchanged(dict.fromkeys(range(1, 6), math.inf))
    assert [1] == [*exchanged({1: math.inf, 2: 0.2, 3: 0.1, 4: 0.3})]


def test_a_population_compares_at_every_interval_and_keeps_all():
    (plan,) = search_methods["pbt"](population=8, interval=4).brackets(13)
    assert (8, (4, 8, 12), 8) == (plan.trials, plan.rungs, plan.keep(8))
    assert (10, 20, 30) == search_methods["pbt"]().brackets(100)[0].rungs[:3]
    assert (1, 2) == search_methods["pbt"]().brackets(3)[0].rungs


def test_the_number_of_trials_without_a_word_on_it():
    assert TRIALS == search_methods["random"]().trials(10) == search_methods["bayes"]().trials(10)
    assert search_methods["grid"]().trials(10) is None
