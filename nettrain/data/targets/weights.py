"""Weights: how much a row counts, by a weight column and by its class.

The column's weights are part of what is measured: they weigh training and every figure on any rows. Class
weights are a means of training, and weigh training rows alone.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from nettrain.data.tables.arrays import Floats, Indices, Mask
from nettrain.data.tables.spelling import as_text
from nettrain.data.tables.table import Table, column_numbers
from nettrain.data.targets.target import Target
from nettrain.errors import DataError, nearest, quoted

LIGHTEST, HEAVIEST = 1e-20, 1e20  # sums of these weights, times losses, are far from the ends of float32


def row_weights(table: Table, name: str | None, rows: Indices, description: str) -> Floats:
    """The weights (M,) that a column gives these rows, 1 without one; errors call them by `description`.

    Raises DataError at a cell of the column that is missing, no finite number, below 0 or above HEAVIEST, and
    when all of these rows weigh 0 or less than LIGHTEST.
    """
    if name is None:
        return np.ones(len(rows))
    table.refuse_unknown(name, "weight column")
    values, _ = column_numbers(table, name)
    wrong = np.isnan(values) | (values < 0) | (values > HEAVIEST)
    if wrong.any():
        raise no_weight(table, name, wrong)
    weights: Floats = values[rows]
    if not weights.any():
        raise DataError(f'{table.origin}: weight "{name}": all {description} weigh 0')
    if weights.max() < LIGHTEST:
        raise DataError(f'{table.origin}: weight "{name}": all {description} weigh less than {LIGHTEST:g}')
    return weights


def no_weight(table: Table, name: str, wrong: Mask) -> DataError:
    """The error of cells (N,) that are no weight of a row."""
    row, more = int(np.argmax(wrong)), int(wrong.sum()) - 1
    others = f" (and {more} more)" if more else ""
    cell = as_text(table, name)[row]
    reason = "no value" if cell is None else f"{quoted(cell)} is not a finite number from 0 to {HEAVIEST:g}"
    return DataError(f"{table.at(row)}: weight {quoted(name)}: {reason}{others}")


def class_weights(
    setting: object, target: Target, labels: npt.NDArray[np.int32], weight: Floats | None = None
) -> Floats:
    """How much a row of each class weighs (K,), from the training rows' labels (N,) and own weights (N,).

    `balanced` gives Σw/(K·Σw of the class), w being 1 without a weight column: every class weighs the same in
    all. Classes that a mapping does not name weigh 1. Raises DataError for an unknown class, with the
    nearest, when all weigh 0, and when the rows of a class that is to be balanced all weigh 0.
    """
    if setting == "balanced":
        return balanced_weights(target, labels, np.ones(len(labels)) if weight is None else weight)
    assert isinstance(setting, Mapping)
    weights = np.ones(len(target.classes))
    for name, factor in setting.items():
        position = target.find_class(name)
        if position is None:
            raise DataError(
                f'data.class_weights: "{name}" is not a class of "{target.names[0]}"'
                f"{nearest(name, target.classes)}"
            )
        weights[position] = factor
    if not weights.any():
        raise DataError("data.class_weights: all classes weigh 0")
    return weights


def balanced_weights(target: Target, labels: npt.NDArray[np.int32], weight: Floats) -> Floats:
    """Σw/(K·Σw of the class) of each class (K,), from labels and weights w (N,) of rows.

    Raises DataError for a class without weight, which nothing can balance.
    """
    masses = np.bincount(labels, weight, minlength=len(target.classes))
    if not masses.all():
        name = target.classes[int(np.argmin(masses))]
        raise DataError(
            f'data.class_weights: balanced needs weight in every class, all rows of "{name}" weigh 0'
        )
    balanced: Floats = weight.sum() / (len(masses) * masses)
    return balanced
