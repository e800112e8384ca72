"""What norms with a mean and a variance share: gain·(x - mean)/√(variance + ε) + shift along one axis."""

from typing import Any

import numpy as np

from nettrain.backend.base import Array, ArrayModule, HostArray
from nettrain.model.layers.base import LearnedArray


def gain_and_shift(columns: int) -> dict[str, LearnedArray]:
    """The parameters of such a norm, a number of each per column, which begin by changing nothing."""
    row = (1, columns)
    return {"gain": LearnedArray(row, "scale", 1.0), "shift": LearnedArray(row, "bias")}


def standardized(xp: ArrayModule, x: Any, gain: Array, shift: Array, epsilon: Any, axis: int) -> Any:
    """gain·(x - mean)/√(variance + ε) + shift, by mean and biased variance of x (R, B, C) along the axis."""
    centred = x - xp.mean(x, axis=axis, keepdims=True)
    variance = xp.mean(centred * centred, axis=axis, keepdims=True)
    return gain * (centred / xp.sqrt(variance + epsilon)) + shift


def largest_scale(x: HostArray, gain: HostArray, epsilon: Any, axis: int) -> float:
    """The largest |gain|/√(variance + ε), by which the norm of x (R, B, C) amplifies a difference."""
    variance = np.var(x, axis=axis, keepdims=True)
    return float((np.abs(gain) / np.sqrt(variance + epsilon)).max())
