"""Rows with what is to be predicted of them, as arrays: to train on, or to make figures of."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.data.inputs import encode_parts
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.layout import read_aligned
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.tables.table import Table
from nettrain.data.targets.renames import rename_cells
from nettrain.data.targets.unlabelled import drop_missing
from nettrain.data.targets.weights import row_weights


@dataclass(frozen=True)
class Rows:
    """Rows of one split: x (N, D) in the run's dtype, weight (N,) float64.

    y is (N,) int32 for classes, (N, K) float64 for numbers, and for labels of 0 and 1.
    """

    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    weight: npt.NDArray[Any]


@dataclass(frozen=True)
class Labelled(Rows):
    """All rows of a table, which says where each of them stands, and what a person should read."""

    table: Table
    notes: tuple[str, ...]


def read_labelled(
    source: str | MemoryTables,
    preprocessing: Preprocessing,
    *,
    seed: int = 0,
    dtype: str = "float64",
    missing_target: str = "refuse",
    half: str | None = "train",
) -> Labelled:
    """The rows of a source with their target: inputs, y, and the weight column's weights, 1 without it.

    Columns are found by name in any order, without a header by position; `half` as in `half_of`. Raises
    DataError when the source cannot be read or does not fit, and at rows without a target unless
    `missing_target` is drop. Class weights do not count here.
    """
    target, weight = preprocessing.target, preprocessing.weight
    table = read_aligned(source, preprocessing.layout, target.names, seed, half)
    notes = [*table.notes]
    table = rename_cells(table, target.names, target.renames)
    for name in target.names:
        table.refuse_unknown(name, "target column")
    if missing_target == "drop":
        table, note = drop_missing(table, target.names)
        notes += [note] if note else []
    if weight is not None and weight not in table.columns:
        notes.append(f'{table.place}: no weight column "{weight}", every row weighs 1')
        preprocessing = replace(preprocessing, weight=None)
    rows = label_parts({"given": (table, np.arange(table.height))}, preprocessing, dtype)["given"]
    return Labelled(rows.x, rows.y, rows.weight, table, tuple(notes))


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
