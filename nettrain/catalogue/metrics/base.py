"""What a metric is: a number from a statistic that is gathered over chunks of rows, in float64.

Conventions, for one target and a chunk of B rows. Classes: y (B,) of whole numbers in [0, K) and prediction
(B, K) of probabilities, or of scores where the loss has no probabilities; two classes have K = 2, and so has
a label, whose classes are 0 and 1. Numbers: y (B,) and prediction (B,) in the unit of the target. weight (B,)
is scikit-learn's sample_weight.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Array, ArrayModule, Floats, HostArray
from nettrain.catalogue.registry import Registry, Variant

metrics: Registry["Metric[Any]"] = Registry("metric")

S = TypeVar("S", bound="Statistic")


@dataclass(frozen=True)
class Task:
    """What is predicted: `targets` is classes, two classes, labels or numbers, `names` are their columns.

    `probabilities` is False where predictions are scores, `boundary` is the raw output above which a single
    one predicts the second of two classes, or 1. Numbers are center + scale·(network's target). `thresholds`
    are the predictions from which on it is the second of two classes, or each label is 1; without them that
    is the more likely one, of equal ones the first.
    """

    targets: str
    names: tuple[str, ...]
    classes: tuple[str, ...] = ()
    probabilities: bool = True
    center: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    boundary: float = 0.0
    thresholds: tuple[float, ...] = ()

    @property
    def limit(self) -> float:
        """The prediction above which it is the second of two classes, or a label is 1."""
        return 0.5 if self.probabilities else self.boundary

    @property
    def positive(self) -> str:
        """The second of two classes, of labels 1; "" where there is none."""
        return self.classes[1] if len(self.classes) == 2 else "1" if self.targets == "labels" else ""

    @property
    def outcomes(self) -> int:
        """Classes of one target: K, of a label 2, of numbers 0."""
        return {"labels": 2, "numbers": 0}.get(self.targets, len(self.classes))

    @property
    def threshold_of_each(self) -> tuple[float | None, ...]:
        """The threshold of each target, None where the most likely one is predicted."""
        return self.thresholds or (None,) * len(self.names)

    def decisions(self, predictions: Floats) -> npt.NDArray[np.int64]:
        """The class (N,) of each row, or its labels (N, L), from predictions (N, K) that are not numbers."""
        of_labels = self.targets == "labels"
        if self.thresholds:
            positive = predictions if of_labels else predictions[:, 1:]
            reached = (positive >= np.array(self.thresholds)).astype(np.int64)
            return reached if of_labels else reached[:, 0]
        if of_labels:
            return (predictions > self.limit).astype(np.int64)
        likeliest: npt.NDArray[np.int64] = predictions.argmax(axis=-1)
        return likeliest

    def unscale(self, y: HostArray) -> Floats:
        """Numbers (..., T) in their own units."""
        scale, center = np.array(self.scale or (1.0,)), np.array(self.center or (0.0,))
        values: Floats = y.astype(np.float64) * scale + center
        return values


class Statistic:
    """What is gathered of one target over chunks of rows; `outcomes` is the number of classes K.

    With a `threshold`, rows whose prediction of the second of two classes reaches it are called so; otherwise
    rows are called what is most likely.
    """

    def __init__(self, outcomes: int, threshold: float | None = None) -> None:
        self.outcomes, self.threshold = outcomes, threshold

    def add(self, y: HostArray, prediction: HostArray, weight: HostArray) -> None:
        """Take in a chunk of rows."""
        raise NotImplementedError


class Mean(Statistic):
    """The weighted mean of a value of each row."""

    def __init__(self, outcomes: int, threshold: float | None = None) -> None:
        super().__init__(outcomes, threshold)
        self.total = self.mass = 0.0

    def add(self, y: HostArray, prediction: HostArray, weight: HostArray) -> None:
        self.total += float((weight * self.each(y, prediction)).sum())
        self.mass += float(weight.sum())

    def each(self, y: HostArray, prediction: HostArray) -> Floats:
        """The value of each row (B,)."""
        raise NotImplementedError

    @property
    def mean(self) -> float:
        """The mean of all rows so far."""
        return self.total / self.mass


class Metric(Variant, Generic[S]):
    """A figure of one target; of several targets it is the mean of theirs, without those left undefined.

    An entry is a `Metric[S]` of the statistic S that it is computed from, names S again as its `statistic`
    for use at run time, and says in `fits` which targets it is for and in `goal` which direction is better.
    A `quick` metric can be computed from raw outputs on the device too, in every epoch, by `rows` and
    `finish`.
    """

    goal: ClassVar[str] = "minimize"
    fits: ClassVar[tuple[str, ...]] = ()
    statistic: ClassVar[type[Statistic]] = Statistic
    needs_probabilities: ClassVar[bool] = False  # undefined for scores
    fewest_classes: ClassVar[int] = 0
    quick: ClassVar[bool] = False
    headline: ClassVar[bool] = False  # shown beside the loss when a run ends,
    similar_to: ClassVar[str] = ""  # unless it is nearly the same as this metric

    @staticmethod
    def value(statistic: S) -> float:
        """The metric of all rows that the statistic has taken in; NaN where they do not define it."""
        raise NotImplementedError

    @staticmethod
    def lacks(y: HostArray) -> str:
        """What rows with these targets (N,) lack to define the metric, "" when nothing."""
        return ""

    @staticmethod
    def rows(xp: ArrayModule, output: Array, target: Array, scale: Array) -> Array:
        """What is averaged over rows, (R, B) or (R, B, T), of raw outputs (R, B, K); scale (T,) is the unit.

        Targets are in the form that the loss reads; the single output of two classes, or that of a label, is
        above 0 where it predicts 1.
        """
        raise NotImplementedError

    @staticmethod
    def finish(xp: ArrayModule, mean: Array) -> Array:
        """The metric (R,) from the mean over rows, (R,) or (R, T)."""
        return mean

    @classmethod
    def suits(cls, task: Task) -> bool:
        """Whether it is a figure of this task."""
        enough = task.outcomes >= cls.fewest_classes
        return task.targets in cls.fits and enough and (task.probabilities or not cls.needs_probabilities)


def metrics_for(task: Task, *, quick: bool = False) -> list[str]:
    """The metrics of a task; the `quick` ones alone are those of every epoch."""
    return [name for name, metric in metrics.items() if metric.suits(task) and (metric.quick or not quick)]
