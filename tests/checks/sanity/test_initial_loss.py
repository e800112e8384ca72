"""The loss before training beside ln K, the entropy of the classes and the variance of the target."""

import numpy as np
import pytest

from nettrain import check

SPEC = {"model": {"hidden": [8]}, "data": {"validation": 0, "stratify": False}}


def finding(data, *overrides, **blocks):
    report = check(SPEC | blocks, *overrides, data=data, only=["initial_loss"])
    (one,) = report.findings["initial_loss"]
    return report, one


def rows(y, seed=0):
    x = np.random.default_rng(seed).normal(size=(len(y), 3))
    return x, np.array(y)


def test_equal_classes_have_the_loss_ln_k():
    report, one = finding(rows([*"abcd"] * 50))
    assert pytest.approx(np.log(4)) == one.figures["uninformed"]
    assert ("ok", True) == (one.verdict, report.passed)


def test_unequal_classes_have_their_entropy():
    _, one = finding(rows(["a"] * 180 + ["b"] * 20))
    assert pytest.approx(-0.9 * np.log(0.9) - 0.1 * np.log(0.1)) == one.figures["uninformed"]


def test_numbers_have_their_variance():
    _, one = finding(rows(np.random.default_rng(1).normal(size=200)))
    assert pytest.approx(1) == one.figures["uninformed"]  # targets are scaled


def test_classes_as_zero_and_one_have_their_variance():
    x, y = rows([*"abb"] * 60)
    _, one = finding((x, y), loss={"name": "mse"})
    assert pytest.approx(2 / 9) == one.figures["uninformed"]
    assert one.verdict == "ok"  # although linear outputs have a variance of their own


@pytest.mark.parametrize(("factor", "verdict"), [(5, "look"), (1000, "wrong")])
def test_inputs_that_are_not_scaled_make_it_large(factor, verdict):
    x, y = rows([*"ab"] * 100)
    report, one = finding((x * factor, y), "data.scaling=none")
    assert (verdict, verdict != "wrong") == (one.verdict, report.passed)
    assert "data.scaling" in one.advice


def test_scores_have_no_uninformed_loss():
    report = check(SPEC | {"loss": "hinge"}, data=rows([*"ab"] * 50), only=["initial_loss"])
    assert ["initial_loss"] == report.plain["not_applicable"]


def test_densities_have_no_size_to_compare_with():
    """The variance of the target is far below 1, so that its density is above 1."""
    report = check(
        SPEC | {"loss": "gaussian_nll"},
        "data.target_scaling=none",
        data=rows(np.random.default_rng(1).normal(scale=1e-3, size=200)),
        only=["initial_loss"],
    )
    assert ["initial_loss"] == report.plain["not_applicable"]
