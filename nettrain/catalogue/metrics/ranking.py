"""Metrics of how the positive of two classes is ranked, whatever the threshold."""

from typing import NamedTuple

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.metrics.classes import TWO
from nettrain.catalogue.metrics.entry import Metric, Statistic, metrics


class RankingStatistic(Statistic):
    """The positive class's response of every row; rows without weight are left out."""

    def __init__(self, outcomes: int) -> None:
        super().__init__(outcomes)
        self.parts: list[Floats] = []

    def add(self, y: HostArray, response: HostArray, weight: HostArray) -> None:
        counts = weight > 0
        self.parts.append(np.stack([response[counts, 1], y[counts] == 1, weight[counts]]))

    def steps(self) -> tuple[Floats, Floats, Floats]:
        """Each different response, from the largest, and the weight of positives and negatives from it on."""
        score, positive, weight = np.concatenate(self.parts, axis=1)
        order = np.argsort(-score, kind="stable")
        score, positive, weight = score[order], positive[order], weight[order]
        last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
        right, wrong = np.cumsum(weight * positive), np.cumsum(weight * (1 - positive))
        return score[last], right[last], wrong[last]


class Threshold(NamedTuple):
    """A row is called positive when its response is at least `value`; then its F1 is `f1`."""

    value: float
    f1: float


def best_threshold(ranking: RankingStatistic) -> Threshold | None:
    """The response that gives the largest F1, the smallest of several; None without positives."""
    score, right, wrong = ranking.steps()
    if right[-1] == 0:
        return None
    f1 = 2 * right / (right + wrong + right[-1])
    best = len(f1) - 1 - int(np.argmax(f1[::-1]))
    return Threshold(float(score[best]), float(f1[best]))


def f1_at(ranking: RankingStatistic, threshold: float) -> float:
    """F1 of the positive class when responses from `threshold` on are called positive; 0 without any."""
    score, right, wrong = ranking.steps()
    at_least = int((score >= threshold).sum())
    if not at_least or right[-1] == 0:
        return 0.0
    return float(2 * right[at_least - 1] / (right[at_least - 1] + wrong[at_least - 1] + right[-1]))


@metrics.register("roc_auc", source="Fawcett 2006")
class RocAuc(Metric[RankingStatistic]):
    """The probability that a positive row ranks above a negative one, ties counting half."""

    goal = "maximize"
    fits = TWO
    of = RankingStatistic
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

    0 without positive rows. No trapezoids: between two points, precision is not linear in recall.
    """

    goal = "maximize"
    fits = TWO
    of = RankingStatistic

    @staticmethod
    def value(statistic: RankingStatistic) -> float:
        _, right, wrong = statistic.steps()
        if right[-1] == 0:
            return 0.0
        gained = np.diff(right, prepend=0) / right[-1]
        return float((gained * right / (right + wrong)).sum())
