"""Experiments of runs that an earlier version trained, which called the running loss train_loss."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nettrain.errors import SpecError
from nettrain.experiment.settings import Experiment

BEFORE, NOW = "train_loss", "running_loss"


def is_of_earlier_version(stored: Mapping[str, Any]) -> bool:
    """Whether a dumped experiment is from a version that did not evaluate training rows."""
    return "evaluate_train" not in stored["training"]


def with_present_names(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A dumped experiment of an earlier version with the present name of what it watched."""
    training, schedule = dict(stored["training"]), dict(stored["schedule"])
    if training["early_stopping"] is not None:
        training["early_stopping"] = _renamed(training["early_stopping"])
    if training["target"] is not None:
        training["target"] = {NOW if name == BEFORE else name: v for name, v in training["target"].items()}
    return {**stored, "training": training, "schedule": _renamed(schedule)}


def refuse_earlier_name(experiment: Experiment, folder: Path) -> None:
    """Raise SpecError when the experiment of such a run still watches the loss by its earlier name."""
    for path, name in experiment.watched.items():
        if name != BEFORE:
            continue
        key = ".".join(map(str, path))
        change = f"{key}={NOW}"
        if path[-1] == BEFORE:  # of a target
            target = {
                NOW if one == BEFORE else one: v for one, v in (experiment.training.target or {}).items()
            }
            pairs = ", ".join(f"{one}: {value:g}" for one, value in target.items())
            change = f'"training.target={{{pairs}}}"'
        raise SpecError(f"{key}: {BEFORE} is called {NOW} since {folder} was trained: {change} goes on")


def _renamed(block: Mapping[str, Any]) -> dict[str, Any]:
    """A block with the present name of its monitor."""
    return {**block, "monitor": NOW} if block.get("monitor") == BEFORE else dict(block)
