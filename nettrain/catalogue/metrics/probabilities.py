"""Metrics of probabilities, and of the order in which they put the classes."""

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.metrics.base import Mean, Metric, Statistic, metrics
from nettrain.catalogue.metrics.classes import ALL

BINS = 15
TOP = 5
LEAST = float(np.finfo(np.float64).eps)  # probabilities are clipped to [LEAST, 1 - LEAST], as in scikit-learn


class NegativeLogLikelihood(Mean):
    """-log of the true class's probability."""

    def each(self, y: HostArray, prediction: HostArray) -> Floats:
        likelihood = prediction[np.arange(len(y)), y]
        losses: Floats = -np.log(np.clip(likelihood, LEAST, 1 - LEAST))
        return losses


class InTopFive(Mean):
    """1 where fewer than five classes rank above the true one, else 0; of equal predictions the last class
    ranks first.
    """

    def each(self, y: HostArray, prediction: HostArray) -> Floats:
        true = prediction[np.arange(len(y)), y][:, None]
        later = np.arange(prediction.shape[1]) > y[:, None]
        before = (prediction > true) | ((prediction == true) & later)
        hits: Floats = (before.sum(axis=1) < TOP).astype(np.float64)
        return hits


class ReliabilityStatistic(Statistic):
    """`bins` (BINS, 3): weight, weighted top probability and weight of right rows, by top probability."""

    edges = np.linspace(0, 1, BINS + 1)[1:-1]

    def __init__(self, outcomes: int, threshold: float | None = None) -> None:
        super().__init__(outcomes, threshold)
        self.bins = np.zeros((BINS, 3))

    def add(self, y: HostArray, prediction: HostArray, weight: HostArray) -> None:
        top, right = prediction.max(axis=-1), prediction.argmax(axis=-1) == y
        rows = np.stack([weight, weight * top, weight * right], axis=-1)
        np.add.at(self.bins, np.searchsorted(self.edges, top), rows)  # a bin includes its upper edge


@metrics.register("log_loss", source="Good 1952")
class LogLoss(Metric[NegativeLogLikelihood]):
    """The mean of -log p of the true class; p is clipped to at least 2.2e-16.

    Judges the probabilities themselves, where accuracy only judges which is largest: confident mistakes cost
    most. Unlike the loss it is taken without label smoothing. As sklearn.metrics.log_loss.
    """

    fits = ALL
    statistic = NegativeLogLikelihood
    needs_probabilities = True

    @staticmethod
    def value(statistic: NegativeLogLikelihood) -> float:
        return float(statistic.mean)


@metrics.register("top_5_accuracy", source="Russakovsky et al. 2015")
class TopFiveAccuracy(Metric[InTopFive]):
    """The share of rows whose class is among the five with the largest predictions; from 10 classes on.

    For many or similar classes, where the first guess alone says too little. As
    sklearn.metrics.top_k_accuracy_score with k = 5.
    """

    goal = "maximize"
    fits = ("classes",)
    statistic = InTopFive
    fewest_classes = 10

    @staticmethod
    def value(statistic: InTopFive) -> float:
        return float(statistic.mean)


@metrics.register("calibration_error", source="Naeini 2015; 15 bins: Guo 2017")
class CalibrationError(Metric[ReliabilityStatistic]):
    """Expected calibration error: how far the top probability is from the share that is right.

    Rows go into 15 bins of equal width by their top probability; the error is the mean over bins, weighted by
    their rows, of |mean top probability - share that is right|. 0 means that of the rows predicted with 0.8,
    80% are right.
    """

    fits = ALL
    statistic = ReliabilityStatistic
    needs_probabilities = True

    @staticmethod
    def value(statistic: ReliabilityStatistic) -> float:
        weight, top, right = statistic.bins.T
        return float(np.abs(top - right).sum() / weight.sum())
