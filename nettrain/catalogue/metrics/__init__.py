"""Metrics: figures to read beside the loss, a family per file; each is computed from a statistic."""

from nettrain.catalogue.discovery import import_families
from nettrain.catalogue.metrics.base import Metric, Statistic, Task, metrics, metrics_for

__all__ = ["Metric", "Statistic", "Task", "metrics", "metrics_for"]

import_families(__name__, __path__)
