"""Squared error on classes: one-hot targets, whatever the last layer's activation is."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import nettrain

GENERATOR = np.random.default_rng(5)
X = GENERATOR.normal(size=(120, 3))
LINEAR = X @ GENERATOR.normal(size=(3, 3)) + 0.5 * GENERATOR.normal(size=(120, 3))
SPEC = {
    "data": {"validation": 0.25, "stratify": False, "scaling": "none"},
    "model": {"hidden": []},
    "loss": {"name": "mse"},
    "training": {"epochs": 60, "batch_size": "full"},
    "optimizer": {"name": "lbfgs"},
    "backend": {"dtype": "float64", "threads": 1},
}
NAMES = np.array(["a", "b", "c"])


def classes(count: int) -> np.ndarray:
    """One of so many classes for each row of X."""
    return NAMES[LINEAR[:, :count].argmax(axis=1)]


def design(x: np.ndarray) -> np.ndarray:
    return np.column_stack([x, np.ones(len(x))])


def one_hot(y: np.ndarray, names: np.ndarray) -> np.ndarray:
    return (y[:, None] == names).astype(float)


@pytest.mark.parametrize("name", ["mse", "mse_half"])
def test_a_linear_network_is_the_least_squares_fit_to_one_hot_classes(name):
    y = classes(3)
    run = nettrain.train(SPEC | {"loss": {"name": name}}, "data.validation=0", data=(X, y))
    fit, *_ = np.linalg.lstsq(design(X), one_hot(y, NAMES), rcond=None)
    outputs = design(X) @ fit
    squares = ((outputs - one_hot(y, NAMES)) ** 2).sum(axis=1)
    assert run.metrics["train"]["loss"] == pytest.approx(
        (squares / (3 if name == "mse" else 2)).mean(), rel=1e-5
    )
    assert run.metrics["train"]["accuracy"] == (NAMES[outputs.argmax(axis=1)] == y).mean()
    assert (run.predict(X) == NAMES[outputs.argmax(axis=1)]).all()
    with pytest.raises(nettrain.SpecError, match="predicts scores, not probabilities"):
        run.predict_proba(X)
    assert "log_loss" not in run.metrics["train"]


def test_of_two_classes_a_linear_output_above_a_half_is_the_second():
    y = classes(2)
    run = nettrain.train(SPEC, "data.validation=0", data=(X, y))
    fit, *_ = np.linalg.lstsq(design(X), (y == "b").astype(float), rcond=None)
    above = design(X) @ fit > 0.5
    assert 0.3 < above.mean() < 0.7
    assert ((run.predict(X) == "b") == above).all()
    assert run.metrics["train"]["accuracy"] == (above == (y == "b")).mean()
    assert run.metrics["train"]["loss"] == pytest.approx(
        ((design(X) @ fit - (y == "b")) ** 2).mean(), rel=1e-6
    )


def test_scores_of_two_classes_sum_to_one(tmp_path, monkeypatch):
    from nettrain.inference.outputs import with_negative_class

    run = nettrain.train(SPEC, data=(X, classes(2)))
    both = with_negative_class(np.array([[1.25], [-0.5]]), run.trained.task)
    assert both.tolist() == [[-0.25, 1.25], [1.5, -0.5]]


@pytest.mark.parametrize(
    ("count", "activation"), [(2, "sigmoid"), (3, "sigmoid"), (2, "softmax"), (3, "softmax")]
)
def test_behind_sigmoid_and_softmax_they_are_probabilities(count, activation):
    y = classes(count)
    spec = SPEC | {"model": {"hidden": [], "output_activation": activation}}
    run = nettrain.train(spec, "optimizer={name: adam, learning_rate: 0.1}", data=(X, y))
    p = run.predict_proba(X)
    assert p.shape == (120, count)
    assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    assert (run.predict(X) == NAMES[p.argmax(axis=1)]).all()
    assert run.metrics["val"]["log_loss"] > 0
    assert run.metrics["val"]["accuracy"] > 0.7
    last = run.history.filter(run.history["epoch"] == run.epochs)
    assert last["val_accuracy"].item() == run.metrics["val"]["accuracy"]
    assert last["val_loss"].item() == pytest.approx(run.metrics["val"]["loss"], rel=1e-12)
    if activation == "softmax" or count == 2:  # sigmoids of several classes are shared out afterwards
        rows = run.evaluate((X, y)).metrics
        assert rows["loss"] == pytest.approx(((p - one_hot(y, NAMES[:count])) ** 2).mean(), rel=1e-12)


def test_the_best_constant_predicts_the_shares():
    """Its squared error is Σp(1-p)/K, Gini's impurity divided by K."""
    y = classes(3)
    baseline = nettrain.train(SPEC, "data.validation=0", data=(X, y)).summary["baseline"]
    p = one_hot(y, NAMES).mean(axis=0)
    assert baseline["metrics"]["train"]["loss"] == pytest.approx((p * (1 - p)).sum() / 3, rel=1e-12)


def test_classes_count_by_their_weights():
    y = np.array(["a"] * 90 + ["b"] * 30)
    spec = SPEC | {"data": SPEC["data"] | {"class_weights": "balanced", "validation": 0}}
    run = nettrain.train(spec, data=(np.zeros((120, 1)) + np.arange(120)[:, None] % 2, y))
    weight = np.where(y == "a", 120 / 180, 120 / 60)
    x = design(np.arange(120.0)[:, None] % 2) * np.sqrt(weight)[:, None]
    fit, *_ = np.linalg.lstsq(x, (y == "b") * np.sqrt(weight), rcond=None)
    loss = (weight * (design(np.arange(120.0)[:, None] % 2) @ fit - (y == "b")) ** 2).sum() / weight.sum()
    assert run.metrics["train"]["loss"] == pytest.approx(loss, rel=1e-6)
