"""Cosines and sines of turns against NumPy's, which takes one angle at a time."""

import numpy as np
import pytest

from nettrain.backend.base import Array
from nettrain.backend.kernel import kernel, prange
from nettrain.backend.sinusoid import cosine_and_sine


@kernel
def of_rows(turns: Array, sine: Array) -> None:
    """Both of every row."""
    for i in prange(turns.shape[0]):
        cosine_and_sine(turns[i], sine[i])


def both(turns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cosine, sine = turns.reshape(1, -1).copy(), np.zeros((1, turns.size), turns.dtype)
    of_rows(cosine, sine)
    return cosine[0], sine[0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_they_are_right_to_the_last_bits(dtype: str) -> None:
    turns = np.random.default_rng(0).normal(0, 5, 10_000).astype(dtype)
    angles = 2 * np.pi * (turns.astype(np.longdouble) - np.round(turns.astype(np.longdouble)))
    cosine, sine = both(turns)
    near = 2 * np.finfo(dtype).eps
    assert np.abs(cosine - np.cos(angles)).max() <= near
    assert np.abs(sine - np.sin(angles)).max() <= near


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_quarters_are_exact(dtype: str) -> None:
    turns = np.arange(-9, 10).astype(dtype) / 4
    cosine, sine = both(turns)
    np.testing.assert_array_equal(cosine, np.array([1, 0, -1, 0])[np.arange(-9, 10) % 4])
    np.testing.assert_array_equal(sine, np.array([0, 1, 0, -1])[np.arange(-9, 10) % 4])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_whole_turns_of_any_size_are_none(dtype: str) -> None:
    cosine, sine = both(np.array([1e10, -(2.0**40), 1e30], dtype))
    np.testing.assert_array_equal(cosine, 1)
    np.testing.assert_array_equal(sine, 0)


def test_what_is_no_angle_has_neither() -> None:
    for values in both(np.array([np.nan, np.inf, -np.inf])):
        assert np.isnan(values).all()
