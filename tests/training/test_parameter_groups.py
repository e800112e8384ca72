"""Groups of parameters: factors on rate, decay and penalties, in one pass."""

import numpy as np
import pytest

from nettrain.catalogue.optimizers import optimizers
from nettrain.checks.gradient import check
from nettrain.checks.small import small_problem
from nettrain.errors import SpecError
from nettrain.model.parameters import views
from tests.trained import IRIS, built, experiment, trained
from tests.training.test_population import check as check_members

EXACT = ["backend.dtype=float64", "training.batch_size=full", "training.epochs=1", "model.norm=layer"]
SGD = ["optimizer=sgd", "optimizer.learning_rate=0.1"]


def moved(*overrides: str) -> dict[str, np.ndarray]:
    """By how much every array moves in one full step, name by name over all layers."""
    run = built([experiment(IRIS, *EXACT, *overrides)])
    before = run.population["parameters"].copy()
    after = trained([experiment(IRIS, *EXACT, *overrides)]).run.final.parameters
    changes: dict[str, list[np.ndarray]] = {}
    for layer in views(after - before, run.layout):
        for name, change in layer.items():
            changes.setdefault(name, []).append(change.ravel())
    return {name: np.concatenate(parts) for name, parts in changes.items()}


def test_a_rate_factor_scales_the_steps_of_its_group_alone() -> None:
    plain = moved(*SGD)
    scaled = moved(*SGD, "optimizer.groups={bias: {learning_rate: 0.25}, scale: {learning_rate: 0}}")
    for name, factor in {"weight": 1.0, "bias": 0.25, "shift": 0.25, "gain": 0.0}.items():
        assert plain[name].any(), name
        np.testing.assert_allclose(scaled[name], factor * plain[name], rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("name", [name for name, entry in optimizers.items() if not entry.full_batch])
def test_a_rate_factor_is_another_learning_rate_for_every_rule(name: str) -> None:
    """All groups by a half is half the rate; that of nadam's, radam's and all other coefficients too."""
    rate = optimizers[name]().learning_rate
    half = "{learning_rate: 0.5}"
    groups = f"optimizer.groups={{weight: {half}, bias: {half}, scale: {half}}}"
    common = [f"optimizer={name}", "training.epochs=3", "model.norm=layer"]
    one = trained([experiment(IRIS, *common, groups)]).run.final.parameters
    other = trained([experiment(IRIS, *common, f"optimizer.learning_rate={rate / 2!r}")]).run.final.parameters
    assert one.tobytes() == other.tobytes()


def test_decay_is_for_weights_unless_a_factor_says_otherwise() -> None:
    plain, decayed = moved(*SGD), moved(*SGD, "training.weight_decay=0.5")
    assert not np.allclose(plain["weight"], decayed["weight"])
    for name in ("bias", "gain", "shift"):
        assert plain[name].tobytes() == decayed[name].tobytes()
    scales = moved(*SGD, "training.weight_decay=0.5", "optimizer.groups.scale.weight_decay=2")
    # w -= αλ·factor·w of gains that start at 1
    np.testing.assert_allclose(scales["gain"], plain["gain"] - 0.1 * 0.5 * 2, rtol=1e-9)
    none = moved(*SGD, "training.weight_decay=0.5", "optimizer.groups.weight.weight_decay=0")
    np.testing.assert_allclose(none["weight"], plain["weight"], rtol=1e-12)


@pytest.mark.parametrize("clipped", [[], ["training.clip_value=1e9"]])
@pytest.mark.parametrize("name", ["l2", "l1"])
def test_penalties_go_by_group_too(name: str, clipped: list[str]) -> None:
    penalty = f"regularization.{name}=0.5"
    plain, both = moved(*SGD, *clipped), moved(*SGD, *clipped, penalty, f"optimizer.groups.scale.{name}=3")
    np.testing.assert_allclose(both["gain"], plain["gain"] - 0.1 * 0.5 * 3, rtol=1e-9)  # of 1, either way
    assert plain["bias"].tobytes() == both["bias"].tobytes()
    assert not np.allclose(plain["weight"], both["weight"])


@pytest.mark.parametrize("name", ["l2", "l1"])
def test_the_objective_counts_the_penalties_of_all_groups(name: str) -> None:
    common = ["training.epochs=1", "backend.dtype=float64", "model.norm=layer", f"regularization.{name}=0.2"]
    run = trained([experiment(IRIS, *common, f"optimizer.groups.scale.{name}=3")])
    total = 0.0
    for layer in views(run.run.final.parameters, run.run.layout):
        for array, factor in {"weight": 1, "gain": 3}.items():
            w = layer.get(array, np.zeros(1))
            total += factor * (0.5 * (w**2).sum() if name == "l2" else np.abs(w).sum())
    figures = run.epochs[0].figures
    np.testing.assert_allclose(figures["objective"][0] - figures["running_loss"][0], 0.2 * total, rtol=1e-10)


def test_members_with_factors_of_their_own_equal_their_own_runs() -> None:
    specs = [
        experiment(
            IRIS,
            "model.norm=batch",
            "model.residual=true",
            "training.weight_decay=0.01",
            "regularization={l2: 0.01, l1: 0.001}",
            f"optimizer.groups.bias={{learning_rate: {0.1 * r}, weight_decay: {r}, l2: {r}, l1: 1}}",
            f"seed={r}",
        )
        for r in range(3)
    ]
    check_members(specs)


def test_lbfgs_minimises_with_the_penalties_of_its_groups() -> None:
    """L-BFGS has no rates to scale, so its groups are refused; others may have them."""
    with pytest.raises(SpecError, match=r"optimizer\.groups: unknown key"):
        experiment(IRIS, "optimizer={name: lbfgs, groups: {bias: {l2: 1}}}")


@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_the_gradient_check_knows_the_penalties_of_groups(penalty: str) -> None:
    groups = f"optimizer.groups={{scale: {{{penalty}: 2, learning_rate: 0.1}}, bias: {{{penalty}: 1}}}}"
    problem = small_problem("classes", ["model.norm=layer", f"regularization.{penalty}=0.3", groups])
    comparison = check(problem)
    assert not comparison.fails
    assert problem.penalty(penalty, "scale") == 0.6


def test_a_group_that_is_not_known_is_one_line() -> None:
    with pytest.raises(SpecError, match=r"optimizer\.groups\.biases: unknown key, did you mean \"bias\"\?"):
        experiment(IRIS, "optimizer.groups.biases.learning_rate=1")
