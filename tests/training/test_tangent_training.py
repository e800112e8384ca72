"""Training with the parts of a network for tables, written out in NumPy: layers, groups and schedules together.

Diagonal scale, neural-tangent layers, a parametric activation; Adam with β = (0.9, 0.95), decoupled decay and
factors by group of parameters, with schedules of rate and decay.
"""

import numpy as np
import pytest

from nettrain.model.parameters import views
from tests.trained import Trained, experiment, trained

TEXT = """
data: {source: 'builtin:iris', validation: 0.2, seed: 0}
model: {hidden: [6], activation: ACTIVATION, parametrization: neural_tangent, input_scale: true}
loss: {name: cross_entropy, label_smoothing: 0.1}
optimizer:
  {name: adamw, learning_rate: 0.04, beta2: 0.95, weight_decay: 0.02, groups: {
    scale: {learning_rate: 6, weight_decay: 1},
    bias: {learning_rate: 0.1},
    activation: {learning_rate: 0.1, weight_decay: 1}}}
schedule: coslog4
training: {epochs: 40, batch_size: full, weight_decay_schedule: flat_cos}
backend: {threads: 1, dtype: float64}
"""
STEPS = 40
RATES = {"scale": 6.0, "weight": 1.0, "bias": 0.1, "activation": 0.1}
DECAYS = {"scale": 1.0, "weight": 1.0, "bias": 0.0, "activation": 1.0}
GROUPS = {"s": "scale", "W": "weight", "b": "bias", "alpha": "activation", "V": "weight", "c": "bias"}
Arrays = dict[str, np.ndarray]


def selu(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The function and its derivative."""
    scale, depth = 1.0507009873554805, 1.6732632423543772
    return (
        scale * np.where(z > 0, z, depth * np.expm1(np.minimum(z, 0))),
        scale * np.where(z > 0, 1, depth * np.exp(np.minimum(z, 0))),
    )


def mish(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The function and its derivative."""
    t, gate = np.tanh(np.logaddexp(z, 0)), 1 / (1 + np.exp(-z))
    return z * t, t + z * (1 - t**2) * gate


def gradient(w: Arrays, x: np.ndarray, y: np.ndarray, sigma) -> Arrays:
    """The gradient of the mean cross-entropy with smoothed labels, by the chain rule."""
    u = x * w["s"]
    z = u @ w["W"] / np.sqrt(x.shape[1]) + w["b"]
    value, slope = sigma(z)
    a = z + w["alpha"] * (value - z)
    units = a.shape[1]
    o = a @ w["V"] / np.sqrt(units) + w["c"]
    p = np.exp(o - o.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    target = 0.9 * np.eye(p.shape[1])[y] + 0.1 / p.shape[1]
    do = (p - target) / len(x)
    da = do @ w["V"].T / np.sqrt(units)
    dz = da * (1 + w["alpha"] * (slope - 1))
    du = dz @ w["W"].T / np.sqrt(x.shape[1])
    return {
        "s": (du * x).sum(axis=0, keepdims=True),
        "W": u.T @ dz / np.sqrt(x.shape[1]),
        "b": dz.sum(axis=0, keepdims=True),
        "alpha": (da * (value - z)).sum(axis=0, keepdims=True),
        "V": a.T @ do / np.sqrt(units),
        "c": do.sum(axis=0, keepdims=True),
    }


def by_hand(w: Arrays, x: np.ndarray, y: np.ndarray, sigma) -> Arrays:
    """The weights after STEPS steps."""
    w, m, v = dict(w), dict.fromkeys(w, 0.0), dict.fromkeys(w, 0.0)
    for step in range(STEPS):
        t = step / STEPS
        rate = 0.04 * 0.5 * (1 - np.cos(2 * np.pi * np.log2(1 + 15 * t)))
        decay = 0.02 * (1 if t < 0.5 else 0.5 * (1 + np.cos(np.pi * (2 * t - 1))))
        for name, g in gradient(w, x, y, sigma).items():
            group = GROUPS[name]
            m[name] = 0.9 * m[name] + 0.1 * g
            v[name] = 0.95 * v[name] + 0.05 * g**2
            root = np.sqrt(v[name] / (1 - 0.95 ** (step + 1))) + 1e-8
            own = rate * RATES[group]
            update = own * m[name] / (1 - 0.9 ** (step + 1)) / root
            w[name] = w[name] - update - own * decay * DECAYS[group] * w[name]
    return w


def named(run: Trained, parameters: np.ndarray) -> Arrays:
    """The arrays of the network by their names here."""
    first, hidden, activation, last = (layer for layer in views(parameters, run.run.layout) if layer)
    arrays = (first["scale"], hidden["weight"], hidden["bias"])
    more = (activation["alpha"], last["weight"], last["bias"])
    return {name: array[0].copy() for name, array in zip(GROUPS, (*arrays, *more), strict=True)}


@pytest.mark.parametrize(("name", "sigma"), [("parametric_selu", selu), ("parametric_mish", mish)])
def test_forty_steps_by_hand(name: str, sigma) -> None:
    run = trained([experiment(TEXT.replace("ACTIVATION", name))])
    still = trained([experiment(TEXT.replace("ACTIVATION", name), "optimizer.learning_rate=1e-300")])
    start, end = (named(one, one.run.final.parameters) for one in (still, run))
    train = run.run.data.train
    expected = by_hand(start, train.x.astype(np.float64), train.y, sigma)
    for array, wanted in expected.items():
        np.testing.assert_allclose(end[array], wanted, rtol=1e-10, atol=1e-10, err_msg=array)
        assert np.abs(wanted - start[array]).max() > 1e-3
