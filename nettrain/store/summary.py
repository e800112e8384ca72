"""`summary.json`: how a run ended."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of
from nettrain.inference.evaluate import Figures
from nettrain.training.build import TrainingRun
from nettrain.training.environment import environment
from nettrain.training.events import MemberStopped, TrainingDone

PARTS = {"train": "train", "validation": "val", "test": "test"}
STATUS = {"diverged": "diverged", "interrupted": "interrupted"}


def summarise(
    run: TrainingRun,
    experiments: Sequence[Experiment],
    ended: Mapping[int, MemberStopped],
    done: TrainingDone,
    figures: dict[str, Figures],
    causes: Mapping[int, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """The summary of a run; `figures` (R,) are those of its members' final networks.

    `causes` say of members that have diverged what happened.

    Of several members it has each one's ending and metrics, and the mean and standard deviation of those
    that have not diverged; the metrics of the whole are then these means.
    """
    known = causes or {}
    members = [_member(run, ended[r], figures, known.get(r)) for r in range(len(experiments))]
    whole = members[0] if len(members) == 1 else _whole(members)
    summary = {
        "experiment": run.experiment.experiment,
        **{name: value for name, value in whole.items() if name != "metrics"},
        "monitor": run.monitor,
        "metrics": whole["metrics"],
        "parameters": run.plan.parameters,
        "output_activation": loss_of(run.experiment).output_activation,
        "timing": _timing(run, ended, done),
        "environment": environment(run.backend.threads, run.backend.name, run.experiment.backend.device),
        "seed": run.experiment.seed,
    }
    if len(members) == 1:
        return summary
    seeds = [{"member": r, "seed": experiment.seed} for r, experiment in enumerate(experiments)]
    each = [{**seed, **member} for seed, member in zip(seeds, members, strict=True)]
    return {**summary, **_spread(members), "members": each}


def with_joint_metrics(summary: dict[str, Any], joint: dict[str, dict[str, float]]) -> dict[str, Any]:
    """The summary of a run that answers with a mean response: the metrics are those of the mean."""
    return {**summary, "metrics": {PARTS[part]: named for part, named in joint.items()}, "joint": True}


def threshold_of(summary: dict[str, Any], member: int | None) -> float | None:
    """The threshold that was found on validation rows: a member's, or that of the whole."""
    several = summary.get("members") or summary.get("snapshots")
    one = summary if member is None or not several else several[member]
    value: float | None = one["metrics"].get("val", {}).get("threshold")
    return value


def with_snapshots(
    summary: dict[str, Any], epochs: Sequence[int], figures: dict[str, Figures]
) -> dict[str, Any]:
    """The summary with the metrics (S,) of each snapshot, and their mean and standard deviation."""
    snapshots = [{"epoch": epoch, "metrics": _metrics(figures, k)} for k, epoch in enumerate(epochs)]
    return {**summary, **_spread(snapshots), "snapshots": snapshots}


def _member(
    run: TrainingRun, stopped: MemberStopped, figures: dict[str, Figures], cause: dict[str, Any] | None
) -> dict[str, Any]:
    """How one member ended, and what it is worth."""
    why = {} if cause is None else {"divergence": cause}
    return {
        "status": STATUS.get(stopped.reason, "finished"),
        "stop_reason": stopped.reason,
        "epochs_run": stopped.epoch,
        "unfinished_steps": stopped.step - stopped.epoch * run.batches.steps,
        "best_epoch": stopped.best_epoch,
        "restored_best": stopped.restored,
        **why,
        "metrics": _metrics(figures, stopped.member),
    }


def _metrics(figures: dict[str, Figures], member: int) -> dict[str, dict[str, float]]:
    return {
        PARTS[part]: {name: float(values[member]) for name, values in named.items()}
        for part, named in figures.items()
    }


def _whole(members: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How several members ended: what they have in common, the longest, the worst."""
    statuses = [member["status"] for member in members]
    worst = next((one for one in ("interrupted", "diverged") if one in statuses), "finished")
    return {
        "status": worst,
        "stop_reason": _common(members, "stop_reason", "various"),
        "epochs_run": max(member["epochs_run"] for member in members),
        "unfinished_steps": max(member["unfinished_steps"] for member in members),
        "best_epoch": _common(members, "best_epoch", None),
        "restored_best": all(member["restored_best"] for member in members),
        "metrics": _spread(members)["mean"],
    }


def _common(members: Sequence[dict[str, Any]], name: str, otherwise: Any) -> Any:
    values = {member[name] for member in members}
    return values.pop() if len(values) == 1 else otherwise


def _spread(members: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Mean and standard deviation (of a sample, n - 1) of every metric over those that have not diverged."""
    sound = [one["metrics"] for one in members if one.get("status") != "diverged"] or [members[0]["metrics"]]
    places = [(part, name) for part, named in sound[0].items() for name in named]
    values = {place: np.array([one[place[0]][place[1]] for one in sound]) for place in places}
    several = len(sound) > 1
    found: dict[str, Any] = {"mean": {}, "sd": {}}
    for (part, name), each in values.items():
        found["mean"].setdefault(part, {})[name] = float(each.mean())
        found["sd"].setdefault(part, {})[name] = float(each.std(ddof=1)) if several else None
    return found


def _timing(run: TrainingRun, ended: Mapping[int, MemberStopped], done: TrainingDone) -> dict[str, Any]:
    """Times of the whole: a step is one of all members that still train, a sample is one member's.

    The total is so far that of the training; who knows when the command began puts it right.
    """
    sizes = [stop - start for start, stop in run.batches.bounds()]
    samples = sum(end.step for end in ended.values()) * sum(sizes) / len(sizes)
    return {
        "total_seconds": done.seconds,
        "train_seconds": done.step_seconds,
        "steps": done.steps,
        "microseconds_per_step": 1e6 * done.step_seconds / max(done.steps, 1),
        "samples_per_second": samples / max(done.step_seconds, 1e-9),
    }
