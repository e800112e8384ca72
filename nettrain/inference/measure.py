"""Every metric of responses on the host: of a network, of the mean of several, of shuffled columns.

A response is what a person gets: probabilities (N, K), of two classes both, or scores where the loss has no
probabilities; a label's probability (N, L); numbers in their own units (N, T).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.metrics import Metric, Statistic, Task, metrics, metrics_for
from nettrain.catalogue.metrics.classes import Confusion, f1_scores, precisions, recalls
from nettrain.catalogue.metrics.ranking import RankingStatistic, Threshold, best_threshold

Chunks = Iterable[tuple[slice, HostArray]]


@dataclass(frozen=True)
class PerClass:
    """One class among the predictions; `rows` is the weight of its rows."""

    name: str
    precision: float
    recall: float
    f1: float
    rows: float


@dataclass(frozen=True)
class Measured:
    """What the rows of one part tell of one network.

    `scalars` are the task's metrics, NaN where these rows do not define one; `targets` the same for each of
    several targets. `confusion` (K, K) has true classes down and predicted ones across, by target; so have
    `classes` their figures and `rankings` the responses of the positive of two classes.
    """

    rows: int
    scalars: dict[str, float]
    targets: dict[str, dict[str, float]]
    confusion: dict[str, Floats] = field(default_factory=dict)
    rankings: dict[str, RankingStatistic] = field(default_factory=dict, repr=False)

    def classes(self, task: Task) -> dict[str, list[PerClass]]:
        """Precision, recall and F1 of every class, for each target that has a confusion matrix."""
        names = ("0", "1") if task.targets == "labels" else task.classes
        return {target: per_class(matrix, names) for target, matrix in self.confusion.items()}

    def threshold(self) -> dict[str, float]:
        """`threshold` and `threshold_f1` of the threshold with the best F1, where there are two classes."""
        found = self.thresholds() if len(self.targets) == 1 else {}
        return {name: value for best in found.values() for name, value in _named(best)}

    def thresholds(self) -> dict[str, Threshold]:
        """The threshold with the best F1, for each target of two classes that has positives."""
        found = {name: best_threshold(ranking) for name, ranking in self.rankings.items()}
        return {name: threshold for name, threshold in found.items() if threshold is not None}


def _named(best: Threshold) -> list[tuple[str, float]]:
    return [("threshold", best.value), ("threshold_f1", best.f1)]


def per_class(matrix: Floats, names: Sequence[str]) -> list[PerClass]:
    """The figures of each class of a confusion matrix (K, K)."""
    columns = (precisions(matrix), recalls(matrix), f1_scores(matrix), matrix.sum(axis=1))
    rows = zip(names, *(column.tolist() for column in columns), strict=True)
    return [PerClass(*row) for row in rows]


def apply_output(loss: Any, task: Task, output: HostArray) -> Floats:
    """Responses of raw outputs (N, K) of a network that was trained with this loss."""
    response: Floats = loss.predictions(np, output.astype(np.float64))
    if task.targets == "numbers":
        return task.unscale(response)
    if task.targets == "two classes" and response.shape[-1] == 1:
        return both(response, task)
    if task.targets == "classes":
        return loss.class_probabilities(response)  # type: ignore[no-any-return]
    return response


def mean_prediction(loss: Any, task: Task, outputs: HostArray) -> Floats:
    """The mean of the responses of several networks' raw outputs (R, N, K): what an ensemble answers."""
    responses = [apply_output(loss, task, output) for output in outputs]
    mean: Floats = np.mean(responses, axis=0)
    return mean


def both(response: Floats, task: Task) -> Floats:
    """Responses (N, 2) of the negative and the positive class, from the positive one's (N, 1)."""
    return np.concatenate([1 - response if task.probabilities else -response, response], axis=-1)


class Measurement:
    """Takes in chunks of rows and gives the metrics `names`, all of the task's when None."""

    def __init__(self, task: Task, names: Iterable[str] | None = None) -> None:
        self.task = task
        chosen = metrics_for(task) if names is None else names
        self.metrics: dict[str, type[Metric[Any]]] = {name: metrics[name] for name in chosen}
        kinds = dict.fromkeys(metric.statistic for metric in self.metrics.values())
        self.statistics = {name: {kind: kind(task.outcomes) for kind in kinds} for name in task.names}
        self.rows, self.sound = 0, True

    def add(self, y: HostArray, response: HostArray, weight: HostArray) -> None:
        """Some rows: y (B,) or (B, T) in their own units, response (B, K), weight (B,)."""
        self.rows += len(y)
        self.sound = self.sound and bool(np.isfinite(response).all())
        if not self.sound:
            return
        weight = weight.astype(np.float64)
        for name, part in self._by_target(y, response):
            for statistic in self.statistics[name].values():
                statistic.add(*part, weight)

    def _by_target(
        self, y: HostArray, response: HostArray
    ) -> Iterable[tuple[str, tuple[HostArray, HostArray]]]:
        """Targets and responses of each target, as a statistic takes them."""
        if self.task.outcomes and self.task.targets != "labels":
            yield self.task.names[0], (y, response)
            return
        for k, name in enumerate(self.task.names):
            if self.task.targets == "labels":
                yield name, (y[:, k].astype(np.int64), both(response[:, k : k + 1], self.task))
            else:
                yield name, (y[:, k], response[:, k])

    def finish(self) -> Measured:
        """The metrics of all rows so far; NaN all of them where a response is not a number."""
        targets = {name: self._values(found) for name, found in self.statistics.items()}
        scalars = {name: defined_mean([values[name] for values in targets.values()]) for name in self.metrics}
        return Measured(
            self.rows,
            scalars,
            targets,
            self._found(Confusion, lambda s: s.matrix),
            self._found(RankingStatistic, lambda s: s),
        )

    def _values(self, found: dict[type[Statistic], Statistic]) -> dict[str, float]:
        return {
            name: metric.value(found[metric.statistic]) if self.sound else float("nan")
            for name, metric in self.metrics.items()
        }

    def _found(self, kind: type[Statistic], take: Callable[[Any], Any]) -> dict[str, Any]:
        """What is taken from each target's statistic of this kind."""
        if not self.sound:
            return {}
        return {name: take(found[kind]) for name, found in self.statistics.items() if kind in found}


def defined_mean(values: Sequence[float]) -> float:
    """The mean of those that are defined, NaN when none is."""
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")


def measure(
    chunks: Chunks, y: HostArray, weight: HostArray, task: Task, names: Iterable[str] | None = None
) -> Measured:
    """The metrics of responses that come in chunks of rows.

    y (N,) or (N, T) in the target's own units, weight (N,), responses (B, K).
    """
    measurement = Measurement(task, names)
    for rows, response in chunks:
        measurement.add(y[rows], response, weight[rows])
    return measurement.finish()
