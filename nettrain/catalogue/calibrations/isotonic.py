"""Isotonic regression: the rising curve from predicted probabilities to shares that fits best."""

from typing import ClassVar, Self

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.calibrations.base import Calibration, Calibrator, calibrations
from nettrain.catalogue.settings import Settings


class IsotonicCurve(Settings):
    """A rising curve: straight lines between the points (x, y), constant beyond the first and the last."""

    x: list[float]
    y: list[float]

    @model_validator(mode="after")
    def _rises(self) -> Self:
        x, y = np.array(self.x), np.array(self.y)
        if not len(x) or len(x) != len(y):
            raise PydanticCustomError("curve", "needs as many x as y, and at least one")
        if (np.diff(x) <= 0).any() or (np.diff(y) < 0).any() or y[0] < 0 or y[-1] > 1:
            raise PydanticCustomError("curve", "needs rising x, and y that do not fall, from 0 to 1")
        return self

    def __call__(self, probability: Floats) -> Floats:
        share: Floats = np.interp(probability, self.x, self.y)
        return share


class IsotonicCurves(Calibrator):
    """The curve of the second of two classes, or one for each of several classes, as shares of their sum."""

    curves: list[IsotonicCurve]

    def calibrated(self, probabilities: Floats) -> Floats:
        if len(self.curves) == 1:
            positive = self.curves[0](probabilities[:, 1])
            return np.stack([1 - positive, positive], axis=-1)
        each = np.stack([curve(probabilities[:, k]) for k, curve in enumerate(self.curves)], axis=-1)
        total = each.sum(axis=-1, keepdims=True)
        even = np.full_like(each, 1 / len(self.curves))
        shares: Floats = np.divide(each, total, out=even, where=total > 0)
        return shares

    def suits(self, classes: int) -> bool:
        return len(self.curves) == (1 if classes == 2 else classes)

    @property
    def description(self) -> str:
        return "isotonic"


@calibrations.register("isotonic", source="Zadrozny & Elkan 2002")
class IsotonicCalibration(Calibration):
    """The rising curve from probabilities to shares whose squared error on validation rows is smallest.

    Corrects any distortion that keeps the order, but takes about 1,000 validation rows: of few it learns
    their accidents, and its ends are often 0 and 1, which cost much where they are wrong. Rows may become
    equal in rank. Several classes are corrected one against the rest, and divided by their sum; labels have a
    curve each. As scikit-learn's CalibratedClassifierCV(method="isotonic") on a fitted classifier.
    """

    fitted: ClassVar[type[Calibrator]] = IsotonicCurves
    few_rows: ClassVar[int] = 1000

    @classmethod
    def fit(cls, probabilities: Floats, y: HostArray, weight: Floats) -> Calibrator:
        classes = [1] if probabilities.shape[-1] == 2 else range(probabilities.shape[-1])
        return IsotonicCurves(curves=[isotonic_curve(probabilities[:, k], y == k, weight) for k in classes])


def isotonic_curve(x: Floats, y: HostArray, weight: Floats) -> IsotonicCurve:
    """The rising curve that minimises Σ weight·(curve(x) - y)², with x, y and weight (N,).

    As scikit-learn's IsotonicRegression(out_of_bounds="clip"): rows of equal x count as one.
    """
    counts = weight > 0
    x, same = np.unique(x[counts], return_inverse=True)
    mass = np.bincount(same, weight[counts]).astype(np.float64)
    mean = np.bincount(same, weight[counts] * y[counts]) / mass
    rising = np.clip(pool_adjacent_violators(mean, mass), 0, 1)
    ends = np.ones(len(x), bool)  # those within a constant stretch say nothing
    ends[1:-1] = (rising[1:-1] != rising[:-2]) | (rising[1:-1] != rising[2:])
    return IsotonicCurve(x=x[ends].tolist(), y=rising[ends].tolist())


def pool_adjacent_violators(y: Floats, weight: Floats) -> Floats:
    """The non-decreasing values (N,) that minimise Σ weight·(value - y)².

    Neighbours that fall are equal in the solution, so whole stretches that do not rise are pooled at once,
    until all rise. Source: Ayer et al. 1955.
    """
    starts, mass, total = np.arange(len(y)), weight, weight * y
    while True:
        mean = total / mass
        rises = np.append(True, mean[1:] > mean[:-1])
        if rises.all():
            return np.repeat(mean, np.diff(np.append(starts, len(y))))
        first = np.flatnonzero(rises)
        starts, mass, total = starts[first], np.add.reduceat(mass, first), np.add.reduceat(total, first)
