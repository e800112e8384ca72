"""Range tests on problems whose largest stable and best rates are known in closed form."""

from types import SimpleNamespace

import numpy as np
import pytest

from nettrain import find_learning_rate
from nettrain.checks.range_test import measurement
from nettrain.checks.range_test.budget import StepCost, fitting_budget
from nettrain.checks.range_test.loss_window import LossWindow
from nettrain.training.rows.batches import BatchPlan

LINEAR = {
    "data": {"validation": 0, "scaling": "none", "target_scaling": "none", "target_kind": "numbers"},
    "model": {"hidden": [], "bias": False, "init": "zeros"},
    "loss": "mse_half",
    "optimizer": {"name": "sgd"},
    "training": {"batch_size": "full", "epochs": 1000},
    "backend": {"dtype": "float64"},
}


def parabola(eigenvalues, rows=60, seed=0):
    """Data (X, y) with X'X/N of these eigenvalues, for which half the squared error is a parabola."""
    generator = np.random.default_rng(seed)
    columns, _ = np.linalg.qr(generator.normal(size=(rows, len(eigenvalues))))
    rotation, _ = np.linalg.qr(generator.normal(size=(len(eigenvalues), len(eigenvalues))))
    x = columns * np.sqrt(rows * np.array(eigenvalues)) @ rotation
    return x, x @ generator.normal(size=len(eigenvalues))


@pytest.mark.parametrize("largest", [0.5, 2.0, 20.0])
def test_losses_rise_exactly_above_two_over_the_largest_eigenvalue(largest):
    limit = 2 / largest
    found = find_learning_rate(
        LINEAR, data=parabola([largest, largest / 10]), low=limit * 0.9, high=limit * 1.1, rates=20
    )
    unstable = np.array([verdict in ("rises", "diverged") for verdict in found.test.verdicts])
    assert (found.rates > limit).tolist() == unstable.tolist()
    assert np.isfinite(found.losses[~unstable]).all()


def test_far_above_it_training_diverges_without_a_warning():
    found = find_learning_rate(LINEAR, data=parabola([2.0, 0.2]), low=1e-3, high=1e3, rates=13)
    assert "diverged" == found.test.verdicts[-1]
    assert np.isnan(found.losses[-1])
    assert found.plain["values"][-1]["loss"] is None


def test_every_loss_is_that_of_gradient_descent():
    x, y = parabola([2.0, 0.5])
    found = find_learning_rate(LINEAR, data=(x, y), low=0.01, high=0.9, rates=5, steps=30)
    for rate, loss in zip(found.rates, found.losses, strict=True):
        w, losses = np.zeros(2), []
        for _ in range(30):
            error = x @ w - y
            losses.append(np.mean(error**2) / 2)
            w -= rate * x.T @ error / len(x)
        assert pytest.approx(np.mean(losses[-3:]), rel=1e-9) == loss  # of the last tenth
    assert pytest.approx(np.mean(y**2) / 2) == found.test.losses.before


def test_the_suggestion_is_near_the_best_rate_of_a_parabola():
    """|1 - αλ| is smallest for all eigenvalues at 2/(λmin + λmax)."""
    found = find_learning_rate(LINEAR, data=parabola([2.0, 1.0]), low=1e-3, high=10, rates=60, steps=12)
    assert 0.5 < found.suggestion * (2.0 + 1.0) / 2 < 1.5
    assert found.suggestion < 2 / 2.0


class Steps:
    """A run of two members, as far as a LossWindow looks at it: 4 steps an epoch of 100 rows."""

    def __init__(self):
        self.population = {"total": np.zeros((2, 2)), "original": np.arange(2)}
        self.data = SimpleNamespace(batches=BatchPlan(400, 100))
        self.final = SimpleNamespace(parameters=np.zeros((2, 1)))
        self.backend = SimpleNamespace(to_host=lambda array: array)

    def take(self, window, losses):
        """One step after the other, with these losses of a row; whether each was the last."""
        for t, loss in enumerate(losses):
            if t % 4 == 0:
                self.population["total"][:] = 0
            self.population["total"] += [[100 * loss, 100], [200 * loss, 100]]
            yield window()


def test_a_loss_that_exploded_early_does_not_hide_what_follows():
    run = Steps()
    window = LossWindow(run, 7, 10)
    ended = list(run.take(window, [3.0, 1e20, 1e20, 1e20, 1e20, 1e20, 1.0, 2.0, 3.0, 4.0]))
    assert [False] * 9 + [True] == ended
    assert [2.5, 5.0] == window.losses.tolist()
    assert [3.0, 6.0] == window.start.tolist()


def test_members_that_have_left_have_no_loss():
    run = Steps()
    window = LossWindow(run, 2, 3)
    steps = run.take(window, [3.0, 2.0, 1.0])
    next(steps)
    run.population = {"total": run.population["total"][1:], "original": np.array([1])}
    run.population["total"] += 0
    for _ in range(2):
        run.population["total"] += [[200.0, 100.0]]
        window()
    assert np.isnan(window.losses[0])
    assert 2.0 == window.losses[1]


def test_each_member_is_its_own_training():
    """A rate's loss does not depend on the other rates."""
    data = parabola([3.0, 0.3], seed=1)
    spec = LINEAR | {"model": {"hidden": [5], "seed": 3}, "backend": {}}
    spec["training"] = {"batch_size": 8, "epochs": 10}
    several = find_learning_rate(spec, data=data, low=0.001, high=0.1, rates=5, steps=40)
    fewer = find_learning_rate(spec, data=data, low=0.01, high=0.1, rates=3, steps=40)
    assert [several.rates[k] for k in (2, 3, 4)] == fewer.rates.tolist()
    assert several.losses[2:].tolist() == fewer.losses.tolist()


def test_networks_that_do_not_fit_memory_train_in_turn(monkeypatch):
    data = parabola([3.0, 0.3], seed=1)
    together = find_learning_rate(LINEAR, data=data, rates=7, steps=20)
    monkeypatch.setattr(measurement, "MOST_BYTES", 2 * measurement.ARRAYS * 2 * 8)
    in_turn = find_learning_rate(LINEAR, data=data, rates=7, steps=20)
    np.testing.assert_array_equal(together.losses, in_turn.losses)


def test_seeds_differ_and_the_median_counts():
    """Nine networks for each rate, of which the first is seldom the one in the middle."""
    x, y = parabola([3.0, 0.3], seed=1)
    spec = LINEAR | {"model": {"hidden": [4]}, "training": {"batch_size": 20, "epochs": 100}}
    nine = find_learning_rate(spec, data=(x, y), low=0.01, high=0.1, rates=3)
    one = find_learning_rate(spec, data=(x, y), low=0.01, high=0.1, rates=3, steps=nine.test.steps)
    assert (9, 1) == (nine.test.networks, one.test.networks)
    assert (nine.losses != one.losses).any()


def test_budgets():
    def steps(cost, rows, batch, epochs):
        return fitting_budget(cost, BatchPlan(rows, batch), epochs, 32)

    small = StepCost(100, 10, 32)
    assert (500, 9) == (steps(small, 1600, 32, 60).steps, steps(small, 1600, 32, 60).networks)
    assert 3 == steps(StepCost(6000, 100, 64), 3250, 64, 60).networks
    assert 300 == steps(small, 160, 32, 100).steps  # ten epochs are 50 steps
    assert 25 == steps(small, 160, 32, 5).steps  # no more than the run itself
    mnist = StepCost(784 * 512 + 512 * 512 + 5120, 1034, 128)
    budget = steps(mnist, 55000, 128, 10)
    assert 1 == budget.networks
    assert budget.steps * mnist.seconds(32) <= 30
    assert budget.steps > 100
    assert 20 == steps(StepCost(10**9, 10**5, 4096), 10**6, 4096, 10).steps
