"""Several networks in one summary: how they ended together, means and standard deviations."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np

from nettrain.store.summary import Ending, FoldSummary, MemberSummary, Metrics, Status

T = TypeVar("T")


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


def finite_metrics(networks: Sequence[MemberSummary | FoldSummary]) -> list[Metrics]:
    """The metrics of the networks that did not diverge, or of the first one when all did."""
    finite = [network["metrics"] for network in networks if network["status"] != "diverged"]
    return finite or [networks[0]["metrics"]]


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
