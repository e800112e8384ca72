"""Permutation importance: how much worse a metric gets when the cells of one column are shuffled.

All inputs made from a column (a number and its missing-value indicator, the 0/1 inputs of its categories) are
shuffled together. Source: Breiman 2001, section 10; on rows that were not trained on, as Fisher 2019 advises.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from nettrain.catalogue.metrics import metrics
from nettrain.data.labelled import Rows
from nettrain.data.preprocessing import Preprocessing
from nettrain.inference.model import TrainedNetworks
from nettrain.inference.predictions import metrics_of, predict_labelled


@dataclass(frozen=True)
class Importance:
    """How much worse the metric gets with a column shuffled: mean and standard deviation of the shuffles."""

    name: str
    mean: float
    sd: float


def importances(
    networks: TrainedNetworks,
    preprocessing: Preprocessing,
    rows: Rows,
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
    before, first = _metric(networks, rows, metric), 0
    results: list[Importance] = []
    for c, encoder in enumerate(preprocessing.encoders):
        columns = slice(first, first + len(encoder.features))
        first = columns.stop
        after = [_metric(networks, shuffled(rows, columns, (seed, c, k)), metric) for k in range(shuffles)]
        worse = sign * (np.array(after) - before)
        results.append(Importance(encoder.name, float(worse.mean()), float(worse.std())))
        on_column(c + 1)
    return results


def shuffled(rows: Rows, columns: slice, key: tuple[int, int, int]) -> Rows:
    """The rows with the inputs of these columns shuffled, in an order drawn from the key."""
    order = np.random.Generator(np.random.Philox(np.random.SeedSequence(key))).permutation(len(rows.x))
    x = rows.x.copy()
    x[:, columns] = x[order, columns]
    return replace(rows, x=x)


def _metric(networks: TrainedNetworks, rows: Rows, metric: str) -> float:
    return metrics_of(networks, predict_labelled(networks, rows), [metric]).scalars[metric]
