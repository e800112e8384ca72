"""e^x and e^x - 1 for kernels, compared with the C library in extended precision; bits do not depend on position."""

import numpy as np
import pytest

from nettrain.backend.exponential import LEAST32, LEAST64, exp_below_zero, expm1_below_zero
from nettrain.backend.kernel import kernel

LEAST = {np.float32: LEAST32, np.float64: LEAST64}


@kernel
def run(x: np.ndarray) -> None:
    exp_below_zero(x)


@kernel
def run_less_one(x: np.ndarray) -> None:
    expm1_below_zero(x)


def exp(x: np.ndarray) -> np.ndarray:
    out = x.copy()
    run(out)
    return out


def numbers(dtype: type) -> np.ndarray:
    """From the least that has a normal result to 0, many of them near 0."""
    rng, least = np.random.default_rng(0), float(LEAST[dtype])
    drawn = np.concatenate([rng.uniform(least, 0, 100_000), -rng.exponential(2, 100_000), [least, -0.0, 0.0]])
    return drawn.clip(least, 0).astype(dtype)


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="needs extended precision")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_right_to_one_ulp_or_two(dtype: type) -> None:
    x = numbers(dtype)
    exact = np.exp(x.astype(np.longdouble))
    error = np.abs(exp(x).astype(np.longdouble) - exact) / np.spacing(exact.astype(dtype))
    assert error.max() < 1.1
    assert error.mean() < 0.3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_is_denormal_and_nan_stays(dtype: type) -> None:
    below = np.nextafter(LEAST[dtype], dtype(-np.inf), dtype=dtype)
    result = exp(np.array([below, -1e4, -np.inf, np.nan, 0.0, -0.0], dtype))
    np.testing.assert_array_equal(result, [0, 0, 0, np.nan, 1, 1])
    assert exp(np.array([LEAST[dtype]], dtype))[0] >= np.finfo(dtype).tiny


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bits_do_not_depend_on_where_a_number_stands(dtype: type) -> None:
    x = numbers(dtype)[:400]
    whole = exp(x)
    for first in range(17):
        for length in (1, 2, 3, 7, 8, 15, 16, 17, 33):
            part = exp(x[first : first + length])
            assert part.tobytes() == whole[first : first + length].tobytes()
            memory = np.empty(len(x) + first, dtype)
            shifted = memory[first : first + length]  # on another alignment
            shifted[:] = x[:length]
            run(shifted)
            assert shifted.tobytes() == whole[:length].tobytes()


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="needs extended precision")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_less_one_is_right_to_two_ulp_also_near_0(dtype: type) -> None:
    x = np.concatenate([numbers(dtype), -np.logspace(-30, 0, 1000).astype(dtype)])
    exact, found = np.expm1(x.astype(np.longdouble)), x.copy()
    run_less_one(found)
    error = np.abs(found.astype(np.longdouble) - exact) / np.spacing(np.abs(exact).astype(dtype))
    assert error.max() < 2
    ends = np.array([-np.inf, -1e4, np.nan, -0.0, 0.0], dtype)
    run_less_one(ends)
    np.testing.assert_array_equal(ends, [-1, -1, np.nan, 0, 0])
