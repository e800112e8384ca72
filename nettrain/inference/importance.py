"""Permutation importance: how much worse a metric gets when one column's cells change places.

A column's inputs (an amount, its mark of gaps, the 0/1 inputs of its values) move together, as its cells
would. Source: Breiman 2001, section 10; on rows that were not trained on, as Fisher 2019 advises.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from nettrain.catalogue.metrics import metrics
from nettrain.data.labelled import Rows
from nettrain.data.preprocessing import Preprocessing
from nettrain.inference.predictions import TrainedNetwork, measure_predictions, predict_labelled


@dataclass(frozen=True)
class Importance:
    """How much worse the metric got with a column shuffled: mean and standard deviation of the shuffles."""

    name: str
    mean: float
    sd: float


def importances(
    run: TrainedNetwork,
    preprocessing: Preprocessing,
    rows: Rows,
    metric: str,
    *,
    shuffles: int,
    seed: int,
    told: Callable[[int], None] = lambda done: None,
) -> list[Importance]:
    """The importance of every input column for a metric, in the order of the columns.

    Shuffle k of column c is drawn from (seed, c, k). `told` hears how many columns are done.
    """
    sign = -1.0 if metrics[metric].goal == "maximize" else 1.0
    before = _value(run, rows, metric)
    found, place = [], 0
    for c, encoder in enumerate(preprocessing.encoders):
        columns = slice(place, place + len(encoder.features))
        place = columns.stop
        after = [_value(run, shuffled(rows, columns, (seed, c, k)), metric) for k in range(shuffles)]
        worse = sign * (np.array(after) - before)
        found.append(Importance(encoder.name, float(worse.mean()), float(worse.std())))
        told(c + 1)
    return found


def shuffled(rows: Rows, columns: slice, key: tuple[int, int, int]) -> Rows:
    """The rows with the inputs of these columns in another order, drawn from the key."""
    order = np.random.Generator(np.random.Philox(np.random.SeedSequence(key))).permutation(len(rows.x))
    x = rows.x.copy()
    x[:, columns] = x[order, columns]
    return replace(rows, x=x)


def _value(run: TrainedNetwork, rows: Rows, metric: str) -> float:
    return measure_predictions(run, predict_labelled(run, rows), [metric]).scalars[metric]
