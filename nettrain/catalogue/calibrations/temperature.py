"""Temperature scaling: one number that makes all probabilities more cautious, or bolder."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.calibrations.base import Calibration, Calibrator, calibrations
from nettrain.catalogue.metrics.probabilities import LEAST

SMALLEST, LARGEST = 0.01, 100.0
PRECISION = 2 * float(np.finfo(np.float64).eps)
MOST_STEPS = 200


class Temperature(Calibrator):
    """p^(1/T), divided by its sum: softmax(z/T) where p = softmax(z)."""

    temperature: float = Field(ge=SMALLEST, le=LARGEST)

    def calibrated(self, probabilities: Floats) -> Floats:
        if self.temperature == 1:
            return probabilities
        scaled = _logarithms(probabilities) / self.temperature
        powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
        shares: Floats = powers / powers.sum(axis=-1, keepdims=True)
        return shares

    @property
    def description(self) -> str:
        why = ", the largest: no better than chance" if self.temperature == LARGEST else ""
        return f"temperature {self.temperature:.4g}{why}"


@calibrations.register("temperature", source="Guo et al. 2017")
class TemperatureScaling(Calibration):
    """p^(1/T), normalised, with the one T whose log loss on validation rows is smallest.

    Softens the probabilities of a network that is too sure of itself (T above 1) or sharpens them, and leaves
    their order as it is: accuracy does not change. A single number, for which about 100 rows are enough.
    Labels have one T each. Where all N validation rows are predicted right, log loss only falls with T: then
    targets are smoothed, (N + 1)/(N + 2) for the true class (Platt 1999), and T is at most 1. It lies between
    0.01 and 100. Probabilities below 2.2e-16 count as 2.2e-16, as in log_loss.
    """

    fitted: ClassVar[type[Calibrator]] = Temperature
    few_rows: ClassVar[int] = 100

    @classmethod
    def fit(cls, probabilities: Floats, y: HostArray, weight: Floats) -> Calibrator:
        counts = weight > 0
        logarithms, share = _logarithms(probabilities[counts]), weight[counts] / weight.sum()
        true = np.take_along_axis(logarithms, y[counts, None], axis=-1)
        return Temperature(temperature=1 / _best_exponent(logarithms - true, share))


def _logarithms(probabilities: Floats) -> Floats:
    logarithms: Floats = np.log(np.maximum(probabilities, LEAST))
    return logarithms


def _best_exponent(distance: Floats, share: Floats) -> float:
    """The b that minimises Σ share·log Σ_k exp(b·distance_k), where distance (N, K) is log p_k - log p_true.

    The sum is convex in b. Without a row whose true class is less likely than another it only falls; then
    targets are smoothed, and b is at least 1, as rows that are right are no reason to be more cautious.
    """
    low, high = 1 / LARGEST, 1 / SMALLEST
    if not (distance > 0).any():
        low, distance = 1.0, distance - _smoothing(distance)
    if _Slope(distance, share, low).first >= 0:
        return low
    if _Slope(distance, share, high).first <= 0:
        return high
    found = _root(distance, share, low, high)
    return min((found, 1.0), key=lambda b: _Slope(distance, share, b).value)


def _smoothing(distance: Floats) -> Floats:
    """What takes smoothed targets (N, 1) into account: the mean distance, weighed by them.

    The true class of N rows has (N + 1)/(N + 2), and the others share the rest. Source: Platt 1999.
    """
    rows, classes = distance.shape
    mean: Floats = distance.sum(axis=-1, keepdims=True) / ((rows + 2) * (classes - 1))
    return mean


def _root(distance: Floats, share: Floats, low: float, high: float) -> float:
    """Where the slope, negative at `low` and positive at `high`, is 0.

    Newton's steps, and halving where they would leave the interval.
    """
    b = 1.0
    for _ in range(MOST_STEPS):
        slope = _Slope(distance, share, b)
        low, high = (b, high) if slope.first < 0 else (low, b)
        following = b - slope.first / slope.second if slope.second > 0 else high
        if not low <= following <= high:
            following = (low + high) / 2
        if abs(following - b) <= PRECISION * b:
            return following
        b = following
    return b


class _Slope:
    """The sum to be minimised at b, and its first and second derivative: mean and variance of distances."""

    def __init__(self, distance: Floats, share: Floats, b: float) -> None:
        largest = distance.max(axis=-1, keepdims=True)
        powers = np.exp(b * (distance - largest))
        total = powers.sum(axis=-1, keepdims=True)
        mean = (powers * distance).sum(axis=-1, keepdims=True) / total
        variance = (powers * np.square(distance - mean)).sum(axis=-1, keepdims=True) / total
        self.value = float(share @ (np.log(total) + b * largest)[:, 0])
        self.first, self.second = float(share @ mean[:, 0]), float(share @ variance[:, 0])
