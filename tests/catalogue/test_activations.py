"""Activations: values from formulas, extremes, and derivatives on both sides of kinks."""

import math

import numpy as np
import pytest

from nettrain.catalogue.activations import activations

POINTS = [-1e4, -30.0, -1.5, -1e-3, -0.0, 0.0, 1e-3, 1.5, 30.0, 1e4]
FORMULAS = {
    "linear": (lambda z: z, lambda z: 1.0),
    "sigmoid": (
        lambda z: 1 / (1 + math.exp(-z)) if z > -700 else 0.0,
        lambda z: math.exp(-abs(z)) / (1 + math.exp(-abs(z))) ** 2 if abs(z) < 700 else 0.0,
    ),
    "tanh": (math.tanh, lambda z: 1 - math.tanh(z) ** 2),
    "relu": (lambda z: max(0.0, z), lambda z: 1.0 if z > 0 else 0.0),
}


def forward(name: str, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scratch, a = z.copy(), np.empty_like(z)
    activations[name].forward(np, None, scratch, a)
    return scratch, a


def backward(name: str, z: np.ndarray, delta: np.ndarray) -> np.ndarray:
    entry, out = activations[name], delta.copy()
    scratch, a = forward(name, z)
    if entry.backward_kernel is not None:
        entry.backward_kernel(out, scratch, a)
    else:
        entry.backward(np, None, out, scratch, a)
    return out


def test_every_activation_has_a_formula() -> None:
    assert set(FORMULAS) == set(activations)


@pytest.mark.parametrize("name", activations)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_and_derivatives(name: str, dtype: type) -> None:
    z = np.array(POINTS, dtype).reshape(1, 2, 5)
    f, slope = FORMULAS[name]
    points = [float(value) for value in z.ravel()]
    values = np.array([f(value) for value in points]).reshape(z.shape)
    slopes = np.array([slope(value) for value in points]).reshape(z.shape)
    precision = 1e-6 if dtype is np.float32 else 1e-14
    _, a = forward(name, z)
    assert a.dtype == dtype
    np.testing.assert_allclose(a, values, rtol=precision, atol=1e-300)
    delta = np.linspace(-2, 2, 10).astype(dtype).reshape(z.shape)
    # a(1-a) and 1-a² lose digits where a is nearly 1: there the error is absolute
    np.testing.assert_allclose(backward(name, z, delta), delta * slopes, rtol=precision, atol=precision)


def test_sigmoid_keeps_its_small_values() -> None:
    _, a = forward("sigmoid", np.array([[[-700.0, -40.0]]]))
    np.testing.assert_allclose(a.ravel(), [math.exp(-700), math.exp(-40)], rtol=1e-14)
