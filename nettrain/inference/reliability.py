"""How far predicted probabilities can be believed: the share that is right, by predicted probability."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.metrics import Task
from nettrain.catalogue.metrics.probabilities import BINS, ReliabilityStatistic
from nettrain.inference.outputs import with_negative_class
from nettrain.inference.predictions import LabelledPredictions


@dataclass(frozen=True)
class ReliabilityBin:
    """Rows whose top probability lies above `low` and not above `high`, the first bin's including 0.

    `rows` is their number or weight, `predicted` the mean of their top probability, `right` the share whose
    class is the predicted one.
    """

    low: float
    high: float
    rows: float
    predicted: float
    right: float


def reliability(predictions: LabelledPredictions, task: Task) -> list[ReliabilityBin]:
    """The bins of `calibration_error` that have rows; of several labels, the bins of all together.

    Empty where predictions are not probabilities, or not finite. Source: Niculescu-Mizil & Caruana 2005.
    """
    if not (task.outcomes and task.probabilities and np.isfinite(predictions.values).all()):
        return []
    bins = np.sum([_statistic(predictions, task, k).bins for k in range(len(task.names))], axis=0)
    edges = np.linspace(0, 1, BINS + 1)
    return [
        ReliabilityBin(float(low), float(high), weight, top / weight, right / weight)
        for low, high, (weight, top, right) in zip(edges, edges[1:], bins.tolist(), strict=False)
        if weight > 0
    ]


def calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """How far the predicted probability is from the share that is right, on average over rows."""
    rows = sum(one.rows for one in bins)
    return sum(one.rows * abs(one.predicted - one.right) for one in bins) / rows


def overconfidence(bins: Sequence[ReliabilityBin]) -> float:
    """By how much predicted probabilities are larger than the share that is right, on average over rows."""
    rows = sum(one.rows for one in bins)
    return sum(one.rows * (one.predicted - one.right) for one in bins) / rows


def _statistic(predictions: LabelledPredictions, task: Task, k: int) -> ReliabilityStatistic:
    """The bins of one target."""
    statistic = ReliabilityStatistic(task.outcomes)
    weight = predictions.rows.weight.astype(np.float64)
    if task.targets != "labels":
        statistic.add(predictions.y, predictions.values, weight)
        return statistic
    both: Floats = with_negative_class(predictions.values[:, k : k + 1], task)
    statistic.add(predictions.y[:, k].astype(np.int64), both, weight)
    return statistic
