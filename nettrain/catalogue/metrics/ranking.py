"""Metrics of the order in which the positive class's predictions put the rows, whatever the threshold."""

from typing import NamedTuple

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.metrics.base import Metric, Statistic, metrics
from nettrain.catalogue.metrics.classes import TWO


class RankingStatistic(Statistic):
    """The positive class's prediction of every row; rows without weight are left out."""

    def __init__(self, outcomes: int, threshold: float | None = None) -> None:
        super().__init__(outcomes, threshold)
        self.chunks: list[Floats] = []

    def add(self, y: HostArray, prediction: HostArray, weight: HostArray) -> None:
        counts = weight > 0
        self.chunks.append(np.stack([prediction[counts, 1], y[counts] == 1, weight[counts]]))

    def steps(self) -> tuple[Floats, Floats, Floats]:
        """Each distinct prediction, largest first, and the weight of positives and negatives that reach
        it.
        """
        score, positive, weight = np.concatenate(self.chunks, axis=1)
        order = np.argsort(-score, kind="stable")
        score, positive, weight = score[order], positive[order], weight[order]
        last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
        right, wrong = np.cumsum(weight * positive), np.cumsum(weight * (1 - positive))
        return score[last], right[last], wrong[last]


class BestF1(NamedTuple):
    """Of all thresholds, the one with the largest F1, and that F1."""

    threshold: float
    f1: float


def best_f1(ranking: RankingStatistic) -> BestF1 | None:
    """The threshold with the largest F1, of several the smallest; None without positive rows."""
    score, right, wrong = ranking.steps()
    if right[-1] == 0:
        return None
    f1 = 2 * right / (right + wrong + right[-1])
    return BestF1(_threshold(score, f1), float(f1.max()))


def best_youden(ranking: RankingStatistic) -> float | None:
    """The threshold with the largest recall - false-positive rate, of several the smallest.

    None unless there are rows of both classes. Source: Youden 1950.
    """
    score, right, wrong = ranking.steps()
    if right[-1] == 0 or wrong[-1] == 0:
        return None
    # without a division, so that equal ones are equal
    return _threshold(score, right * wrong[-1] - wrong * right[-1])


def _threshold(score: Floats, gain: Floats) -> float:
    """Halfway between the last row to be called positive and the next one, where the gain is largest."""
    best = len(gain) - 1 - int(np.argmax(gain[::-1]))
    last = float(score[best])
    if best + 1 == len(score):
        return last
    middle = (last + float(score[best + 1])) / 2
    return middle if middle > score[best + 1] else last


def f1_at(ranking: RankingStatistic, threshold: float) -> float:
    """F1 of the positive class when predictions from `threshold` on are called positive; 0 where none is."""
    score, right, wrong = ranking.steps()
    at_least = int((score >= threshold).sum())
    if not at_least or right[-1] == 0:
        return 0.0
    return float(2 * right[at_least - 1] / (right[at_least - 1] + wrong[at_least - 1] + right[-1]))


@metrics.register("roc_auc", source="Fawcett 2006")
class RocAuc(Metric[RankingStatistic]):
    """The probability that a positive row ranks above a negative one, ties counting half.

    Judges the order of the rows alone, whatever the threshold and however rare positives are: 0.5 is
    guessing. As sklearn.metrics.roc_auc_score.
    """

    goal = "maximize"
    fits = TWO
    statistic = RankingStatistic
    headline = True

    @staticmethod
    def value(statistic: RankingStatistic) -> float:
        _, right, wrong = statistic.steps()
        if right[-1] == 0 or wrong[-1] == 0:
            return float("nan")
        heights = right + np.append(0, right[:-1])
        area = (np.diff(wrong, prepend=0) * heights).sum() / 2
        return float(area / (right[-1] * wrong[-1]))

    @staticmethod
    def lacks(y: HostArray) -> str:
        return "" if (y == 1).any() and (y == 0).any() else "rows of both classes"


@metrics.register("pr_auc", source="average precision: Manning 2008, section 8.4")
class PrAuc(Metric[RankingStatistic]):
    """Average precision: Σ (recall_n - recall_{n-1})·precision_n over falling thresholds.

    Better than roc_auc where positives are rare: guessing scores their share. 0 without positive rows. No
    trapezoids, unlike the area under a drawn curve: between two points precision is not linear in recall. As
    sklearn.metrics.average_precision_score.
    """

    goal = "maximize"
    fits = TWO
    statistic = RankingStatistic

    @staticmethod
    def value(statistic: RankingStatistic) -> float:
        _, right, wrong = statistic.steps()
        if right[-1] == 0:
            return 0.0
        gained = np.diff(right, prepend=0) / right[-1]
        return float((gained * right / (right + wrong)).sum())
