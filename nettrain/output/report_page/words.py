"""How a page names figures: headings, percentages, and which figure sums a run up."""

from collections.abc import Mapping
from math import isnan

from nettrain.catalogue.metrics import Task, metrics_for
from nettrain.output.numbers import figure
from nettrain.output.progress import heading

SHARES = ("accuracy", "balanced_accuracy", "top_5_accuracy")  # that are written as percentages
SPACE = "\u00a0"  # that does not break
SPLITS = {"train": "training", "val": "validation", "validation": "validation", "test": "test"}


def main_metric(task: Task) -> str:
    """The figure that sums up a run of this task: accuracy, or the error in the target's own unit."""
    return "mae" if "mae" in metrics_for(task) else metrics_for(task, quick=True)[0]


def shown(name: str, value: float | None) -> str:
    """A figure: shares as percentages, others with four digits."""
    if value is not None and name in SHARES:
        return percent(value)
    if value is not None and name == "calibration_error":
        value = round(value, 12)  # of constant predictions it is 0 but for rounding
    return figure(value)


def percent(share: float) -> str:
    """A share: `97.4 %`, and never all or nothing for less."""
    text = f"{100 * share:.1f}"
    if text == "100.0" and share < 1:
        return f"over 99.9{SPACE}%"
    if text == "0.0" and share > 0:
        return f"under 0.1{SPACE}%"
    return f"{text}{SPACE}%"


def named(metric: str, positive: str = "") -> str:
    """A figure's name, `loss` or a metric, with the positive class where it is of that class alone."""
    return heading(metric, positive)


def value_of(figures: Mapping[str, float | None], name: str) -> float | None:
    """A figure, None where it is not defined."""
    value = figures.get(name)
    return None if value is None or isnan(value) else value
