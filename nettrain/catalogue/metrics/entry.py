"""What a metric is: a number from a statistic, which is gathered over chunks of rows in float64.

Conventions, for one target: y (B,) whole numbers in [0, K) and response (B, K) for classes, of which two
have K = 2 and a label is one of the classes 0 and 1; y (B,) and response (B,) in the target's own unit for
numbers; weight (B,), as scikit-learn's sample_weight. A response is a probability, or a score where the
loss knows no probabilities.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule, Floats, HostArray
from nettrain.catalogue.registry import Registry, Variant

metrics: Registry["Metric[Any]"] = Registry("metric")

S = TypeVar("S", bound="Statistic")


@dataclass(frozen=True)
class Task:
    """What is predicted: `targets` is classes, two classes, labels or numbers, `names` what they are called.

    `probabilities` is False where the loss gives scores. Numbers are center + scale·(what was learned).
    """

    targets: str
    names: tuple[str, ...]
    classes: tuple[str, ...] = ()
    probabilities: bool = True
    center: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()

    @property
    def outcomes(self) -> int:
        """Classes of one target: K, of a label 2, of numbers 0."""
        return {"labels": 2, "numbers": 0}.get(self.targets, len(self.classes))

    def unscale(self, y: HostArray) -> Floats:
        """Numbers (..., T) in their own units."""
        values: Floats = np.asarray(y, np.float64) * np.array(self.scale or (1.0,)) + np.array(
            self.center or (0.0,)
        )
        return values


class Statistic:
    """What is gathered of one target over chunks of rows; `outcomes` is the number of classes K."""

    def __init__(self, outcomes: int) -> None:
        self.outcomes = outcomes

    def add(self, y: HostArray, response: HostArray, weight: HostArray) -> None:
        """Take in some rows."""
        raise NotImplementedError


class Mean(Statistic):
    """A weighted mean over rows of what `each` makes of them."""

    def __init__(self, outcomes: int) -> None:
        super().__init__(outcomes)
        self.total = self.mass = 0.0

    def add(self, y: HostArray, response: HostArray, weight: HostArray) -> None:
        self.total += float((weight * self.each(y, response)).sum())
        self.mass += float(weight.sum())

    def each(self, y: HostArray, response: HostArray) -> Floats:
        """What is averaged, (B,)."""
        raise NotImplementedError

    @property
    def mean(self) -> float:
        """The mean of all rows so far."""
        return self.total / self.mass


class Metric(Variant, Generic[S]):
    """A figure of one target; of several targets it is their mean, of which undefined ones are left out.

    `fits` names the targets it is for, `goal` the better direction, `of` the statistic it is made from.
    With `chances` it is for probabilities alone, not for scores. A `headline` is shown beside the loss when
    a run ends, unless it says nearly the `same` as another. A `quick` metric can also be had from
    raw outputs on the device, in every epoch: see `rows` and `finish`.
    """

    goal: ClassVar[str] = "minimize"
    fits: ClassVar[tuple[str, ...]] = ()
    of: ClassVar[type[Statistic]] = Statistic
    chances: ClassVar[bool] = False
    headline: ClassVar[bool] = False
    same: ClassVar[str] = ""
    fewest_classes: ClassVar[int] = 0
    quick: ClassVar[bool] = False

    @staticmethod
    def value(statistic: S) -> float:
        """The metric from its statistic; NaN where these rows do not define it."""
        raise NotImplementedError

    @staticmethod
    def lacks(y: HostArray) -> str:
        """What rows with these targets (N,) lack to define the metric, "" when nothing."""
        return ""

    @staticmethod
    def rows(xp: ArrayModule, output: Array, target: Array, scale: Array) -> Array:
        """What is averaged over rows, (R, B) or (R, B, T), of raw outputs (R, B, K); scale (T,) is the unit.

        Targets are as the loss reads them.
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
        return task.targets in cls.fits and enough and (task.probabilities or not cls.chances)


def metrics_for(task: Task, *, quick: bool = False) -> list[str]:
    """The metrics of a task; the `quick` ones alone are those of every epoch."""
    return [name for name, metric in metrics.items() if metric.suits(task) and (metric.quick or not quick)]
