"""Metrics: figures to read beside the loss, a file per family; each is computed from a statistic."""

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
