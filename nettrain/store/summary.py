"""`summary.json`: how a run ended and how good its networks are."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, NotRequired

from typing_extensions import TypedDict

from nettrain.errors import StoredFileError
from nettrain.inference.baseline import BaselineJson
from nettrain.inference.intervals import ByTarget
from nettrain.store.postprocessing import AppliedPostprocessing
from nettrain.store.stored_file import read_stored
from nettrain.training.diagnostics.divergence import DivergenceReport
from nettrain.training.diagnostics.environment import Environment
from nettrain.training.events import AdviceGiven

Status = Literal["finished", "diverged", "interrupted"]
Metrics = Mapping[str, Mapping[str, float | None]]  # by split (train, val, test) and name; None if undefined

SPLITS = {"train": "train", "validation": "val", "test": "test"}


class Timing(TypedDict):
    """How long training took; a step is one of all members, a sample one row seen by one member."""

    total_seconds: float
    train_seconds: float
    steps: int
    microseconds_per_step: float
    samples_per_second: float


class Ending(TypedDict):
    """How the training of one network, or of all members together, ended."""

    status: Status
    stop_reason: str
    epochs_run: int
    unfinished_steps: int
    best_epoch: float | None
    restored_best: bool
    objective_rises: NotRequired[int]  # epochs, where convergence is looked for
    divergence: NotRequired[DivergenceReport]


class MemberSummary(Ending):
    """One of several members."""

    member: int
    seed: int
    metrics: Metrics


class SnapshotSummary(TypedDict):
    """One snapshot of a run."""

    epoch: int
    metrics: Metrics


class FoldSummary(Ending):
    """One fold of a cross-validation, from 1 over all repeats; `rows` says how many it has of each split.

    Its validation rows are those that it held out.
    """

    fold: int
    repeat: int
    rows: dict[str, int]
    metrics: Metrics


class NetworkSummary(Ending):
    """One of the different networks of an ensemble: the trial that trained it, and how often it counts.

    Of one that was trained on folds, figures are means over them.
    """

    network: int
    count: int
    metrics: Metrics


class RunBaseline(TypedDict):
    """The best constant predictions, fitted on the training rows, and the metrics that they score.

    `prediction` describes them. `worse` has the loss and the main metric, such as test_loss, as far as the
    run is worse on test rows, or else on validation or training rows.
    """

    prediction: str
    metrics: Metrics
    worse: list[str]
    constants: BaselineJson


class LossParts(TypedDict):
    """A cross-entropy as the entropy of its targets, below which it cannot fall, plus the divergence."""

    loss: float
    entropy: float
    divergence: float


class AdviceJson(TypedDict):
    """A line of advice that was given after an epoch: due for so many of the networks, `text` is of one."""

    name: str
    epoch: float
    text: str
    networks: int
    of: int


class Improving(TypedDict):
    """How many networks were still improving when epochs or time ran out.

    `overrides` give them twice as much: to `nettrain resume`, if `resumable`, or else to a new training.
    """

    networks: int
    overrides: list[str]
    resumable: bool


class RunSummary(Ending):
    """The whole file.

    `mean` and `sd` are there when there are several networks: `members` of a population, `snapshots`, or the
    `folds` of a cross-validation, with the figures of all rows `out_of_fold`.
    `joint` says that the metrics are those of their mean prediction.
    """

    experiment: str
    monitor: str
    metrics: Metrics
    parameters: int
    output_activation: str
    timing: Timing
    environment: Environment
    seed: int
    mean: NotRequired[Metrics]
    sd: NotRequired[Metrics]
    members: NotRequired[list[MemberSummary]]
    snapshots: NotRequired[list[SnapshotSummary]]
    folds: NotRequired[list[FoldSummary]]
    networks: NotRequired[list[NetworkSummary]]  # of an ensemble of different ones
    out_of_fold: NotRequired[Mapping[str, float | None]]
    joint: NotRequired[bool]
    postprocessing: NotRequired[AppliedPostprocessing]  # to which all metrics but the loss belong
    positive: NotRequired[str]  # the class that precision, recall and F1 are about, of labels 1
    baseline: NotRequired[RunBaseline]
    distribution: NotRequired[dict[str, ByTarget]]  # intervals and quantiles by split, where predicted
    entropy: NotRequired[dict[str, LossParts]]  # by split and of the running loss, where targets have entropy
    improving: NotRequired[Improving]
    advice: NotRequired[list[AdviceJson]]  # with training.diagnostics
    profile: NotRequired[dict[str, float]]  # seconds of every phase, with --profile


def advice_json(given: Iterable[AdviceGiven]) -> list[AdviceJson]:
    """Lines of advice as plain data."""
    return [
        {"name": one.name, "epoch": one.epoch, "text": one.text, "networks": one.networks, "of": one.of}
        for one in given
    ]


def read_summary(path: Path) -> RunSummary | None:
    """The summary of a run, None when it has not ended. Raises StoredFileError when the file is none."""
    return read_stored(path, RunSummary) if path.is_file() else None


def summary_or_note(path: Path) -> tuple[RunSummary | None, str | None]:
    """The summary where it can be read, or else a note: a run goes on without, and writes it anew."""
    try:
        return read_summary(path), None
    except StoredFileError as error:
        return None, f"{error}; it is written anew"


def best_f1_threshold(summary: RunSummary, member: int | None) -> float | None:
    """The threshold with the best F1 on validation rows, of one member or of all networks together."""
    several = summary.get("members") or summary.get("snapshots")
    metrics = several[member]["metrics"] if several and member is not None else summary["metrics"]
    figures = metrics.get("val", {})
    return figures.get("best_f1_threshold", figures.get("threshold"))  # as earlier versions called it
