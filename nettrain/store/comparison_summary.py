"""`summary.json` of a comparison: its entries with their runs, which is best, and whether it is chance."""

from typing import Any, Literal

from typing_extensions import TypedDict

from nettrain.store.summary import Metrics, Status


class ComparedRunJson(TypedDict):
    """One run of an entry; `fold` is its number from 1, null of runs that are none."""

    seed: int
    fold: int | None
    status: Status
    stop_reason: str
    epochs_run: int
    best_epoch: float | None
    seconds: float
    divergence: str | None
    metrics: Metrics


class ComparedEntryJson(TypedDict):
    """One experiment: `settings` are its values of the keys that differ; mean and sd are over its runs.

    Runs that diverged count for neither. `sd` is null for fewer than two runs.
    """

    label: str
    source: str
    experiment: str
    settings: dict[str, Any]
    parameters: int | None
    mean: dict[str, float | None]
    sd: dict[str, float | None]
    runs: list[ComparedRunJson]


class ComparedFigureJson(TypedDict):
    """One figure: its better direction, the labels of the best entries, or why it is not compared."""

    goal: Literal["minimize", "maximize"]
    best: list[str]
    not_compared: str | None


class SeedTestJson(TypedDict):
    """The best entry against another one in a figure: `difference` is best minus other, by seed or fold.

    `better` of so many `seeds` or folds had the better figure. `p` is two-sided and adjusted for the number
    of others (Holm); it is null for fewer than three seeds. Different seeds are not `paired`.
    """

    figure: str
    entry: str
    other: str
    paired: bool
    seeds: int
    better: int
    ties: int
    difference: float
    sd: float | None
    p: float | None
    significant: bool


class ComparisonSummary(TypedDict):
    """The whole file. `decisive` is the figure that ranks the entries, of which `tests` has every one."""

    status: Literal["finished", "interrupted"]
    decisive: str
    entries: list[ComparedEntryJson]
    figures: dict[str, ComparedFigureJson]
    tests: list[SeedTestJson]
    differing: list[str]
    common: list[str]
    notes: list[str]
    seconds: float
