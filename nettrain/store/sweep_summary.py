"""`summary.json` of a sweep: how far it has got, its best trial and what mattered."""

from collections.abc import Mapping
from typing import Literal, NotRequired

from typing_extensions import TypedDict

from nettrain.training.diagnostics.environment import Environment


class BestTrial(TypedDict):
    """The best finished trial: its values by dotted key, and its figures.

    With data.folds, these are means over the folds, `sd` their standard deviations, `folds` those of each.
    """

    trial: int
    parameters: Mapping[str, object]
    metrics: Mapping[str, float | None]
    sd: NotRequired[Mapping[str, float | None]]
    folds: NotRequired[list[Mapping[str, float | None]]]


class GoalJson(TypedDict):
    """A metric by which trials are compared, and which values are better."""

    metric: str
    goal: Literal["minimize", "maximize"]


class ConstraintJson(TypedDict):
    """The limits of a figure, and how many trials with a result break them, trained or not."""

    figure: str
    at_most: float | None
    at_least: float | None
    broken: int


class SweepTiming(TypedDict):
    """Seconds of the whole sweep, also if it was interrupted, and of all trials; how many workers it had."""

    total_seconds: float
    trial_seconds: float
    workers: int


class SweepSummary(TypedDict):
    """The whole file.

    `trials` counts trials in all and by status, `failures` has error messages by trial, `influence` says how
    much each parameter mattered (0 to 1), `borders` warns of values of the best trial at the ends of ranges.
    With several goals, `metric`, `goal` and `best` are those of the first; `goals` has all, and `front` the
    trials that no other beats in all of them, the best by the first goal first.
    """

    experiment: str
    status: Literal["finished", "interrupted"]
    trials: Mapping[str, int]
    metric: str
    goal: Literal["minimize", "maximize"]
    best: BestTrial | None
    failures: Mapping[str, str]
    influence: Mapping[str, float | None]
    borders: list[str]
    timing: SweepTiming
    environment: Environment
    seed: int
    goals: NotRequired[list[GoalJson]]
    front: NotRequired[list[BestTrial]]
    constraints: NotRequired[list[ConstraintJson]]
