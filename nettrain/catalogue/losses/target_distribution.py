"""What is predicted of each target beyond a single number: quantiles, or a Gaussian distribution.

Shapes: N rows, T targets, L levels of quantiles. The arrays are on the host, in float64.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from nettrain.backend.base import Floats

USUAL = 0.9  # level of the interval that is shown where any could be
CURVE = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)  # levels of quantiles, likewise
NEAR = 1e-6  # levels that differ by less are the same


class TargetDistribution(ABC):
    """The predicted distributions of T targets in N rows."""

    @abstractmethod
    def quantiles(self, levels: Sequence[float]) -> Floats:
        """The quantiles (N, T, L) of these levels. Raises ValueError for one that was not trained."""

    @abstractmethod
    def unscaled(self, center: Floats, scale: Floats) -> Self:
        """The distributions of center + scale·target, both (T,), the scale positive."""

    @abstractmethod
    def combined(self, others: Iterable[Self]) -> Self:
        """One distribution of what several networks predict, of which this is the first."""

    @abstractmethod
    def above(self, others: Iterable[Self]) -> Self:
        """The distributions of these rows and, below them, of the rows of others."""

    @property
    def finite(self) -> bool:
        """Whether all numbers are."""
        return all(bool(np.isfinite(array).all()) for array in self.arrays)

    @property
    @abstractmethod
    def arrays(self) -> tuple[Floats, ...]:
        """The numbers that describe the distributions."""

    @property
    @abstractmethod
    def intervals(self) -> tuple[float, ...]:
        """The levels of the intervals that are shown unless others are asked for, the widest first."""

    @property
    @abstractmethod
    def curve(self) -> tuple[float, ...]:
        """The levels of the quantiles that are measured."""


def end_levels(level: float) -> tuple[float, float]:
    """The levels of the two quantiles between which a central interval of this level lies."""
    return (1 - level) / 2, (1 + level) / 2


def position_of(level: float, levels: Sequence[float]) -> int | None:
    """Where a level stands among others; None where it does not."""
    return next((k for k, one in enumerate(levels) if abs(one - level) < NEAR), None)


def central_intervals(levels: Sequence[float]) -> list[float]:
    """The levels of the intervals that lie between two quantiles of these levels, the widest first."""
    lower = [level for level in levels if level < 0.5 and position_of(1 - level, levels) is not None]
    return [round(1 - 2 * level, 9) for level in sorted(lower)]


@dataclass(frozen=True, eq=False)
class PredictedQuantiles(TargetDistribution):
    """The quantiles `values` (N, T, L) of trained `levels`, in rising order."""

    levels: tuple[float, ...]
    values: Floats

    @property
    def arrays(self) -> tuple[Floats, ...]:
        return (self.values,)

    @property
    def intervals(self) -> tuple[float, ...]:
        return tuple(central_intervals(self.levels))

    @property
    def curve(self) -> tuple[float, ...]:
        return self.levels

    def quantiles(self, levels: Sequence[float]) -> Floats:
        positions = [position_of(level, self.levels) for level in levels]
        if None in positions:
            raise ValueError(f"quantiles {levels} of {self.levels}")
        chosen: Floats = self.values[..., [k for k in positions if k is not None]]
        return chosen

    def unscaled(self, center: Floats, scale: Floats) -> Self:
        return type(self)(self.levels, self.values * scale[:, None] + center[:, None])

    def above(self, others: Iterable[Self]) -> Self:
        return type(self)(self.levels, np.concatenate([self.values, *(one.values for one in others)]))

    def combined(self, others: Iterable[Self]) -> Self:
        """The means of the quantiles. Source: Vincent 1912; Ratcliff 1979."""
        total, count = self.values.copy(), 1
        for one in others:
            total += one.values
            count += 1
        return type(self)(self.levels, total / count)


@dataclass(frozen=True, eq=False)
class PredictedGaussian(TargetDistribution):
    """Gaussian distributions by their mean and variance, both (N, T)."""

    mean: Floats
    variance: Floats

    @property
    def arrays(self) -> tuple[Floats, ...]:
        return self.mean, self.variance

    @property
    def intervals(self) -> tuple[float, ...]:
        return (USUAL,)

    @property
    def curve(self) -> tuple[float, ...]:
        return CURVE

    @property
    def spread(self) -> Floats:
        """The standard deviation (N, T)."""
        deviation: Floats = np.sqrt(self.variance)
        return deviation

    def quantiles(self, levels: Sequence[float]) -> Floats:
        from scipy.special import ndtri

        steps: Floats = ndtri(np.asarray(levels))
        return self.mean[..., None] + np.sqrt(self.variance)[..., None] * steps

    def unscaled(self, center: Floats, scale: Floats) -> Self:
        return type(self)(self.mean * scale + center, self.variance * scale**2)

    def above(self, others: Iterable[Self]) -> Self:
        each = (self, *others)
        mean, variance = ([one.arrays[k] for one in each] for k in range(2))
        return type(self)(np.concatenate(mean), np.concatenate(variance))

    def combined(self, others: Iterable[Self]) -> Self:
        """The Gaussian with the mean and the variance of the mixture.

        Its variance is the mean of the variances plus the variance of the means. Source: Lakshminarayanan
        et al. 2017, section 2.4.
        """
        total, mean, count = self.mean, self.mean, 1
        within, squares = self.variance, np.zeros_like(self.mean)
        for count, one in enumerate(others, 2):
            total, within = total + one.mean, within + one.variance
            change = one.mean - mean  # Welford 1962: no difference of large sums
            mean = mean + change / count
            squares = squares + change * (one.mean - mean)
        return type(self)(total / count, (within + squares) / count)

    def crps(self, y: Floats) -> Floats:
        """The continuous ranked probability score of each number y (N, T), in its unit; 0 is best.

        Source: Gneiting & Raftery 2007, equation 21.
        """
        from scipy.special import ndtr

        deviation = self.spread
        z = (y - self.mean) / deviation
        density = np.exp(-0.5 * np.square(z)) / np.sqrt(2 * np.pi)
        score: Floats = deviation * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi))
        return score


def pinball_losses(y: Floats, quantiles: Floats, levels: Sequence[float]) -> Floats:
    """The pinball loss (N, T, L) of quantiles (N, T, L) for numbers y (N, T), in the unit of y."""
    error = y[..., None] - quantiles
    loss: Floats = np.maximum(np.asarray(levels) * error, (np.asarray(levels) - 1) * error)
    return loss
