"""`summary.json`: how a run ended and how good its networks are."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NotRequired, TypeVar

import numpy as np
from typing_extensions import TypedDict

from nettrain.catalogue.metrics import Task
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of
from nettrain.inference.baseline import Baseline, BaselineJson, worse_than
from nettrain.inference.evaluate import Figures
from nettrain.inference.intervals import ByTarget
from nettrain.inference.model import TrainedNetworks
from nettrain.store.postprocessing import AppliedPostprocessing, applied_json
from nettrain.store.run_folder import read_json
from nettrain.training.diagnostics.divergence import DivergenceReport
from nettrain.training.diagnostics.environment import Environment, environment
from nettrain.training.events import AdviceGiven, MemberStopped, TrainingDone
from nettrain.training.run import TrainingRun

Status = Literal["finished", "diverged", "interrupted"]
Metrics = Mapping[str, Mapping[str, float | None]]  # by split (train, val, test) and name; None if undefined
T = TypeVar("T")

SPLITS = {"train": "train", "validation": "val", "test": "test"}
STATUS: dict[str, Status] = {"diverged": "diverged", "interrupted": "interrupted"}


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
    """The summary of a run, None when it has not ended. Raises SpecError when the file is not JSON."""
    summary: RunSummary | None = read_json(path) if path.is_file() else None
    return summary


def summarise(
    run: TrainingRun,
    experiments: Sequence[Experiment],
    ended: Mapping[int, MemberStopped],
    done: TrainingDone,
    figures: Mapping[str, Figures],
    causes: Mapping[int, DivergenceReport] | None = None,
) -> RunSummary:
    """The summary of a run; `figures` (R,) are those of its members' final networks, by split.

    `causes` explain the divergence of members that diverged. Several members are listed one by one, with the
    mean and standard deviation of the metrics of those that did not diverge; the run's metrics are the means.
    """
    members = [
        _member(run, experiment, ended[r], figures, (causes or {}).get(r))
        for r, experiment in enumerate(experiments)
    ]
    mean, sd = mean_and_sd(_finite_metrics(members))
    several = len(members) > 1
    ending = overall_ending(members) if several else _ending(run, ended[0], (causes or {}).get(0))
    summary: RunSummary = {
        "experiment": run.experiment.experiment,
        **ending,  # type: ignore[typeddict-item]  # whose other keys could be any, says mypy
        "monitor": run.monitors.metric,
        "metrics": mean if several else members[0]["metrics"],
        "parameters": run.architecture.parameters,
        "output_activation": loss_of(run.experiment).output_activation,
        "timing": _timing(run, ended, done),
        "environment": environment(run.backend.threads, run.backend.name, run.experiment.backend.device),
        "seed": run.experiment.seed,
    }
    return {**summary, "mean": mean, "sd": sd, "members": members} if several else summary


def with_joint_metrics(summary: RunSummary, joint: Metrics) -> RunSummary:
    """The summary of networks that predict together: the metrics are those of their mean prediction."""
    return {**summary, "metrics": {SPLITS[split]: named for split, named in joint.items()}, "joint": True}


def with_distribution(summary: RunSummary, figures: Mapping[str, ByTarget]) -> RunSummary:
    """The summary with the figures of predicted intervals and quantiles by split, if there are any."""
    by_split = {SPLITS[split]: by_target for split, by_target in figures.items()}
    return {**summary, "distribution": by_split} if by_split else summary


def with_snapshots(summary: RunSummary, epochs: Sequence[int], figures: Mapping[str, Figures]) -> RunSummary:
    """The summary with the metrics (S,) of each snapshot, and their mean and standard deviation."""
    snapshots: list[SnapshotSummary] = [
        {"epoch": epoch, "metrics": _metrics(figures, k)} for k, epoch in enumerate(epochs)
    ]
    mean, sd = mean_and_sd([one["metrics"] for one in snapshots])
    return {**summary, "mean": mean, "sd": sd, "snapshots": snapshots}


def with_postprocessing(
    summary: RunSummary, networks: TrainedNetworks, before: Mapping[str, Mapping[str, float]]
) -> RunSummary:
    """The summary with what was fitted for its networks; `before` has figures before calibration by split."""
    assert networks.postprocessing is not None, "something was fitted"
    applied = applied_json(networks.postprocessing, networks.model.task)
    if before:
        applied["uncalibrated"] = {SPLITS[split]: _none_for_nan(named) for split, named in before.items()}
    return {**summary, "postprocessing": applied}


def with_baseline(
    summary: RunSummary, baseline: Baseline, task: Task, figures: Mapping[str, Mapping[str, float]]
) -> RunSummary:
    """The summary with the `figures` of constant predictions by split, and whether the run is worse."""
    by_split = {SPLITS[split]: _none_for_nan(named) for split, named in figures.items()}
    split = list(by_split)[-1]
    worse = worse_than(by_split[split], summary["metrics"].get(split, {}), task)
    block: RunBaseline = {
        "prediction": baseline.description(task),
        "metrics": by_split,
        "worse": [f"{split}_{name}" for name in worse],
        "constants": baseline.to_json(),
    }
    named: RunSummary = {**summary, "baseline": block}
    if len(task.classes) == 2:
        return {**named, "positive": task.classes[1]}
    return {**named, "positive": "1"} if task.targets == "labels" else named


def with_entropy(
    summary: RunSummary, entropies: Mapping[str, float], running: tuple[float, float] | None
) -> RunSummary:
    """The summary with the parts of its losses, by the entropies of targets by split, if any have some.

    `running` is the last running loss, and the entropy of targets as training smooths them.
    """
    losses = {
        SPLITS[split]: (summary["metrics"].get(SPLITS[split], {}).get("loss"), entropy)
        for split, entropy in entropies.items()
    }
    if running is not None:
        losses["running"] = running
    parts: dict[str, LossParts] = {
        name: {"loss": loss, "entropy": entropy, "divergence": loss - entropy}
        for name, (loss, entropy) in losses.items()
        if loss is not None and np.isfinite(loss) and entropy > 0
    }
    return {**summary, "entropy": parts} if parts else summary


def _none_for_nan(named: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else value for name, value in named.items()}


def best_f1_threshold(summary: RunSummary, member: int | None) -> float | None:
    """The threshold with the best F1 on validation rows, of one member or of all networks together."""
    several = summary.get("members") or summary.get("snapshots")
    metrics = several[member]["metrics"] if several and member is not None else summary["metrics"]
    figures = metrics.get("val", {})
    return figures.get("best_f1_threshold", figures.get("threshold"))  # as earlier versions called it


def _member(
    run: TrainingRun,
    experiment: Experiment,
    stopped: MemberStopped,
    figures: Mapping[str, Figures],
    cause: DivergenceReport | None,
) -> MemberSummary:
    return {
        "member": stopped.member,
        "seed": experiment.seed,
        **_ending(run, stopped, cause),
        "metrics": _metrics(figures, stopped.member),
    }


def _ending(run: TrainingRun, stopped: MemberStopped, cause: DivergenceReport | None) -> Ending:
    ending: Ending = {
        "status": STATUS.get(stopped.reason, "finished"),
        "stop_reason": stopped.reason,
        "epochs_run": stopped.epoch,
        "unfinished_steps": stopped.step - stopped.epoch * run.data.batches.steps,
        "best_epoch": stopped.best_epoch,
        "restored_best": stopped.restored,
    }
    if stopped.rises is not None:
        ending["objective_rises"] = stopped.rises
    return ending if cause is None else {**ending, "divergence": cause}


def _metrics(figures: Mapping[str, Figures], member: int) -> dict[str, dict[str, float]]:
    return {
        SPLITS[split]: {name: float(values[member]) for name, values in named.items()}
        for split, named in figures.items()
    }


def overall_ending(members: Sequence[Ending]) -> Ending:
    """The ending of several: the worst status, the longest training, what all have in common."""
    statuses = [member["status"] for member in members]
    severe: tuple[Status, ...] = ("interrupted", "diverged")
    return {
        "status": next((status for status in severe if status in statuses), "finished"),
        "stop_reason": _common((member["stop_reason"] for member in members), "various"),
        "epochs_run": max(member["epochs_run"] for member in members),
        "unfinished_steps": max(member["unfinished_steps"] for member in members),
        "best_epoch": _common((member["best_epoch"] for member in members), None),
        "restored_best": all(member["restored_best"] for member in members),
    }


def _common(values: Iterable[T], otherwise: T) -> T:
    """The value that all have, or `otherwise`."""
    different = set(values)
    return different.pop() if len(different) == 1 else otherwise


def _finite_metrics(members: Sequence[MemberSummary]) -> list[Metrics]:
    """The metrics of the members that did not diverge, or of the first one when all did."""
    finite = [member["metrics"] for member in members if member["status"] != "diverged"]
    return finite or [members[0]["metrics"]]


def mean_and_sd(networks: Sequence[Metrics]) -> tuple[Metrics, Metrics]:
    """Mean and sample standard deviation (n - 1) of every metric; of a single network None.

    A metric that is not defined for one of them has neither.
    """
    mean: dict[str, dict[str, float | None]] = {}
    sd: dict[str, dict[str, float | None]] = {}
    for split, named in networks[0].items():
        for name in named:
            values = np.array([metrics[split].get(name) for metrics in networks], dtype=np.float64)
            mean.setdefault(split, {})[name] = float(values.mean())
            sd.setdefault(split, {})[name] = float(values.std(ddof=1)) if len(networks) > 1 else None
    return mean, sd


def _timing(run: TrainingRun, ended: Mapping[int, MemberStopped], done: TrainingDone) -> Timing:
    """Times of training alone: the caller sets the total once it knows when the command began."""
    sizes = [stop - start for start, stop in run.data.batches.bounds()]
    samples = sum(end.step for end in ended.values()) * sum(sizes) / len(sizes)
    return {
        "total_seconds": done.seconds,
        "train_seconds": done.step_seconds,
        "steps": done.steps,
        "microseconds_per_step": 1e6 * done.step_seconds / max(done.steps, 1),
        "samples_per_second": samples / max(done.step_seconds, 1e-9),
    }
