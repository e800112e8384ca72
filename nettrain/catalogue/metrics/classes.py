"""Metrics of decisions: what the confusion matrix tells. The class with the largest response is predicted."""

import numpy as np

from nettrain.backend.base import Array, ArrayModule, Floats, HostArray
from nettrain.catalogue.metrics.entry import Metric, Statistic, metrics

ALL = ("classes", "two classes", "labels")
TWO = ("two classes", "labels")


class Confusion(Statistic):
    """`matrix` (K, K): the weight of the rows of each true class (down) and predicted class (across)."""

    def __init__(self, outcomes: int) -> None:
        super().__init__(outcomes)
        self.matrix = np.zeros((outcomes, outcomes))

    def add(self, y: HostArray, response: HostArray, weight: HostArray) -> None:
        np.add.at(self.matrix, (y, response.argmax(axis=-1)), weight)


def precisions(matrix: Floats) -> Floats:
    """Of what is predicted as each class, the share that is it (K,); 0 where nothing is."""
    return _shares(matrix, matrix.sum(axis=0))


def recalls(matrix: Floats) -> Floats:
    """Of each class, the share that is predicted as it (K,); 0 where there is none."""
    return _shares(matrix, matrix.sum(axis=1))


def f1_scores(matrix: Floats) -> Floats:
    """2·right / (there + predicted) of each class (K,): the harmonic mean of precision and recall."""
    return 2 * _shares(matrix, matrix.sum(axis=0) + matrix.sum(axis=1))


def _shares(matrix: Floats, of: Floats) -> Floats:
    right = np.diagonal(matrix)
    return np.divide(right, of, out=np.zeros_like(right), where=of > 0)


@metrics.register("accuracy")
class Accuracy(Metric[Confusion]):
    """The share of rows whose class is predicted; of labels, the mean of their shares."""

    goal = "maximize"
    fits = ALL
    of = Confusion
    quick = True
    headline = True

    @staticmethod
    def value(statistic: Confusion) -> float:
        return float(np.trace(statistic.matrix) / statistic.matrix.sum())

    @staticmethod
    def rows(xp: ArrayModule, output: Array, target: Array, scale: Array) -> Array:
        """An output of one or several 0/1 targets says 1 when it is above 0."""
        if target.ndim == output.ndim:
            return ((output > 0) == (target > 0.5)).mean(axis=-1)
        return output.argmax(axis=-1) == target


@metrics.register("balanced_accuracy", source="Brodersen 2010")
class BalancedAccuracy(Metric[Confusion]):
    """The mean of the recalls of the classes that are there, so that each class counts the same."""

    goal = "maximize"
    fits = ALL
    of = Confusion
    headline = True
    same = "accuracy"

    @staticmethod
    def value(statistic: Confusion) -> float:
        there = statistic.matrix.sum(axis=1) > 0
        return float(recalls(statistic.matrix)[there].mean())


@metrics.register("macro_f1")
class MacroF1(Metric[Confusion]):
    """The mean of the F1 scores of the classes that are there or predicted."""

    goal = "maximize"
    fits = ("classes", "two classes")
    of = Confusion

    @staticmethod
    def value(statistic: Confusion) -> float:
        seen = statistic.matrix.sum(axis=0) + statistic.matrix.sum(axis=1) > 0
        return float(f1_scores(statistic.matrix)[seen].mean())


class Positive(Metric[Confusion]):
    """A share of the second of two classes."""

    goal = "maximize"
    fits = TWO
    of = Confusion


@metrics.register("precision")
class Precision(Positive):
    """Of what is predicted as positive, the share that is; 0 when nothing is."""

    @staticmethod
    def value(statistic: Confusion) -> float:
        return float(precisions(statistic.matrix)[1])


@metrics.register("recall")
class Recall(Positive):
    """Of what is positive, the share that is predicted so; 0 when nothing is."""

    @staticmethod
    def value(statistic: Confusion) -> float:
        return float(recalls(statistic.matrix)[1])


@metrics.register("f1", source="van Rijsbergen 1979")
class F1(Positive):
    """The harmonic mean of precision and recall of the positive class; 0 when nothing is right."""

    headline = True

    @staticmethod
    def value(statistic: Confusion) -> float:
        return float(f1_scores(statistic.matrix)[1])
