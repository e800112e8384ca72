"""The metrics that can be monitored during training, and their better direction."""

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from nettrain.catalogue.metrics import metrics
from nettrain.errors import nearest

LOSSES = ("loss", "objective")


def monitors() -> list[str]:
    """The names of all metrics that training can be stopped by."""
    return ["train_loss", "objective", "val_loss", *(f"val_{name}" for name in metrics)]


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
