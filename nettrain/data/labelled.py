"""Rows with what is to be predicted of them, as arrays: to train on, or to make figures of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.data.inputs import encode_parts
from nettrain.data.preprocessing import Preprocessing, read_table
from nettrain.data.renames import rename_cells
from nettrain.data.table import Table
from nettrain.data.unlabelled import drop_missing
from nettrain.data.weights import row_weights


@dataclass(frozen=True)
class Rows:
    """Rows of one split: x (N, D) in the run's dtype, weight (N,) float64.

    y is (N,) int32 for classes, (N, K) float64 for numbers, and for labels of 0 and 1.
    """

    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    weight: npt.NDArray[Any]


def read_labelled(
    source: str,
    preprocessing: Preprocessing,
    *,
    seed: int = 0,
    dtype: str = "float64",
    missing_target: str = "refuse",
) -> Rows:
    """The rows of a source with their target: inputs, y, and the weight column's weights.

    Columns are found as `read_rows` finds them. Raises DataError when the source cannot be read or does
    not fit, and at rows without a target unless `missing_target` is drop. Class weights do not count here.
    """
    target = preprocessing.target
    table = rename_cells(read_table(source, preprocessing, seed), target.names, target.renames)
    for name in target.names:
        table.refuse_unknown(name, "target column")
    if missing_target == "drop":
        table, _ = drop_missing(table, target.names)
    return label_parts({"given": (table, np.arange(table.height))}, preprocessing, dtype)["given"]


def label_parts(
    parts: Mapping[str, tuple[Table, npt.NDArray[np.int64]]], preprocessing: Preprocessing, dtype: str
) -> dict[str, Rows]:
    """The rows of each part of a renamed table as arrays; errors call them by the part's name.

    The tables are of no use afterwards: see `encode_parts`.
    """
    y = {name: preprocessing.target.read(table)[rows] for name, (table, rows) in parts.items()}
    weight = {
        name: row_weights(table, preprocessing.weight, rows, f"{name} rows")
        for name, (table, rows) in parts.items()
    }
    x = encode_parts(parts, preprocessing, dtype)
    return {name: Rows(x[name], y[name], weight[name]) for name in parts}
