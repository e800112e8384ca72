"""Metrics of the predicted class, by the largest prediction or a threshold: figures of confusion matrices."""

import numpy as np

from nettrain.backend.base import Array, ArrayModule, Floats, HostArray
from nettrain.catalogue.metrics.base import Metric, Statistic, metrics

ALL = ("classes", "two classes", "labels")
TWO = ("two classes", "labels")


class Confusion(Statistic):
    """`matrix` (K, K): the weight of the rows of each true class (down) and predicted class (across)."""

    def __init__(self, outcomes: int, threshold: float | None = None) -> None:
        super().__init__(outcomes, threshold)
        self.matrix = np.zeros((outcomes, outcomes))

    def add(self, y: HostArray, prediction: HostArray, weight: HostArray) -> None:
        predicted = prediction.argmax(axis=-1)
        if self.threshold is not None:
            predicted = (prediction[:, 1] >= self.threshold).astype(np.int64)
        np.add.at(self.matrix, (y, predicted), weight)


def precisions(matrix: Floats) -> Floats:
    """Of the rows predicted as each class, the share that belongs to it (K,); 0 where none is."""
    return _shares(matrix, matrix.sum(axis=0))


def recalls(matrix: Floats) -> Floats:
    """Of the rows of each class, the share that is predicted as it (K,); 0 where there is none."""
    return _shares(matrix, matrix.sum(axis=1))


def f1_scores(matrix: Floats) -> Floats:
    """2·right / (true + predicted) of each class (K,): the harmonic mean of precision and recall."""
    return 2 * _shares(matrix, matrix.sum(axis=0) + matrix.sum(axis=1))


def _shares(matrix: Floats, of: Floats) -> Floats:
    right = np.diagonal(matrix)
    return np.divide(right, of, out=np.zeros_like(right), where=of > 0)


@metrics.register("accuracy", source="Sokolova & Lapalme 2009")
class Accuracy(Metric[Confusion]):
    """The share of rows whose class is predicted; of labels, the mean of their shares.

    Easy to read, but misleading where one class has most of the rows: see balanced_accuracy.
    """

    goal = "maximize"
    fits = ALL
    statistic = Confusion
    quick = True
    headline = True

    @staticmethod
    def value(statistic: Confusion) -> float:
        return float(np.trace(statistic.matrix) / statistic.matrix.sum())

    @staticmethod
    def rows(xp: ArrayModule, output: Array, target: Array, scale: Array) -> Array:
        """One output of a 0/1 target predicts 1 when it is above 0; a row that is not finite has NaN."""
        if target.ndim == output.ndim:
            right = ((output > 0) == (target > 0.5)).mean(axis=-1)
        else:
            right = output.argmax(axis=-1) == target
        return xp.where(xp.isfinite(output).all(axis=-1), right, np.nan)


@metrics.register("balanced_accuracy", source="Brodersen 2010")
class BalancedAccuracy(Metric[Confusion]):
    """The mean recall over the classes that occur, so that each class counts the same.

    For classes of unequal size: always predicting the largest scores 1/K, as guessing does. As
    sklearn.metrics.balanced_accuracy_score.
    """

    goal = "maximize"
    fits = ALL
    statistic = Confusion
    headline = True
    similar_to = "accuracy"

    @staticmethod
    def value(statistic: Confusion) -> float:
        there = statistic.matrix.sum(axis=1) > 0
        return float(recalls(statistic.matrix)[there].mean())


@metrics.register("macro_f1", source="Yang & Liu 1999")
class MacroF1(Metric[Confusion]):
    """The mean F1 score over the classes that occur or are predicted.

    Counts rare classes as much as common ones, and punishes both missing them and predicting them too often.
    As sklearn.metrics.f1_score with average="macro".
    """

    goal = "maximize"
    fits = ("classes", "two classes")
    statistic = Confusion

    @staticmethod
    def value(statistic: Confusion) -> float:
        seen = statistic.matrix.sum(axis=0) + statistic.matrix.sum(axis=1) > 0
        return float(f1_scores(statistic.matrix)[seen].mean())


class Positive(Metric[Confusion]):
    """A share of the second of two classes."""

    goal = "maximize"
    fits = TWO
    statistic = Confusion


@metrics.register("precision", source="Kent et al. 1955")
class Precision(Positive):
    """Of the rows predicted as positive, the share that is positive; 0 when none is predicted.

    For when false alarms are costly. Positive is the second class, or a label's 1.
    """

    @staticmethod
    def value(statistic: Confusion) -> float:
        return float(precisions(statistic.matrix)[1])


@metrics.register("recall", source="Kent et al. 1955")
class Recall(Positive):
    """Of the positive rows, the share that is predicted as positive; 0 when there is none.

    For when misses are costly; alone it is best for a model that always says yes.
    """

    @staticmethod
    def value(statistic: Confusion) -> float:
        return float(recalls(statistic.matrix)[1])


@metrics.register("f1", source="van Rijsbergen 1979")
class F1(Positive):
    """The harmonic mean of precision and recall of the positive class; 0 when nothing is right.

    Ignores rows that are rightly negative, so it suits rare positives.
    """

    headline = True

    @staticmethod
    def value(statistic: Confusion) -> float:
        return float(f1_scores(statistic.matrix)[1])
