"""Metrics of the predicted class, by the largest prediction or a threshold: figures of confusion matrices."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Array, ArrayModule, Floats, HostArray
from nettrain.catalogue.metrics.base import Metric, Statistic, metrics

MOST_IN_MATRIX = 1000  # classes: a matrix of more is hardly read, and takes 8 MB and its square
FEW_ADDED = 1 << 16  # rows whose pairs are joined at once, or more
Indices = npt.NDArray[np.int64]
ALL = ("classes", "two classes", "labels")
TWO = ("two classes", "labels")


@dataclass(frozen=True)
class ClassTotals:
    """The weight of the rows of each class (K,): rightly predicted, of the class, called so; and of all."""

    right: Floats
    true: Floats
    predicted: Floats
    total: float


@dataclass(frozen=True)
class ConfusedRows:
    """The weight (P,) of the rows of a true class (P,) that are predicted as another class (P,)."""

    true: Indices
    predicted: Indices
    weight: Floats


class Confusion(Statistic):
    """`matrix` (K, K): the weight of the rows of each true class (down) and predicted class (across).

    Of more than MOST_IN_MATRIX classes there is none, but the weight of each pair that occurs.
    """

    def __init__(self, outcomes: int, threshold: float | None = None) -> None:
        super().__init__(outcomes, threshold)
        self.matrix = np.zeros((outcomes, outcomes)) if outcomes <= MOST_IN_MATRIX else None
        self._pairs = np.zeros(0, dtype=np.int64)  # true·K + predicted, each once
        self._weights: HostArray = np.zeros(0)
        self._added: list[tuple[HostArray, HostArray]] = []
        self._count = 0  # of the rows added since

    def add(self, y: HostArray, prediction: HostArray, weight: HostArray) -> None:
        predicted = prediction.argmax(axis=-1)
        if self.threshold is not None:
            predicted = (prediction[:, 1] >= self.threshold).astype(np.int64)
        if self.matrix is not None:
            np.add.at(self.matrix, (y, predicted), weight)
            return
        self._added.append((y.astype(np.int64) * self.outcomes + predicted, weight))
        self._count += len(y)
        if self._count > max(FEW_ADDED, len(self._pairs)):
            self._join()

    def totals(self) -> ClassTotals:
        """The sums over rows and columns, and the diagonal."""
        if self.matrix is not None:
            right, true, predicted = (
                np.diagonal(self.matrix),
                self.matrix.sum(axis=1),
                self.matrix.sum(axis=0),
            )
            return ClassTotals(right, true, predicted, float(self.matrix.sum()))
        self._join()
        true, predicted = np.divmod(self._pairs, self.outcomes)
        right, weight = true == predicted, self._weights

        def summed(classes: HostArray, weights: HostArray) -> Floats:
            sums: Floats = np.bincount(classes, weights, self.outcomes).astype(np.float64)
            return sums

        return ClassTotals(
            summed(true[right], weight[right]),
            summed(true, weight),
            summed(predicted, weight),
            float(weight.sum()),
        )

    def confused(self) -> ConfusedRows:
        """What is off the diagonal, by true and then by predicted class."""
        if self.matrix is not None:
            true, predicted = np.nonzero(self.matrix > 0)
            weight = self.matrix[true, predicted]
        else:
            self._join()
            (true, predicted), weight = np.divmod(self._pairs, self.outcomes), self._weights
        wrong = (true != predicted) & (weight > 0)
        return ConfusedRows(true[wrong], predicted[wrong], weight[wrong])

    def _join(self) -> None:
        """Sum the weights of equal pairs."""
        pairs, weights = zip((self._pairs, self._weights), *self._added, strict=True)
        self._pairs, place = np.unique(np.concatenate(pairs), return_inverse=True)
        self._weights = np.bincount(place, np.concatenate(weights))
        self._added, self._count = [], 0


def precisions(totals: ClassTotals) -> Floats:
    """Of the rows predicted as each class, the share that belongs to it (K,); 0 where none is."""
    return _shares(totals.right, totals.predicted)


def recalls(totals: ClassTotals) -> Floats:
    """Of the rows of each class, the share that is predicted as it (K,); 0 where there is none."""
    return _shares(totals.right, totals.true)


def f1_scores(totals: ClassTotals) -> Floats:
    """2·right / (true + predicted) of each class (K,): the harmonic mean of precision and recall."""
    return 2 * _shares(totals.right, totals.predicted + totals.true)


def _shares(right: Floats, of: Floats) -> Floats:
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
        totals = statistic.totals()
        return float(totals.right.sum() / totals.total)

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
        totals = statistic.totals()
        return float(recalls(totals)[totals.true > 0].mean())


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
        totals = statistic.totals()
        return float(f1_scores(totals)[totals.predicted + totals.true > 0].mean())


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
        return float(precisions(statistic.totals())[1])


@metrics.register("recall", source="Kent et al. 1955")
class Recall(Positive):
    """Of the positive rows, the share that is predicted as positive; 0 when there is none.

    For when misses are costly; alone it is best for a model that always says yes.
    """

    @staticmethod
    def value(statistic: Confusion) -> float:
        return float(recalls(statistic.totals())[1])


@metrics.register("f1", source="van Rijsbergen 1979")
class F1(Positive):
    """The harmonic mean of precision and recall of the positive class; 0 when nothing is right.

    Ignores rows that are rightly negative, so it suits rare positives.
    """

    headline = True

    @staticmethod
    def value(statistic: Confusion) -> float:
        return float(f1_scores(statistic.totals())[1])
