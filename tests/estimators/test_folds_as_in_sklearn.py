"""Folds are those of scikit-learn's splitters where these draw nothing, and have the sizes of theirs elsewhere."""

import numpy as np
import pytest

pytest.importorskip("sklearn.callback", reason="needs nettrain[sklearn]")

from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, TimeSeriesSplit

from nettrain.data.splitting.cut import Strata
from nettrain.data.splitting.fold_settings import Folds
from nettrain.data.splitting.folds import fold_rows


def folds_of(rows, count, **by):
    return [fold_rows(np.arange(rows), Folds(count=count), k + 1, seed=3, **by) for k in range(count)]


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("rows", [8, 11, 40, 57])
def test_in_time(rows, count):
    expected = TimeSeriesSplit(n_splits=count).split(np.arange(rows))
    found = folds_of(rows, count, values=np.arange(rows))
    for (training, held_out), fold in zip(expected, found, strict=True):
        assert (training.tolist(), held_out.tolist()) == (fold.training.tolist(), fold.held_out.tolist())


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("seed", range(5))
def test_sizes(count, seed):
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(40, 60))
    y = rng.choice(3, rows, p=[0.5, 0.3, 0.2])
    plain = [len(test) for _, test in KFold(count).split(y)]
    assert sorted(plain) == sorted(len(fold.held_out) for fold in folds_of(rows, count))
    expected = [np.bincount(y[test], minlength=3) for _, test in StratifiedKFold(count).split(y, y)]
    strata = Strata(y.astype(np.int32), "abc")
    found = [np.bincount(y[fold.held_out], minlength=3) for fold in folds_of(rows, count, strata=strata)]
    np.testing.assert_array_equal(np.sort(expected, axis=0), np.sort(found, axis=0))
    assert sorted(map(sum, expected)) == sorted(map(sum, found))


@pytest.mark.parametrize("seed", range(10))
def test_groups_are_as_even(seed):
    rng = np.random.default_rng(seed)
    groups = rng.choice(20, 200, p=rng.dirichlet(np.ones(20)))
    expected = [len(test) for _, test in GroupKFold(4).split(groups, groups=groups)]
    found = [len(fold.held_out) for fold in folds_of(200, 4, groups=groups)]
    assert np.ptp(found) <= np.ptp(expected)
