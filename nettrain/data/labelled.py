"""Rows with their targets, as arrays: to train on, or to measure on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nettrain.data.deviations import RowComparison, common_deviations, compare_with_training
from nettrain.data.inputs import encode_splits
from nettrain.data.kept import kept_names, read_kept, readable_for
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.layout import read_aligned
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.tables.arrays import Floats, Indices, Numbers
from nettrain.data.tables.table import Table
from nettrain.data.targets.magnitude import refuse_unfit
from nettrain.data.targets.renames import rename_cells
from nettrain.data.targets.unlabelled import drop_missing
from nettrain.data.targets.weights import row_weights

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Rows:
    """Rows of one split: x (N, D) in the run's dtype, weight (N,) float64.

    y is (N,) int32 for classes, (N, K) float64 for numbers and for 0/1 labels.
    """

    x: Numbers
    y: Numbers
    weight: Floats


@dataclass(frozen=True)
class LabelledTable(Rows):
    """All rows of a table, which locates each of them in its source, and notes a person should read.

    `comparison` says how they differ from the training data; `kept` are columns as the source spells them.
    """

    table: Table
    notes: tuple[str, ...]
    comparison: RowComparison
    kept: "tuple[pl.Series, ...]"


def read_labelled(
    source: str | MemoryTables,
    preprocessing: Preprocessing,
    *,
    seed: int = 0,
    dtype: str = "float64",
    missing_target: str = "refuse",
    split: str | None = "train",
    keep: Sequence[str | int] = (),
) -> LabelledTable:
    """The rows of a source with their target: inputs, y, and the weight column's weights, 1 without it.

    Columns match by name in any order, without a header by position; `split` as in `rows_of_split`. Raises
    DataError when the source cannot be read or does not fit, and at rows without a target unless
    `missing_target` is drop. Class weights do not count here. `keep` names columns to keep, see `kept_names`.
    """
    (labelled,) = read_labelled_by_each(
        source,
        [preprocessing],
        seed=seed,
        dtype=dtype,
        missing_target=missing_target,
        split=split,
        keep=keep,
    )
    return labelled


def read_labelled_by_each(
    source: str | MemoryTables,
    preprocessings: Sequence[Preprocessing],
    *,
    seed: int = 0,
    dtype: str = "float64",
    missing_target: str = "refuse",
    split: str | None = "train",
    keep: Sequence[str | int] = (),
) -> list[LabelledTable]:
    """What `read_labelled` returns, by each of several preprocessings of one layout; the source is read once.

    Deviations are from the training rows of all of them.
    """
    preprocessing = preprocessings[0]
    target, weight = preprocessing.target, preprocessing.weight
    again = readable_for(source, keep)
    table = read_aligned(again, preprocessing.layout, target.names, seed, split)
    notes = [*table.notes]
    table = rename_cells(table, target.names, target.renames)
    for name in target.names:
        table.refuse_unknown(name, "target column")
    if missing_target == "drop":
        table, note = drop_missing(table, target.names)
        notes += [note] if note else []
    if weight is not None and weight not in table.columns:
        notes.append(f'{table.origin}: no weight column "{weight}", every row weighs 1')
        preprocessings = [replace(one, weight=None) for one in preprocessings]
    names = kept_names(table, keep)
    kept = tuple(read_kept(again, table, names, preprocessing, seed=seed, split=split).get_columns())
    comparison = common_deviations([compare_with_training(table, one, names) for one in preprocessings])
    tables = [*(table.kept_whole() for _ in preprocessings[1:]), table]
    each = [
        label_splits({"given": (whole, np.arange(whole.height))}, one, dtype)["given"]
        for whole, one in zip(tables, preprocessings, strict=True)
    ]
    return [
        LabelledTable(rows.x, rows.y, rows.weight, table, tuple(notes), comparison, kept) for rows in each
    ]


def label_splits(
    splits: Mapping[str, tuple[Table, Indices]], preprocessing: Preprocessing, dtype: str
) -> dict[str, Rows]:
    """The rows of each split of a renamed table as arrays; errors call them by the split's name.

    Afterwards the tables can only be used to locate rows, see `encode_splits`.
    """
    target = preprocessing.target
    y = {name: target.read(table)[rows] for name, (table, rows) in splits.items()}
    for name, (table, rows) in splits.items() if target.kind == "numbers" else ():
        refuse_unfit(table, rows, target.names, y[name], dtype)
    weight = {
        name: row_weights(table, preprocessing.weight, rows, f"{name} rows")
        for name, (table, rows) in splits.items()
    }
    x = encode_splits(splits, preprocessing, dtype)
    return {name: Rows(x[name], y[name], weight[name]) for name in splits}
