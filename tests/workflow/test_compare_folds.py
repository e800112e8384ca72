"""Experiments compared fold by fold: trained, or read from cross-validated runs."""

import math

import numpy as np
import pytest
from scipy import stats

import nettrain
from nettrain.workflow.comparison.significance import paired_test

SPEC = {
    "experiment": "folded",
    "data": {"source": "builtin:iris", "folds": 4},
    "model": {"hidden": [4]},
    "training": {"epochs": 4, "evaluate_train": "all"},
    "backend": {"threads": 1},
}
RATES = {"optimizer.learning_rate": [0.001, 0.02]}


@pytest.fixture(scope="module")
def compared():
    return nettrain.compare(SPEC, vary=RATES)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Each of the compared experiments, cross-validated by itself."""
    folder = tmp_path_factory.mktemp("runs")
    return [
        nettrain.train(SPEC, f"optimizer.learning_rate={rate}", folder=folder / str(rate))
        for rate in RATES["optimizer.learning_rate"]
    ]


def test_each_fold_is_a_run(compared, runs):
    for entry, run in zip(compared.entries, runs, strict=True):
        assert (1, 2, 3, 4) == entry.pairs == tuple(one.fold for one in entry.runs)
        np.testing.assert_array_equal(run.folds["val_loss"].to_numpy(), entry.values("val_loss"))
        assert run.summary["mean"]["val"]["accuracy"] == entry.mean("val_accuracy")
        assert run.summary["sd"]["val"]["accuracy"] == pytest.approx(entry.sd("val_accuracy"))
        for one in entry.runs:
            assert one.run.trained.parameters.tobytes() == run.fold(one.fold).trained.parameters.tobytes()


def test_runs_that_are_read_are_compared_like_those_that_are_trained(compared, runs):
    read = nettrain.compare(*runs)
    assert compared.tests("val_loss") == read.tests("val_loss")
    folders = nettrain.compare([run.folder for run in runs])
    assert read.table.equals(folders.table)
    assert {} == read.incomparable


def test_p_takes_into_account_that_folds_share_training_rows(compared):
    (test,) = compared.tests("val_loss")
    best, other = (compared.entries[k].values("val_loss") for k in (test.entry, test.other))
    differences = best - other
    # Nadeau and Bengio 2003, equation 9: 30 or 29 rows are held out of about 112
    shares = [one.held_out for one in compared.entries[0].runs]
    assert np.mean(shares) == pytest.approx(1 / 3, rel=0.05)
    error = differences.std(ddof=1) * math.sqrt(1 / 4 + np.mean(shares))
    assert 2 * stats.t.sf(abs(differences.mean()) / error, 3) == pytest.approx(test.p)
    assert test.p > stats.ttest_rel(best, other).pvalue
    assert (True, 4) == (test.paired, test.seeds)


def test_without_rows_in_common_it_is_the_usual_test():
    values = np.array([1.0, 2.0, 4.0, 3.0]), np.array([0.5, 2.5, 3.0, 2.0])
    test = paired_test(0, 1, values, maximize=True)
    assert stats.ttest_rel(*values).pvalue == pytest.approx(test.p)


def test_table_and_history_have_the_folds(compared):
    assert ["label", "fold", "seed"] == compared.table.columns[:3] == compared.history.columns[:3]
    assert [1, 2, 3, 4, 1, 2, 3, 4] == compared.table["fold"].to_list()
    assert [1, 2, 3, 4] == [run["fold"] for run in compared.summary["entries"][0]["runs"]]


def test_its_experiments_repeat_the_comparison(compared, tmp_path):
    folder = compared.save(tmp_path / "comparison")
    again = nettrain.compare(folder / "experiments")
    assert compared.tests("val_loss") == again.tests("val_loss")


def test_other_folds_are_other_rows(runs):
    other = nettrain.train(SPEC, "data.folds.count=3")
    compared = nettrain.compare(runs[0], other)
    assert "data.folds differs" in compared.incomparable["val_loss"]
    assert () == compared.best()


@pytest.mark.parametrize(("arguments", "named"), [({"repeat": 3}, "repeat"), ({}, "training.repeat")])
def test_seeds_do_not_go_with_folds(arguments, named):
    overrides = [] if arguments else ["training.repeat=2"]
    with pytest.raises(nettrain.SpecError, match=f"^{named}: does not go with data.folds"):
        nettrain.compare(SPEC, vary=RATES, overrides=overrides, **arguments)


def test_the_run_of_a_fold(runs):
    in_memory = nettrain.train(SPEC, "optimizer.learning_rate=0.02")
    for run in (runs[1], in_memory):
        one = run.fold(2)
        assert run.summary["folds"][1]["metrics"]["val"]["loss"] == one.metrics["val"]["loss"]
        with pytest.raises(nettrain.SpecError, match=r"^fold: 5 is not there, it has 1 to 4$"):
            run.fold(5)
        with pytest.raises(nettrain.SpecError, match=r"^fold: 1 is not there, it is not cross-validated$"):
            one.fold(1)
    alone = nettrain.train(SPEC, "optimizer.learning_rate=0.02", "data.folds.take=2")
    assert alone.trained.parameters.tobytes() == in_memory.fold(2).trained.parameters.tobytes()
