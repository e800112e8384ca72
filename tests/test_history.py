"""The configs that tell history keep what their comments claim."""

from pathlib import Path

import numpy as np
import pytest

from nettrain.model.parameters import views
from tests.trained import Trained, experiment, trained

CONFIGS = Path(__file__).parents[1] / "configs"


def run(name: str, *overrides: str) -> Trained:
    return trained([experiment((CONFIGS / f"{name}.yaml").read_text(), *overrides)])


def tensors(done: Trained, member: int = 0) -> list[dict[str, np.ndarray]]:
    """The weights (m, n) and biases (1, n) of each dense layer of a member that has ended."""
    layers = filter(None, views(done.run.final.parameters[member : member + 1], done.run.layout))
    return [{name: array[0].astype(np.float64) for name, array in layer.items()} for layer in layers]


def linear(done: Trained) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The inputs with a column of ones (N, D+1), the targets (N,), and the weights with the bias (D+1,)."""
    x, y = done.run.data.datasets["train"].x, done.run.data.datasets["train"].y[:, 0]
    (layer,) = tensors(done)
    w = np.concatenate([layer["weight"][:, 0], layer["bias"][0]])
    return np.hstack([x, np.ones((len(x), 1))]).astype(np.float64), y.astype(np.float64), w


def rosenblatt(x: np.ndarray, y: np.ndarray, epochs: int) -> np.ndarray:
    """The rule as it was written, row after row: a wrong row moves the weights by ±x."""
    w = np.zeros(x.shape[1])
    for _ in range(epochs):
        for row, sign in zip(x, y, strict=True):
            if (1 if row @ w > 0 else -1) != sign:
                w += sign * row
    return w


def test_the_perceptron_converges_to_no_errors_where_a_cut_parts_the_classes() -> None:
    done = run("perceptron", "backend.dtype=float64", "training.shuffle=false")
    assert done.stopped[0].reason == "target"
    x, y, w = linear(done)
    assert (np.where(x @ w > 0, 1, -1) == y).all()
    np.testing.assert_allclose(w, rosenblatt(x, y, done.stopped[0].epoch), rtol=1e-12)


def test_the_perceptrons_rate_only_makes_weights_larger() -> None:
    unit, third = (
        run("perceptron", f"optimizer.learning_rate={rate}", "backend.dtype=float64") for rate in (1, 0.3)
    )
    np.testing.assert_allclose(0.3 * linear(unit)[2], linear(third)[2], rtol=1e-12)


def test_the_perceptron_never_rests_where_no_cut_parts_the_classes() -> None:
    done = run("perceptron", "data.labels={Iris-setosa: other, Iris-virginica: other}")
    assert done.stopped[0].reason == "epochs"
    x, y, w = linear(done)
    assert (np.where(x @ w > 0, 1, -1) != y).any()


def test_adaline_ends_at_the_solution_of_least_squares() -> None:
    done = run("adaline", "backend.dtype=float64")
    x, y, w = linear(done)
    best = np.linalg.lstsq(x, y, rcond=None)[0]
    assert np.abs(w - best).max() < 1e-4 * np.abs(best).max()
    assert set(y.tolist()) == {-1, 1}


def test_adalines_rate_has_the_limit_that_its_comment_names() -> None:
    x, _, _ = linear(run("adaline", "training.epochs=1", "backend.dtype=float64"))
    limit = 2 / np.linalg.eigvalsh(x.T @ x).max()
    assert round(limit, 4) == 0.0057
    rates = {rate: run("adaline", f"optimizer.learning_rate={rate * limit}") for rate in (0.99, 1.01)}
    losses = {rate: done.epochs[-1].figures["running_loss"][0] for rate, done in rates.items()}
    assert losses[0.99] < 0.1
    assert not losses[1.01] < 1e6


def xor(*overrides: str) -> list[str]:
    return [f"data.source={CONFIGS / 'xor.csv'}", *overrides]


def test_backpropagation_learns_exclusive_or() -> None:
    done = run("xor_backprop", *xor())
    hidden, out = tensors(done)

    def sigmoid(z: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-z))

    rows = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    answers = sigmoid(sigmoid(rows @ hidden["weight"] + hidden["bias"]) @ out["weight"] + out["bias"])
    np.testing.assert_allclose(answers[:, 0], [0, 1, 1, 0], atol=0.05)


def test_some_starts_of_exclusive_or_end_in_a_flat_place() -> None:
    text = (CONFIGS / "xor_backprop.yaml").read_text()
    for hidden, all_learn in (("[2]", False), ("[4]", True)):
        specs = [experiment(text, *xor(f"seed={seed}", f"model.hidden={hidden}")) for seed in range(20)]
        losses = trained(specs).epochs[-1].figures["running_loss"]
        learned = int((losses < 0.01).sum())
        assert learned == 20 if all_learn else 10 <= learned < 20


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_units_that_start_equal_stay_equal(activation: str) -> None:
    done = run("zeros_init", f"model.activation={activation}")
    hidden, out = tensors(done)
    for unit in range(1, 8):
        assert (hidden["weight"][:, unit] == hidden["weight"][:, 0]).all()
        assert hidden["bias"][0, unit] == hidden["bias"][0, 0]
        assert out["weight"][unit] == out["weight"][0]
    assert bool(hidden["weight"].any()) == (activation == "sigmoid")  # tanh: nothing moves at all


def test_zeros_cost_accuracy() -> None:
    zeros, random = (
        run("zeros_init", *change).epochs[-1].figures["val_accuracy"][0]
        for change in ([], ["model.init=auto"])
    )
    assert zeros < 0.93
    assert random > 0.95
