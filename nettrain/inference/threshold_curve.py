"""What any threshold on the positive class's prediction would do: ROC and precision-recall curves."""

from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.metrics.ranking import RankingStatistic

MAX_POINTS = 500


@dataclass(frozen=True, eq=False)
class ThresholdCurve:
    """For falling thresholds (S,): the share of positives found, of negatives called positive, and precision.

    `positives` is the share of positive rows, the precision of guessing.
    """

    thresholds: Floats
    recall: Floats
    false_positives: Floats
    precision: Floats
    positives: float

    def at(self, threshold: float) -> "ThresholdPoint":
        """What happens when predictions from `threshold` on are called positive."""
        index = int((self.thresholds >= threshold).sum()) - 1
        if index < 0:
            return ThresholdPoint(threshold, 0.0, 0.0, None)
        recall, false, precision = self.recall[index], self.false_positives[index], self.precision[index]
        return ThresholdPoint(threshold, float(recall), float(false), float(precision))


@dataclass(frozen=True)
class ThresholdPoint:
    """One threshold; `precision` is None where nothing is called positive."""

    threshold: float
    recall: float
    false_positives: float
    precision: float | None

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall, 0 where nothing is found."""
        total = (self.precision or 0.0) + self.recall
        return 2 * (self.precision or 0.0) * self.recall / total if total else 0.0


def threshold_curve(ranking: RankingStatistic) -> ThresholdCurve | None:
    """Both curves, every threshold at which they change; None unless there are rows of both classes.

    Source: Fawcett 2006.
    """
    thresholds, right, wrong = ranking.steps()
    if right[-1] == 0 or wrong[-1] == 0:
        return None
    return ThresholdCurve(
        thresholds,
        right / right[-1],
        wrong / wrong[-1],
        right / (right + wrong),
        float(right[-1] / (right[-1] + wrong[-1])),
    )


def thinned(curve: ThresholdCurve, most: int = MAX_POINTS) -> ThresholdCurve:
    """The curve with at most so many points, which lie evenly along the order of the rows."""
    if len(curve.thresholds) <= most:
        return curve
    keep = np.unique(np.linspace(0, len(curve.thresholds) - 1, most).round().astype(np.intp))
    return ThresholdCurve(
        curve.thresholds[keep],
        curve.recall[keep],
        curve.false_positives[keep],
        curve.precision[keep],
        curve.positives,
    )
