"""What a summary has beside the ending and the metrics: each function adds one block."""

from collections.abc import Mapping, Sequence

import numpy as np

from nettrain.catalogue.metrics import Task
from nettrain.inference.baseline import Baseline, worse_than
from nettrain.inference.evaluate import Figures
from nettrain.inference.intervals import ByTarget
from nettrain.inference.model import TrainedNetworks
from nettrain.store.joint_summary import mean_and_sd
from nettrain.store.postprocessing import applied_json
from nettrain.store.summarise import metrics_of_network
from nettrain.store.summary import SPLITS, LossParts, Metrics, RunBaseline, RunSummary, SnapshotSummary


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
        {"epoch": epoch, "metrics": metrics_of_network(figures, k)} for k, epoch in enumerate(epochs)
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


def with_uncalibrated_test(summary: RunSummary, before: Mapping[str, float] | None) -> RunSummary:
    """The summary with log loss and calibration error of test rows `before` calibration, if there are any."""
    if before is None or "postprocessing" not in summary:
        return summary
    applied = summary["postprocessing"]
    by_split = {**applied.get("uncalibrated", {}), "test": _none_for_nan(before)}
    return {**summary, "postprocessing": {**applied, "uncalibrated": by_split}}


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
