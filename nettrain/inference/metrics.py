"""The metrics of predictions on the host, accumulated over chunks of rows.

Predictions are as in `inference.outputs`: of one network, of the mean of several, of rows with a shuffled
column.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.metrics import Statistic, Task, metrics, metrics_for
from nettrain.catalogue.metrics.classes import ClassTotals, Confusion, f1_scores, precisions, recalls
from nettrain.catalogue.metrics.ranking import BestF1, RankingStatistic, best_f1
from nettrain.inference.outputs import with_negative_class

S = TypeVar("S", bound=Statistic)
Statistics = dict[type[Statistic], Statistic]  # of one target


@dataclass(frozen=True)
class ClassMetrics:
    """Precision, recall and F1 of one class; `rows` is the weight of the rows that belong to it."""

    name: str
    precision: float
    recall: float
    f1: float
    rows: float


@dataclass(frozen=True)
class ComputedMetrics:
    """The metrics of one network's predictions for some rows.

    `scalars` are the metrics of the task, NaN where these rows do not define one; `targets` has the same for
    each target. `confusions` count pairs of true and predicted classes, `rankings` have the predictions of
    the positive of two classes; both by target.
    """

    rows: int
    scalars: dict[str, float]
    targets: dict[str, dict[str, float]]
    confusions: dict[str, Confusion] = field(default_factory=dict, repr=False)
    rankings: dict[str, RankingStatistic] = field(default_factory=dict, repr=False)

    @property
    def confusion(self) -> dict[str, Floats]:
        """The matrices (K, K) by target: true classes down, predicted ones across; none of very many."""
        return {name: one.matrix for name, one in self.confusions.items() if one.matrix is not None}

    def classes(self, task: Task) -> dict[str, list[ClassMetrics]]:
        """Precision, recall and F1 of every class, for each target that has a confusion matrix."""
        names = ("0", "1") if task.targets == "labels" else task.classes
        return {target: class_metrics(one.totals(), names) for target, one in self.confusions.items()}

    def best_f1(self) -> dict[str, float]:
        """The largest F1 of any threshold, and that threshold, by name; {} unless there is one target."""
        best = self.best_f1_by_target() if len(self.targets) == 1 else {}
        return {
            name: value
            for one in best.values()
            for name, value in (("best_f1_threshold", one.threshold), ("best_f1", one.f1))
        }

    def best_f1_by_target(self) -> dict[str, BestF1]:
        """The threshold with the largest F1, for each target of two classes that has positives."""
        best = {target: best_f1(ranking) for target, ranking in self.rankings.items()}
        return {target: one for target, one in best.items() if one is not None}


def class_metrics(totals: ClassTotals, names: Sequence[str]) -> list[ClassMetrics]:
    """The metrics of each class."""
    columns = (precisions(totals), recalls(totals), f1_scores(totals), totals.true)
    rows = zip(names, *(column.tolist() for column in columns), strict=True)
    return [ClassMetrics(*row) for row in rows]


class MetricAccumulator:
    """Accumulates chunks of rows and computes the metrics `names`, by default all of the task."""

    def __init__(self, task: Task, names: Iterable[str] | None = None) -> None:
        self._task = task
        chosen = metrics_for(task) if names is None else names
        self._metrics = {name: metrics[name] for name in chosen}
        kinds = dict.fromkeys(metric.statistic for metric in self._metrics.values())
        self._statistics: dict[str, Statistics] = {
            target: {kind: kind(task.outcomes, threshold) for kind in kinds}
            for target, threshold in zip(task.names, task.threshold_of_each, strict=True)
        }
        self._rows, self._finite = 0, True

    def add(self, y: HostArray, predictions: HostArray, weight: HostArray) -> None:
        """Add some rows: y (B,) or (B, T) in own units, predictions (B, K), weight (B,)."""
        self._rows += len(y)
        self._finite = self._finite and bool(np.isfinite(predictions).all())
        if not self._finite:
            return
        weight = weight.astype(np.float64)
        for target, columns in self._by_target(y, predictions):
            for statistic in self._statistics[target].values():
                statistic.add(*columns, weight)

    def _by_target(
        self, y: HostArray, predictions: HostArray
    ) -> Iterator[tuple[str, tuple[HostArray, HostArray]]]:
        """True values and predictions of each target, in the form of a statistic."""
        names = self._task.names
        if self._task.outcomes and self._task.targets != "labels":
            yield names[0], (y, predictions)
            return
        for k, name in enumerate(names):
            if self._task.targets == "labels":
                both = with_negative_class(predictions[:, k : k + 1], self._task)
                yield name, (y[:, k].astype(np.int64), both)
            else:
                yield name, (y[:, k], predictions[:, k])

    def finish(self) -> ComputedMetrics:
        """The metrics of all rows so far; all are NaN if a prediction is not finite."""
        targets = {target: self._values(statistics) for target, statistics in self._statistics.items()}
        scalars = {name: mean_of_defined([one[name] for one in targets.values()]) for name in self._metrics}
        confusions, rankings = self._of_kind(Confusion), self._of_kind(RankingStatistic)
        return ComputedMetrics(self._rows, scalars, targets, confusions, rankings)

    def _values(self, statistics: Statistics) -> dict[str, float]:
        return {
            name: metric.value(statistics[metric.statistic]) if self._finite else float("nan")
            for name, metric in self._metrics.items()
        }

    def _of_kind(self, kind: type[S]) -> dict[str, S]:
        """The statistic of this kind by target, where the metrics need one."""
        if not self._finite:
            return {}
        chosen = {target: statistics.get(kind) for target, statistics in self._statistics.items()}
        return {target: statistic for target, statistic in chosen.items() if isinstance(statistic, kind)}


def mean_of_defined(values: Sequence[float]) -> float:
    """The mean of the values that are not NaN; NaN when all are."""
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")


def compute_metrics(
    chunks: Iterable[tuple[slice, HostArray]],
    y: HostArray,
    weight: HostArray,
    task: Task,
    names: Iterable[str] | None = None,
) -> ComputedMetrics:
    """The metrics of predictions (B, K) that come in chunks of rows.

    y (N,) or (N, T) is in the targets' own units, weight is (N,). All metrics of the task by default.
    """
    accumulator = MetricAccumulator(task, names)
    for rows, predictions in chunks:
        accumulator.add(y[rows], predictions, weight[rows])
    return accumulator.finish()
