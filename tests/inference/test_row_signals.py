"""The values and gradients of one row, against the formulas by hand and against differences."""

from dataclasses import replace

import numpy as np
import pytest

from nettrain.errors import SpecError
from nettrain.inference.row_signals import row_signals
from tests.trained import IRIS, built, experiment, prepared, resolved_with_data

GENERATOR = np.random.default_rng(3)
XOR = """
data: {source: 'synthetic:xor', target_kind: numbers, target_scaling: none, scaling: none}
model: {hidden: [3], activation: sigmoid, output_activation: sigmoid}
loss: {name: mse_half, reduction: sum}
backend: {threads: 1, dtype: float64}
"""


def sample(text, *overrides, row=5):
    """A model with random parameters (P,), its statistics, and a training row."""
    spec = experiment(text, *overrides)
    run = built([spec])
    rows = prepared(resolved_with_data([spec])[0]).train
    one = replace(rows, x=rows.x[row : row + 1], y=rows.y[row : row + 1], weight=rows.weight[row : row + 1])
    point = run.backend.to_host(run.population["parameters"][0]).astype(np.float64)
    for slot in run.layout.slots:
        point[slot.start : slot.start + slot.size] += 0.3 * GENERATOR.standard_normal(slot.size)
    return run.model, point, run.backend.to_host(run.population["statistics"][0]), one


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize("parametrization", ["standard", "neural_tangent"])
def test_values_and_gradients_by_hand(parametrization):
    model, point, statistics, row = sample(XOR, f"model.parametrization={parametrization}")
    signals = row_signals(model, point, statistics, row)
    first, last = signals.connections
    x, t = row.x[0].astype(float), float(row.y[0, 0])
    z1 = x @ first.weight.values + first.bias.values[0]
    a1 = sigmoid(z1)
    z2 = a1 @ last.weight.values + last.bias.values[0]
    a2 = sigmoid(z2)
    da2 = a2 - t  # E = ½(a - t)²
    dz2 = da2 * a2 * (1 - a2)
    da1 = last.weight.values @ dz2
    dz1 = da1 * a1 * (1 - a1)
    inputs, hidden, outputs = signals.columns
    expected = {
        "x": (x, inputs.values),
        "z1": (z1, hidden.z),
        "a1": (a1, hidden.values),
        "z2": (z2, outputs.z),
        "a2": (a2, outputs.values),
        "da2": (da2, outputs.gradient),
        "dz2": (dz2, outputs.z_gradient),
        "da1": (da1, hidden.gradient),
        "dz1": (dz1, hidden.z_gradient),
        "dx": (first.weight.values @ dz1, inputs.gradient),
        "dW2": (np.outer(a1, dz2), last.weight.gradient),
        "dW1": (np.outer(x, dz1), first.weight.gradient),
        "db2": (dz2[None], last.bias.gradient),
        "db1": (dz1[None], first.bias.gradient),
        "loss": (0.5 * float(da2[0]) ** 2, signals.loss),
        "prediction": (a2, signals.prediction),
    }
    for name, (hand, read) in expected.items():
        np.testing.assert_allclose(read, hand, rtol=1e-12, atol=1e-15, err_msg=name)
    functions = "sigmoid" if parametrization == "standard" else "neural tangent, sigmoid"
    assert (functions, functions) == (hidden.functions, outputs.functions)


def test_softmax_and_cross_entropy_by_hand():
    model, point, statistics, row = sample(IRIS)
    signals = row_signals(model, point, statistics, row)
    outputs = signals.columns[-1].values
    shares = np.exp(outputs) / np.exp(outputs).sum()
    truth = np.eye(3)[int(row.y[0])]
    np.testing.assert_allclose(signals.prediction, shares)
    np.testing.assert_allclose(signals.columns[-1].gradient, shares - truth, atol=1e-12)
    assert -np.log(shares @ truth) == pytest.approx(signals.loss)


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["model.norm=layer"],
        ["model.residual=true", "model.hidden=[5, 5]"],
        ["model.dropout=0.5", "model.input_noise=0.2"],
        ["model.activation=prelu", "model.bias=false"],
        ["loss={name: cross_entropy, label_smoothing: 0.1}"],
    ],
    ids=str,
)
def test_gradients_are_differences_of_the_loss(overrides):
    model, point, statistics, row = sample(IRIS, *overrides)
    signals = row_signals(model, point, statistics, row)
    weights = [slot for slot in model.layout.slots if slot.name == "weight"]
    for slot, connection in zip(weights, signals.connections, strict=True):
        for k in (0, slot.size // 2, slot.size - 1):
            step = np.zeros_like(point)
            step[slot.start + k] = 1e-6
            up, down = (row_signals(model, point + s, statistics, row).loss for s in (step, -step))
            expected = (up - down) / 2e-6
            assert expected == pytest.approx(connection.weight.gradient.ravel()[k], abs=1e-7)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model.sub_members=4"], "graph: 4 sub-members are several networks in one"),
        (
            ["model.embeddings=pbld"],
            "graph: pbld 4 stands between the inputs and the first weights, which is not drawn",
        ),
        (["model.norm=batch"], "graph: batch norm mixes the rows of a batch, so that no row stands alone"),
        (
            ["model.activation=maxout"],
            "graph: hidden 1 makes one unit of several columns, which is not drawn",
        ),
    ],
    ids=["sub-members", "embedding", "batch", "maxout"],
)
def test_networks_whose_units_cannot_be_told_apart(overrides, message):
    with pytest.raises(SpecError) as caught:
        row_signals(*sample(IRIS, *overrides))
    assert message == str(caught.value)
