"""`tune.json`: how a tuning went, what it found, and how far its figures can be trusted."""

from collections.abc import Mapping
from typing import Literal

from typing_extensions import TypedDict

from nettrain.store.sweep_summary import BestTrial
from nettrain.training.diagnostics.environment import Environment


class TunedRows(TypedDict):
    """Rows beside the test rows, the share of them that chose, and the test rows; 0 folds are one split."""

    rows: int
    choosing: int
    test: int
    folds: int


class PhaseTimes(TypedDict):
    """Seconds of each phase, those of earlier runs of the same tuning included."""

    look: float
    search: float
    seeds: float
    ensemble: float


class TuneSummary(TypedDict):
    """The whole file.

    `trials` counts trials in all and by status; `out_of_time` those that the clock stopped.
    """

    experiment: str
    status: Literal["finished", "interrupted"]
    metric: str
    goal: Literal["minimize", "maximize"]
    minutes: float
    seconds: float
    phases: PhaseTimes
    rows: TunedRows
    trials: Mapping[str, int]
    out_of_time: int
    best: BestTrial | None
    environment: Environment
    seed: int
