"""Metrics of numbers, in the unit of the target."""

import numpy as np

from nettrain.backend.base import Array, ArrayModule, Floats, HostArray
from nettrain.catalogue.metrics.base import Mean, Metric, metrics

NUMBERS = ("numbers",)
EQUAL = 2 * float(np.finfo(np.float64).eps)  # numbers that differ by less of their size are the same
CLOSE = 1e-9
ROUNDING = 16 * float(np.finfo(np.float64).eps)  # of a number that was scaled and scaled back


class Squares(Mean):
    """(ŷ-y)²."""

    def each(self, y: HostArray, prediction: HostArray) -> Floats:
        squares: Floats = np.square(prediction - y)
        return squares


class Distances(Mean):
    """|ŷ-y|, and every one of them for their median."""

    def __init__(self, outcomes: int, threshold: float | None = None) -> None:
        super().__init__(outcomes, threshold)
        self.chunks: list[Floats] = []

    def add(self, y: HostArray, prediction: HostArray, weight: HostArray) -> None:
        super().add(y, prediction, weight)
        self.chunks.append(np.stack([self.each(y, prediction), weight]))

    def each(self, y: HostArray, prediction: HostArray) -> Floats:
        distances: Floats = np.abs(prediction - y)
        return distances


class Spread(Squares):
    """Squared errors, and every target: Σ weight·(y-ȳ)² of large y needs ȳ first, or its digits are lost."""

    def __init__(self, outcomes: int, threshold: float | None = None) -> None:
        super().__init__(outcomes, threshold)
        self.chunks: list[Floats] = []

    def add(self, y: HostArray, prediction: HostArray, weight: HostArray) -> None:
        super().add(y, prediction, weight)
        self.chunks.append(np.stack([y, weight])[:, weight > 0])

    def r2(self) -> float:
        """R² of all rows so far, NaN for fewer than two."""
        y, weight = np.concatenate(self.chunks, axis=1)
        if len(y) < 2:
            return float("nan")
        largest, differ = np.abs(y).max(), y.max() - y.min()
        if differ <= EQUAL * largest:
            return float(np.sqrt(self.mean) <= ROUNDING * largest)
        if differ < CLOSE * largest:
            y = y - y[0]  # which is exact, while a sum of large numbers has lost what they differ in
        deviation = y - (weight * y).sum() / weight.sum()
        r2 = float(1 - self.total / (weight * np.square(deviation)).sum())
        return 0.0 if abs(r2) <= ROUNDING else r2  # as good as the mean


@metrics.register("rmse", source="Hyndman & Koehler 2006")
class RootMeanSquaredError(Metric[Squares]):
    """√ of the mean squared error; of several targets, the mean of theirs.

    In the unit of the target; large errors dominate it.
    """

    fits = NUMBERS
    statistic = Squares
    quick = True
    headline = True

    @staticmethod
    def value(statistic: Squares) -> float:
        return float(np.sqrt(statistic.mean))

    @staticmethod
    def rows(xp: ArrayModule, output: Array, target: Array, scale: Array) -> Array:
        # in float64, as squares of large units overflow float32
        return xp.square((output - target).astype(xp.float64) * scale)

    @staticmethod
    def finish(xp: ArrayModule, mean: Array) -> Array:
        return xp.sqrt(mean).mean(axis=-1)


@metrics.register("mae", source="Hyndman & Koehler 2006")
class MeanAbsoluteError(Metric[Distances]):
    """The mean of |ŷ-y|.

    In the unit of the target; an error of 10 counts as ten of 1, so that outliers weigh less than in rmse.
    """

    fits = NUMBERS
    statistic = Distances
    headline = True

    @staticmethod
    def value(statistic: Distances) -> float:
        return float(statistic.mean)


@metrics.register("r2", source="Wright 1921")
class CoefficientOfDetermination(Metric[Spread]):
    """R² = 1 - Σ(ŷ-y)² / Σ(y-ȳ)²: 1 is perfect, 0 as good as the mean.

    Has no unit, so that targets can be compared. Where y is constant it is 1 if all predictions are right,
    else 0, as in scikit-learn; undefined for fewer than two rows.
    """

    goal = "maximize"
    fits = NUMBERS
    statistic = Spread
    headline = True

    @staticmethod
    def value(statistic: Spread) -> float:
        return statistic.r2()

    @staticmethod
    def lacks(y: HostArray) -> str:
        return "" if len(y) > 1 else "two rows"


@metrics.register("median_error", source="Hyndman & Koehler 2006")
class MedianError(Metric[Distances]):
    """The median of |ŷ-y|: half of the rows' weight is nearer, half further.

    Outliers do not move it. As sklearn.metrics.median_absolute_error where all rows weigh the same.
    """

    fits = NUMBERS
    statistic = Distances

    @staticmethod
    def value(statistic: Distances) -> float:
        distance, weight = np.concatenate(statistic.chunks, axis=1)
        order = np.argsort(distance[weight > 0], kind="stable")
        distance, mass = distance[weight > 0][order], np.cumsum(weight[weight > 0][order])
        half = mass[-1] / 2
        middle = int(np.searchsorted(mass, half))
        exact = mass[middle] - half <= np.finfo(np.float64).eps * mass[-1]
        beyond = min(middle + int(exact), len(distance) - 1)
        return float((distance[middle] + distance[beyond]) / 2)
