"""What a run does with predictions of its networks: it calibrates probabilities, and decides by thresholds.

Both are fitted on validation rows when training ends, thresholds on calibrated predictions. Every network has
a rule of its own, for when it predicts alone, and the mean of several networks has one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.calibrations import Calibration, Calibrator
from nettrain.catalogue.metrics import Task
from nettrain.catalogue.metrics.ranking import RankingStatistic, best_f1, best_youden
from nettrain.inference.outputs import with_negative_class

ThresholdRule = Literal["none", "f1", "youden"] | float


@dataclass(frozen=True)
class PredictionRule:
    """What is done with the predictions of one network, or with the mean of several.

    There is a calibrator for the classes together, or one for each label or number, and a threshold for two
    classes or for each label; none where nothing is to be done.
    """

    calibrators: tuple[Calibrator, ...] = ()
    thresholds: tuple[float, ...] = ()

    def calibrated(self, task: Task, predictions: Floats) -> Floats:
        """Predictions (N, K) after calibration."""
        if not self.calibrators or task.targets == "numbers":
            return predictions
        if task.targets != "labels":
            return self.calibrators[0].calibrated(predictions)
        pairs = zip(self.calibrators, _labels(task, predictions), strict=True)
        return np.stack([one.calibrated(both)[:, 1] for one, both in pairs], axis=-1)

    def task(self, task: Task) -> Task:
        """The task whose decisions are made by these thresholds."""
        return replace(task, thresholds=self.thresholds)


@dataclass(frozen=True)
class Postprocessing:
    """The rules of a run: of each of its `networks` and, where several predict their mean, of all `together`.

    `calibration` and `threshold` are the settings, `rows` how many validation rows they were fitted on.
    """

    calibration: str
    threshold: ThresholdRule
    rows: int
    networks: tuple[PredictionRule, ...]
    together: PredictionRule | None = None

    @property
    def rule(self) -> PredictionRule:
        """The rule of what the networks predict together, or of the first one."""
        return self.networks[0] if self.together is None else self.together

    def select(self, rows: Sequence[int]) -> "Postprocessing":
        """The rules of some of the networks; a single one predicts alone."""
        together = self.together if len(rows) > 1 else None
        networks = tuple(self.networks[row] for row in rows)
        return Postprocessing(self.calibration, self.threshold, self.rows, networks, together)

    def deciding_by(self, thresholds: tuple[float, ...]) -> "Postprocessing":
        """The rules with other thresholds in place of theirs, where they have any."""

        def changed(rule: PredictionRule) -> PredictionRule:
            return replace(rule, thresholds=thresholds) if rule.thresholds else rule

        together = None if self.together is None else changed(self.together)
        return replace(self, networks=tuple(map(changed, self.networks)), together=together)


@dataclass(frozen=True, eq=False)
class ValidationRows:
    """The true values y (N,) or (N, L) of validation rows, and their weights (N,)."""

    y: HostArray
    weight: HostArray

    def by_target(self, task: Task, predictions: Floats) -> Iterator[tuple[Floats, HostArray]]:
        """Predictions (N, K) and true classes (N,) of the classes together, or of each label.

        Of each target of numbers its predictions (N,) and true values.
        """
        if task.targets == "numbers":
            yield from zip(predictions.T, self.y.T, strict=True)
            return
        if task.targets != "labels":
            yield predictions, self.y
            return
        for both, y in zip(_labels(task, predictions), self.y.T, strict=True):
            yield both, y.astype(np.int64)


def fit_rule(
    calibration: Calibration, threshold: ThresholdRule, task: Task, predictions: Floats, rows: ValidationRows
) -> PredictionRule:
    """The rule that suits these predictions (N, K) of validation rows.

    A threshold that these rows do not define is the usual one. Predictions that are not finite have no rule.
    """
    if not np.isfinite(predictions).all():
        return PredictionRule()
    weight = rows.weight.astype(np.float64)
    calibrators: tuple[Calibrator, ...] = ()
    if calibration.name != "none":
        targets = rows.by_target(task, predictions)
        calibrators = tuple(calibration.fit(values, y, weight) for values, y in targets)
    corrected = PredictionRule(calibrators).calibrated(task, predictions)
    return PredictionRule(calibrators, tuple(_thresholds(threshold, task, corrected, rows)))


def _thresholds(
    threshold: ThresholdRule, task: Task, predictions: Floats, rows: ValidationRows
) -> Iterator[float]:
    if threshold == "none":
        return
    for values, y in rows.by_target(task, predictions):
        if not isinstance(threshold, str):
            yield float(threshold)
            continue
        ranking = RankingStatistic(2)
        ranking.add(y, values, rows.weight.astype(np.float64))
        best = BEST[threshold](ranking)
        yield task.limit if best is None else best


def joint_task(tasks: Sequence[Task]) -> Task:
    """The task of networks that predict together, each by a rule of its own: thresholds are the means."""
    thresholds = np.mean([task.thresholds for task in tasks], axis=0)
    return replace(tasks[0], thresholds=tuple(thresholds.tolist()))


def _of_f1(ranking: RankingStatistic) -> float | None:
    best = best_f1(ranking)
    return None if best is None else best.threshold


BEST: dict[str, Callable[[RankingStatistic], float | None]] = {"f1": _of_f1, "youden": best_youden}


def _labels(task: Task, predictions: Floats) -> Iterator[Floats]:
    """Predictions (N, 2) of 0 and 1 for each label, from those of 1 (N, L)."""
    for k in range(predictions.shape[1]):
        yield with_negative_class(predictions[:, k : k + 1], task)
