"""`tune.json`: how a tuning went, what it found, and how far its figures can be trusted.

A tuning that goes on builds on it: on the time that was taken, and how often test rows have been measured.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast

from typing_extensions import TypedDict

from nettrain.store.digest import content_digest
from nettrain.store.run_folder import json_line, write_json
from nettrain.store.seal import check_digest
from nettrain.store.stored_file import read_stored
from nettrain.store.sweep_summary import BestTrial
from nettrain.store.trained_ensemble import EnsembleMember
from nettrain.training.diagnostics.environment import Environment


class TunedRows(TypedDict):
    """Rows beside the test rows, the share of them that chose, and the test rows; 0 folds are one split."""

    rows: int
    choosing: int
    test: int
    folds: int


class TrustedJson(TypedDict):
    """A figure with the ends of its 95 % interval over resamples of so many rows.

    `corrected` is what it would be without the selection bias of being chosen by these rows, by so many
    `resamples`; None of test rows, which have chosen nothing.
    """

    value: float | None
    low: float | None
    high: float | None
    rows: int
    corrected: float | None
    resamples: int


class TunedFigures(TypedDict):
    """The figures of something that was tuned, of the rows that chose it and of test rows, if there are."""

    val: TrustedJson
    test: TrustedJson | None


class SingleJson(TunedFigures):
    """The best network alone: that of this trial."""

    trial: int


class TunedEnsembleJson(TunedFigures):
    """The ensemble: its networks, the number of candidates, and the folder of its run."""

    networks: list[EnsembleMember]
    candidates: int
    folder: str


class SeedFigures(TypedDict):
    """The metric of trials of one setting that differ in the seed alone: of the first one, and of others.

    `mean` and `sd`, the sample standard deviation, are those of the others.
    """

    trial: int
    own: float
    others: list[float]
    mean: float
    sd: float | None


class FoundJson(TypedDict):
    """What a tuning has found: figures of one `metric`, which `constant` predictions have by split.

    `better` is what the corrected figures of the rows that chose say, and of equal ones the single network;
    `test_measured` is how often this tuning has measured the test rows.
    """

    metric: str
    single: SingleJson
    ensemble: TunedEnsembleJson
    constant: Mapping[str, float | None]
    better: Literal["single", "ensemble"]
    seeds: SeedFigures | None
    test_measured: int


class PhaseTimes(TypedDict):
    """Seconds of each phase, those of earlier runs of the same tuning included."""

    look: float
    search: float
    seeds: float
    ensemble: float


class TuneSummary(TypedDict):
    """The whole file.

    `trials` counts those that have begun, in all and by status; `out_of_time` those that the clock stopped.
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
    influence: Mapping[str, float | None]
    borders: list[str]
    best: BestTrial | None
    found: FoundJson | None
    environment: Environment
    seed: int


class SealedSummary(TuneSummary):
    """What is in the file: also the digest of the rest."""

    digest: str


WAY_OUT = "restore it, or remove it: its tuning then goes on as if no time had been taken"


def write_tune_summary(path: Path, summary: TuneSummary) -> None:
    """Write the file."""
    content = json.loads(json_line(summary))
    write_json(path, {**content, "digest": content_digest(content)})


def read_tune_summary(path: Path) -> TuneSummary:
    """What is in the file, but the digest. Raises StoredFileError when it was changed since."""
    content = read_stored(path, SealedSummary)
    rest = {key: value for key, value in content.items() if key != "digest"}
    check_digest(path, content["digest"], rest, WAY_OUT)
    return cast(TuneSummary, rest)
