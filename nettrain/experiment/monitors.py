"""The metrics that can be monitored during training, and their better direction."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from nettrain.catalogue.metrics import metrics
from nettrain.errors import nearest

LOSSES = ("loss", "objective", "running_loss")
RUNNING = ("running_loss", "objective")  # what the steps of an epoch yield; all else is evaluated after it


def monitors() -> list[str]:
    """The names of all metrics that training can be stopped by."""
    return monitors_of(metrics)


def monitors_of(names: Iterable[str]) -> list[str]:
    """The names of the figures of a run whose metrics are `names`."""
    evaluated = ["loss", *names]
    return [*RUNNING, *(f"{split}_{name}" for split in ("train", "val") for name in evaluated)]


def trial_metrics() -> list[str]:
    """The names of all metrics that trials of a sweep can be compared by."""
    return [f"{split}_{name}" for split in ("val", "train") for name in ("loss", *metrics)]


def goal(monitor: str) -> str:
    """The better direction of a metric: minimize or maximize. Raises KeyError for an unknown one."""
    name = monitor.removeprefix("val_").removeprefix("train_")
    return "minimize" if name in LOSSES else metrics[name].goal


def _known(name: str) -> str:
    if name not in monitors():
        raise PydanticCustomError(
            "monitor", 'unknown "{name}"{hint}', {"name": name, "hint": nearest(name, monitors())}
        )
    return name


Monitor = Annotated[str, AfterValidator(_known)]
