"""Metrics of probabilities, and of the order in which classes are thought likely."""

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.metrics.classes import ALL
from nettrain.catalogue.metrics.entry import Mean, Metric, Statistic, metrics

BINS = 15
TOP = 5
LEAST = float(np.finfo(np.float64).eps)  # probabilities below are taken for it, as scikit-learn does


class Surprise(Mean):
    """-log of the true class's probability."""

    def each(self, y: HostArray, response: HostArray) -> Floats:
        given = response[np.arange(len(y)), y]
        surprise: Floats = -np.log(np.clip(given, LEAST, 1 - LEAST))
        return surprise


class AmongTop(Mean):
    """1 where fewer than TOP classes go before the true one; of equal responses the last class goes first."""

    def each(self, y: HostArray, response: HostArray) -> Floats:
        own = response[np.arange(len(y)), y][:, None]
        later = np.arange(response.shape[1]) > y[:, None]
        before = (response > own) | ((response == own) & later)
        among: Floats = (before.sum(axis=1) < TOP).astype(np.float64)
        return among


class Calibration(Statistic):
    """`bins` (BINS, 3): weight, weighted top probability and weight of right rows, by top probability."""

    edges = np.linspace(0, 1, BINS + 1)[1:-1]

    def __init__(self, outcomes: int) -> None:
        super().__init__(outcomes)
        self.bins = np.zeros((BINS, 3))

    def add(self, y: HostArray, response: HostArray, weight: HostArray) -> None:
        top, right = response.max(axis=-1), response.argmax(axis=-1) == y
        rows = np.stack([weight, weight * top, weight * right], axis=-1)
        np.add.at(self.bins, np.searchsorted(self.edges, top), rows)  # a bin has its upper edge


@metrics.register("log_loss")
class LogLoss(Metric[Surprise]):
    """The mean of -log p of the true class, without smoothing; p from 2.2e-16 on."""

    fits = ALL
    of = Surprise
    chances = True

    @staticmethod
    def value(statistic: Surprise) -> float:
        return float(statistic.mean)


@metrics.register("top_5_accuracy")
class TopFiveAccuracy(Metric[AmongTop]):
    """The share of rows whose class is among the five with the largest responses; from 10 classes on."""

    goal = "maximize"
    fits = ("classes",)
    of = AmongTop
    fewest_classes = 10

    @staticmethod
    def value(statistic: AmongTop) -> float:
        return float(statistic.mean)


@metrics.register("calibration_error", source="Naeini 2015; 15 bins: Guo 2017")
class CalibrationError(Metric[Calibration]):
    """Expected calibration error: how far the top probability is from the share that is right.

    The rows go into 15 bins of equal width by their top probability; it is the mean over bins, weighted by
    their rows, of |mean top probability - share that is right|.
    """

    fits = ALL
    of = Calibration
    chances = True

    @staticmethod
    def value(statistic: Calibration) -> float:
        weight, top, right = statistic.bins.T
        return float(np.abs(top - right).sum() / weight.sum())
