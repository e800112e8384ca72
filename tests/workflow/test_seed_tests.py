"""Tests over seeds against SciPy, and Holm's adjustment against an example worked out by hand."""

import numpy as np
import pytest
from scipy import stats

from nettrain.workflow.comparison.significance import SeedTest, holm, paired_test, unpaired_test

RNG = np.random.default_rng(3)
PAIRS = [(RNG.normal(0.9, 0.02, n), RNG.normal(0.88, 0.03, n)) for n in (3, 5, 20)]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: str(len(pair[0])))
def test_over_the_same_seeds_it_is_the_paired_t_test(pair):
    first, second = pair
    ours, theirs = paired_test(0, 1, pair, maximize=True), stats.ttest_rel(first, second)
    assert theirs.pvalue == pytest.approx(ours.p, rel=1e-12)
    assert (first - second).mean() == ours.difference
    assert np.std(first - second, ddof=1) == pytest.approx(ours.sd, rel=1e-12)
    assert (int((first > second).sum()), len(first)) == (ours.better, ours.seeds)
    assert len(first) - ours.better == paired_test(0, 1, pair, maximize=False).better


@pytest.mark.parametrize("other", [4, 5, 9])
def test_over_different_seeds_it_is_welchs_t_test(other):
    first, second = RNG.normal(0.9, 0.02, 5), RNG.normal(0.86, 0.05, other)
    ours, theirs = unpaired_test(0, 1, (first, second)), stats.ttest_ind(first, second, equal_var=False)
    assert theirs.pvalue == pytest.approx(ours.p, rel=1e-12)
    assert (False, 0) == (ours.paired, ours.better)


def test_a_seed_that_either_lacks_counts_for_neither():
    first, second = np.array([0.5, np.nan, 0.7, 0.9, 0.6]), np.array([0.4, 0.3, np.nan, 0.7, 0.55])
    test = paired_test(0, 1, (first, second), maximize=True)
    assert (3, 3) == (test.seeds, test.better)
    rows = [0, 3, 4]
    assert stats.ttest_rel(first[rows], second[rows]).pvalue == pytest.approx(test.p, rel=1e-12)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_seeds_say_nothing(count):
    values = np.arange(count) + 1.0, np.zeros(count)
    assert paired_test(0, 1, values, maximize=True).p is None
    assert unpaired_test(0, 1, values).p is None


def test_a_difference_that_is_the_same_in_all_seeds_has_no_probability():
    same = paired_test(0, 1, (np.ones(4), np.ones(4)), maximize=True)
    assert (None, 4, 0) == (same.p, same.ties, same.better)
    shifted = paired_test(0, 1, (RNG.normal(size=4), np.zeros(4)), maximize=True)
    assert shifted.p is not None
    values = np.array([0.9, 0.8, 0.7])
    assert (None, 3) == ((test := paired_test(0, 1, (values, values - 0.1), maximize=True)).p, test.better)


def test_probabilities_are_adjusted_for_their_number():
    # 0.01·4; 0.03·3 = 0.09; 0.04·2 = 0.08, not below 0.09; 0.5·1; in another order
    tests = [SeedTest(0, k, True, 5, 5, 0, 1.0, 1.0, p) for k, p in enumerate([0.04, 0.01, None, 0.5, 0.03])]
    adjusted = [test.p for test in holm(tests)]
    assert [
        pytest.approx(0.09),
        pytest.approx(0.04),
        None,
        pytest.approx(0.5),
        pytest.approx(0.09),
    ] == adjusted
    assert [False, True, False, False, False] == [test.significant for test in holm(tests)]
