"""Permutation importance: how much worse a metric gets when the cells of one column are shuffled.

All inputs made from a column (a number and its missing-value indicator, the 0/1 inputs of its categories) are
shuffled together. Source: Breiman 2001, section 10; on rows that were not trained on, as Fisher 2019 advises.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nettrain.catalogue.metrics import metrics
from nettrain.inference.measured import MeasuredNetworks


@dataclass(frozen=True)
class Importance:
    """How much worse the metric gets with a column shuffled: mean and standard deviation of the shuffles."""

    name: str
    mean: float
    sd: float


def importances(
    measured: MeasuredNetworks,
    metric: str,
    *,
    shuffles: int,
    seed: int,
    on_column: Callable[[int], None] = lambda done: None,
) -> list[Importance]:
    """The importance of every input column for a metric, in the order of the columns.

    Shuffle k of column c is drawn from (seed, c, k). `on_column` is called with the number of columns that
    are done.
    """
    sign = -1.0 if metrics[metric].goal == "maximize" else 1.0
    before = _metric(measured, metric)
    results: list[Importance] = []
    for c, name in enumerate(measured.columns):
        after = [_metric(measured.shuffled(name, (seed, c, k)), metric) for k in range(shuffles)]
        worse = sign * (np.array(after) - before)
        results.append(Importance(name, float(worse.mean()), float(worse.std())))
        on_column(c + 1)
    return results


def _metric(measured: MeasuredNetworks, metric: str) -> float:
    return measured.metrics(measured.predict(), [metric]).scalars[metric]
