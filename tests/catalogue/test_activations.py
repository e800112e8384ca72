"""Activations: values from formulas, extremes, and derivatives on both sides of kinks."""

import math

import numpy as np
import pytest

from nettrain.catalogue.activations import activations
from nettrain.catalogue.columns import columns

POINTS = [-1e4, -30.0, -3.0, -1.0, -1e-3, -0.0, 0.0, 1e-3, 0.5, 1.0, 3.0, 6.0, 30.0, 1e4]


def logistic(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z > -700 else 0.0


def normal(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2


def log_one_plus_exp(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def inside(z: float, low: float, high: float) -> float:
    return 1.0 if low < z < high else 0.0


def mish_slope(z: float) -> float:
    t = math.tanh(log_one_plus_exp(z))
    return t + z * logistic(z) * (1 - t * t)


def density(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


S, L = 1.0507009873554805, 1.6732632423543772
FORMULAS = {
    "linear": (lambda z: z, lambda z: 1.0),
    "sigmoid": (logistic, lambda z: logistic(z) * logistic(-z)),
    "tanh": (math.tanh, lambda z: 1 - math.tanh(z) ** 2),
    "softsign": (lambda z: z / (1 + abs(z)), lambda z: (1 + abs(z)) ** -2),
    "softplus": (log_one_plus_exp, logistic),
    "relu": (lambda z: max(0.0, z), lambda z: 1.0 if z > 0 else 0.0),
    "leaky_relu": (lambda z: z if z > 0 else 0.01 * z, lambda z: 1.0 if z > 0 else 0.01),
    "relu6": (lambda z: min(max(0.0, z), 6.0), lambda z: inside(z, 0, 6)),
    "hard_tanh": (lambda z: min(max(-1.0, z), 1.0), lambda z: inside(z, -1, 1)),
    "hard_sigmoid": (lambda z: min(max(0.0, z + 3), 6.0) / 6, lambda z: inside(z, -3, 3) / 6),
    "elu": (lambda z: z if z > 0 else math.expm1(z), lambda z: 1.0 if z > 0 else math.exp(z)),
    "selu": (
        lambda z: S * z if z > 0 else S * L * math.expm1(z),
        lambda z: S if z > 0 else S * L * math.exp(z),
    ),
    "gelu": (lambda z: z * normal(z), lambda z: normal(z) + z * density(z)),
    "silu": (lambda z: z * logistic(z), lambda z: logistic(z) * (1 + z * logistic(-z))),
    "mish": (lambda z: z * math.tanh(log_one_plus_exp(z)), mish_slope),
}


PLAIN = [name for name, entry in activations.items() if entry.elementwise and not entry.learned]


def forward(name: str, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scratch, a = z.copy(), np.empty_like(z)
    activations[name].forward(np, activations[name](), scratch, a)
    return scratch, a


def backward(name: str, z: np.ndarray, delta: np.ndarray) -> np.ndarray:
    entry, out = activations[name], delta.copy()
    scratch, a = forward(name, z)
    if entry.backward_kernel is not None:
        entry.backward_kernel(out, scratch, a, columns(entry.columns(entry()), len(z)).astype(z.dtype))
    else:
        entry.backward(np, entry(), out, scratch, a)
    return out


def test_every_activation_has_a_formula() -> None:
    assert set(FORMULAS) == set(PLAIN)  # the others: tests/catalogue/test_joint_activations.py


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_and_derivatives(name: str, dtype: type) -> None:
    z = np.array(POINTS, dtype).reshape(1, 2, 7)
    f, slope = FORMULAS[name]
    points = [float(value) for value in z.ravel()]
    values = np.array([f(value) for value in points]).reshape(z.shape)
    slopes = np.array([slope(value) for value in points]).reshape(z.shape)
    precision = 1e-6 if dtype is np.float32 else 1e-14
    _, a = forward(name, z)
    assert a.dtype == dtype
    np.testing.assert_allclose(a, values, rtol=precision, atol=precision)
    delta = np.linspace(-2, 2, 14).astype(dtype).reshape(z.shape)
    # a(1-a) and 1-a² lose digits where a is nearly 1: there the error is absolute
    np.testing.assert_allclose(backward(name, z, delta), delta * slopes, rtol=precision, atol=precision)


def test_sigmoid_keeps_its_small_values() -> None:
    _, a = forward("sigmoid", np.array([[[-700.0, -40.0]]]))
    np.testing.assert_allclose(a.ravel(), [math.exp(-700), math.exp(-40)], rtol=1e-14)
