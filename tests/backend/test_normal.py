"""The normal distribution function for kernels against the C library's erfc."""

import math

import numpy as np
import pytest

from nettrain.backend.exponential import exp_below_zero
from nettrain.backend.kernel import kernel
from nettrain.backend.normal import normal_cdf_from


@kernel
def run(z: np.ndarray, e: np.ndarray) -> None:
    exp_below_zero(e)
    normal_cdf_from(z, e)


def cdf(z: np.ndarray) -> np.ndarray:
    e = -z * z / 2
    run(z, e)
    return e


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_erfc_to_the_rounding_of_its_argument(dtype: type) -> None:
    far = 12 if dtype is np.float32 else 36
    z = np.concatenate([np.linspace(-far, far, 20_001), [-0.0, 0.0, 1e-30]]).astype(dtype)
    exact = np.array([math.erfc(-float(value) / math.sqrt(2)) / 2 for value in z])
    error = np.abs(cdf(z) - exact)
    eps = np.finfo(dtype).eps
    assert error.max() <= 2 * eps
    # roundings of an exponential's argument, ours and those on the way into erfc, grow by that argument
    assert (error <= (6 + 2 * z.astype(float) ** 2) * eps * exact).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out_it_is_zero_and_one(dtype: type) -> None:
    found = cdf(np.array([-1e4, -50.0, 50.0, 1e4, np.nan], dtype))
    np.testing.assert_array_equal(found, [0, 0, 1, 1, np.nan])
