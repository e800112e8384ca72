"""Metrics: what people read besides the loss; a file per family, each entry on the statistic it needs."""

from nettrain.catalogue.metrics import classes, numbers, probabilities, ranking
from nettrain.catalogue.metrics.entry import Metric, Statistic, Task, metrics, metrics_for

__all__ = [
    "Metric",
    "Statistic",
    "Task",
    "classes",
    "metrics",
    "metrics_for",
    "numbers",
    "probabilities",
    "ranking",
]
