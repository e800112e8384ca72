"""Means and standard deviations of columns, at any size of their numbers."""

import numpy as np
import numpy.typing as npt

from nettrain.data.tables.arrays import Floats

FAR = 400  # binary exponents beyond which the squares of numbers are near the ends of float64


def center_and_spread(x: Floats) -> dict[str, Floats]:
    """Mean and standard deviation (C,) of x (N, C), 1 in place of a deviation of 0."""
    center, spread = moments(x)
    return {"center": center, "scale": np.where(spread == 0, 1.0, spread)}


def moments(x: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation (C,) of x (N, C), also where squares would leave the range of float64."""
    least, most = x.min(axis=0), x.max(axis=0)
    shift = far_exponents(np.maximum(-least, most))
    if shift.any():
        x = np.ldexp(x, -shift)
    constant = least == most
    # The rounded mean of equal numbers may differ from them, and so their deviation from 0.
    center = np.where(constant, least, np.ldexp(x.mean(axis=0), shift))
    return center, np.where(constant, 0.0, np.ldexp(x.std(axis=0), shift))


def far_exponents(largest: Floats) -> npt.NDArray[np.int_]:
    """The powers of 2 (C,) that bring numbers near 1, whose squares are safe; 0 where they are already.

    A power of 2 changes no digit.
    """
    exponents = np.frexp(largest)[1]
    return np.where(np.abs(exponents) > FAR, exponents, 0)
