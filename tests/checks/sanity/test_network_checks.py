"""Each check of a network: one sound experiment that passes, and one that is sick in exactly that way."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from nettrain import check
from nettrain.catalogue.activations import activations
from nettrain.checks.range_test.population import RangeTest
from nettrain.checks.range_test.varied_number import ValueRange
from nettrain.checks.sanity.learning_rate import finding
from nettrain.checks.sanity.signals import measure_signals
from nettrain.experiment.load import from_document

SOUND = {
    "data": {"source": "builtin:iris"},
    "model": {"hidden": [16], "activation": "tanh"},
    "optimizer": {"name": "adam", "learning_rate": 0.01},
    "training": {"batch_size": 16},
}


def findings(name, *overrides, data=None, **blocks):
    return check(SOUND | blocks, *overrides, data=data, only=[name]).findings[name]


@pytest.mark.parametrize("name", ["initial_loss", "penalty", "overfit", "zero_inputs", "gradient", "signals"])
@pytest.mark.parametrize(
    "spec",
    [
        SOUND,
        SOUND | {"data": {"source": "synthetic:sine"}},
        SOUND | {"data": {"source": "builtin:penguins"}, "model": {"hidden": [8, 8], "dropout": 0.5}},
        SOUND | {"optimizer": {"name": "nesterov", "learning_rate": 0.05, "momentum": 0.9}},
        SOUND | {"loss": "hinge"},
        {
            "data": {"source": "synthetic:moons"},
            "model": {"hidden": [], "init": "zeros"},
            "loss": "perceptron",
        },
    ],
    ids=["iris", "sine", "penguins", "nesterov", "hinge", "perceptron"],
)
def test_sound_experiments_pass(spec, name):
    report = check(spec, only=[name])
    assert "ok" == report.verdict, report.plain


# ----- penalty -----


def test_the_penalty_is_the_sum_over_the_weights():
    (one,) = findings("penalty", regularization={"l2": 0.1, "l1": 0.01})
    assert pytest.approx(one.figures["penalty"], rel=1e-4) == one.figures["rise"] > 0


def test_a_penalty_that_outweighs_the_loss_is_wrong():
    (one,) = findings("penalty", regularization={"l2": 100.0})
    assert "wrong" == one.verdict
    assert "regularization.l2" in one.advice


def test_an_objective_that_is_not_loss_and_penalties_is_wrong(monkeypatch):
    monkeypatch.setattr("nettrain.checks.sanity.penalty.penalty_sizes", lambda run: np.array([0.0, 0.5]))
    (one,) = findings("penalty", regularization={"l2": 0.1})
    assert ("wrong", "The objective is not the loss and its penalties: please report it.") == (
        one.verdict,
        one.advice,
    )


def test_a_single_row_teaches_too_little_to_check():
    one = {"x": [1.0, 2.0, 3.0], "y": [1.0, 3.0, 2.0]}
    spec = {"data": {"target": "y", "validation": 1, "test": 1}}
    report = check(SOUND | spec, data=one, only=["overfit", "zero_inputs"])
    assert ["overfit", "zero_inputs"] == sorted(report.plain["not_applicable"])


# ----- overfit -----


def contradictory():
    x = np.repeat(np.random.default_rng(0).normal(size=(50, 3)), 2, axis=0)
    return x, np.tile(["a", "b"], 50)


def test_contradictory_examples_cannot_be_learned():
    (one,) = findings("overfit", data=contradictory())
    assert "wrong" == one.verdict
    assert "same inputs as another and another target" in one.advice


def test_a_network_too_small_for_twenty_examples_names_the_worst():
    x = np.random.default_rng(1).normal(size=(200, 2))
    y = np.sin(9 * x[:, 0]) * np.sign(x[:, 1])
    (one,) = findings("overfit", data=(x, y), model={"hidden": [1], "activation": "tanh"})
    assert one.verdict != "ok"
    assert "worst are examples" in one.advice


@pytest.mark.parametrize(
    ("source", "loss", "left"),
    [("synthetic:moons", "auto", "of the loss left"), ("synthetic:moons", "hinge", "of them wrong"),
     ("synthetic:sine", "auto", "of the variance left")],
)  # fmt: skip
def test_what_is_left_of_the_examples_is_said(source, loss, left):
    (one,) = findings("overfit", f"data.source={source}", f"loss={loss}")
    assert one.subject.endswith(" examples alone")
    assert one.value.endswith(f" % {left}")


@pytest.mark.parametrize("name", ["overfit", "signals"])
def test_equal_weights_are_named_as_the_cause(name):
    one = findings(name, model={"hidden": [8], "init": "zeros"})[0]
    assert "wrong" == one.verdict
    equal = (
        "as all 8 units of hidden 1 begin with the same weights (zeros) and stay equal: use model.init: auto."
    )
    assert one.advice.endswith(equal)
    assert "widen" not in one.advice


# ----- zero inputs -----


def test_inputs_that_the_network_cannot_see_are_wrong():
    x = 1e-9 * np.random.default_rng(2).normal(size=(200, 3))
    (one,) = findings("zero_inputs", "data.scaling=none", data=(x, np.where(x[:, 0] > 0, "a", "b")))
    assert "wrong" == one.verdict


# ----- gradient -----


def test_a_wrong_derivative_is_found(monkeypatch):
    softsign = activations["softsign"]
    right = softsign.backward

    def backward(self, xp, delta, z, a):
        right(self, xp, delta, z, a)
        delta *= 1.01

    monkeypatch.setattr(softsign, "backward", backward)
    monkeypatch.setattr(softsign, "backward_kernel", None)
    (one,) = findings("gradient", model={"hidden": [8], "activation": "softsign"})
    assert "wrong" == one.verdict
    assert pytest.approx(0.01, rel=0.2) == one.figures["error"]


# ----- signals -----


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ({"hidden": [16] * 8, "init": {"name": "normal", "sigma": 0.01}}, "vanish"),
        ({"hidden": [64, 64], "init": {"name": "normal", "sigma": 5}, "activation": "tanh"}, "saturated"),
        ({"hidden": [16], "activation": "relu", "init": {"name": "auto", "bias_init": -50}}, "dead"),
    ],
)
def test_sick_signals(model, text):
    layers = findings("signals", model=model)
    assert "wrong" in {one.verdict for one in layers}
    assert text in " ".join(one.advice for one in layers)


# ----- learning rate -----


@pytest.mark.parametrize(
    ("optimizer", "verdict"),
    [
        ({"name": "adam", "learning_rate": 0.01}, "ok"),
        ({"name": "adam", "learning_rate": 1e-6}, "wrong"),
        ({"name": "sgd", "learning_rate": 0.3}, "ok"),
        ({"name": "sgd", "learning_rate": 100.0}, "look"),
        ({"name": "sgd", "learning_rate": 1e-5}, "wrong"),
    ],
    ids=lambda value: str(value.get("learning_rate")) if isinstance(value, dict) else value,
)
def test_rates_far_from_the_suggestion_are_caught(optimizer, verdict):
    (one,) = findings("learning_rate", optimizer=optimizer)
    assert verdict == one.verdict, one
    assert ("optimizer.learning_rate=" in one.advice) == (verdict != "ok")


@pytest.mark.parametrize(
    "spec",
    [
        {"optimizer": "lbfgs", "training": {"batch_size": "full"}, "backend": {"dtype": "float64"}},
        {"data": {"source": "synthetic:moons"}, "model": {"hidden": []}, "loss": "perceptron"},
    ],
    ids=["lbfgs", "perceptron"],
)
def test_where_no_rate_is_better_there_is_no_finding(spec):
    assert ["learning_rate"] == check(SOUND | spec, only=["learning_rate"]).plain["not_applicable"]


def test_where_no_rate_lowers_the_loss_that_is_said():
    test = cast(RangeTest, SimpleNamespace(suggestion=None, steps=40))
    one = finding(0.1, test, ValueRange(1e-6, 10.0))
    assert ("look", "one that lowers the loss") == (one.verdict, one.expected)
    assert "No rate from 1e-06 to 10 lowers the loss within 40 steps." == one.advice


@pytest.mark.parametrize(
    ("rate", "verdict"),
    [(0.29, "ok"), (0.31, "look"), (10.1, "wrong"), (1.1e-4, "ok"), (0.9e-4, "look"), (0.9e-5, "wrong")],
)
def test_small_steps_may_be_smaller_than_large_ones_large(rate, verdict):
    test = cast(RangeTest, SimpleNamespace(suggestion=0.01, steps=40))
    assert verdict == finding(rate, test, ValueRange(1e-6, 10.0)).verdict


# ----- formulas -----


def test_signals_are_those_of_the_formulas():
    """One layer of tanh, by hand: activations, and the gradient that the output's weights send back."""
    from nettrain.checks.sanity.subject import CheckedExperiment
    from nettrain.checks.short_training import changed, for_epochs
    from nettrain.experiment.resolution import read_and_resolve, resolve

    loaded = from_document(document(SOUND), (), None)
    checked = CheckedExperiment(*read_and_resolve(resolve(loaded.experiment)))
    plain = changed(for_epochs(checked.experiment, 1), training={"batch_size": "full"})
    run = checked.built([plain.model_copy(update={"optimizer": loaded.experiment.optimizer})])
    (layer,) = measure_signals(run)
    x, y = checked.data.train.x.astype(float), checked.data.train.y
    w1, w2 = weights(run, "weight")
    a = np.tanh(x @ w1)  # biases begin at 0
    p = np.exp(a @ w2)
    p /= p.sum(axis=1, keepdims=True)
    delta = (p - np.eye(3)[y]) / len(y) @ w2.T
    expected = [a.mean(), a.std(), delta.std()]
    np.testing.assert_allclose([layer.mean, layer.spread, layer.gradient], expected, rtol=1e-4, atol=1e-7)


def document(values):
    from nettrain.experiment.document import Document
    from nettrain.workflow.source import plain

    return Document(plain(values))


def weights(run, name):
    parameters = run.backend.to_host(run.population["parameters"]).astype(float)
    return [
        run.layout.view(parameters, node.number, name)[0]
        for node in run.architecture.nodes
        if name in node.layer.arrays(node.inputs)
    ]
