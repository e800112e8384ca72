"""How far predicted numbers are from the true ones."""

from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.metrics import Task
from nettrain.inference.predictions import LabelledPredictions


@dataclass(frozen=True)
class ResidualSummary:
    """Predicted minus true of one target, in its unit, over the rows that count.

    `bias` is the mean; half of the predictions are off by at most `half`, 90 % by at most `ninety`. `spread`
    is the standard deviation of the true numbers.
    """

    target: str
    bias: float
    half: float
    ninety: float
    largest: float
    spread: float


def residuals_of(predictions: LabelledPredictions) -> Floats:
    """Predicted minus true (N, T), of the rows that have weight and a finite prediction."""
    residuals: Floats = predictions.values - predictions.y
    counts = (predictions.rows.weight > 0) & np.isfinite(residuals).all(axis=1)
    kept: Floats = residuals[counts]
    return kept


def summarise_residuals(predictions: LabelledPredictions, task: Task) -> list[ResidualSummary]:
    """The residuals of each target; empty for targets that are no numbers, or without finite predictions."""
    if task.targets != "numbers":
        return []
    residuals = residuals_of(predictions)
    if not len(residuals):
        return []
    spread = np.asarray(predictions.y, np.float64).std(axis=0)
    return [_summary(name, residuals[:, k], float(spread[k])) for k, name in enumerate(task.names)]


def _summary(name: str, residuals: Floats, spread: float) -> ResidualSummary:
    half, ninety, largest = np.quantile(np.abs(residuals), [0.5, 0.9, 1.0]).tolist()
    return ResidualSummary(name, float(residuals.mean()), half, ninety, largest, spread)
