"""Rows to predict: the inputs of those that can be predicted, and why the others cannot."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nettrain.backend.scratch_file import row_blocks, rows_where
from nettrain.data.deviations import (
    NO_DEVIATIONS,
    RowComparison,
    common_deviations,
    compare_with_training,
)
from nettrain.data.inputs import encode_splits
from nettrain.data.kept import kept_names, read_kept, readable_for
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.layout import read_aligned
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.reading.streams import source_label
from nettrain.data.tables.arrays import Indices, Numbers
from nettrain.data.tables.table import Table, is_infinite
from nettrain.errors import quoted

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class UnpredictableRow:
    """A row that cannot be predicted: its number in the output (from 0), where it stands, and why."""

    row: int
    place: str
    column: str
    reason: str


@dataclass(frozen=True)
class PredictableRows:
    """Inputs x (M, D) of the rows (M,) of an output with `height` rows; the others are `unpredictable`.

    `label` is what reports call the rows, `comparison` says how they differ from the training data. `kept`
    are columns of the data with a cell for each row of the output. `others` are the inputs of the same rows
    by other preprocessings, where several networks predict that were trained on different rows.
    """

    label: str
    x: Numbers
    rows: Indices
    height: int
    unpredictable: list[UnpredictableRow]
    notes: tuple[str, ...]
    comparison: RowComparison = NO_DEVIATIONS
    kept: "tuple[pl.Series, ...]" = ()
    others: tuple[Numbers, ...] = ()

    @property
    def inputs(self) -> tuple[Numbers, ...]:
        """The inputs by each preprocessing."""
        return (self.x, *self.others)


def read_predictable(
    source: str | MemoryTables,
    preprocessing: Preprocessing,
    *,
    seed: int = 0,
    dtype: str,
    split: str | None = None,
    keep: Sequence[str | int] = (),
    others: Sequence[Preprocessing] = (),
) -> PredictableRows:
    """The rows of a source in its order, empty ones among them; `split` as in `rows_of_split`.

    `keep` names columns to keep, see `kept_names`. `others` are preprocessings of the same layout, fitted on
    other rows: a row is left out that one of them cannot encode, and deviations are from the training rows of
    all. Raises DataError when the source cannot be read or lacks a column.
    """
    again = readable_for(source, keep)
    table = read_aligned(again, preprocessing.layout, preprocessing.target_names, seed, split)
    names = kept_names(table, keep)
    kept = read_kept(again, table, names, preprocessing, seed=seed, split=split)
    fitted = (preprocessing, *others)
    comparison = common_deviations([compare_with_training(table, one, names) for one in fitted])
    tables = [*(table.kept_whole() for _ in others), table]
    encoded = [encode_valid(whole, one, dtype) for whole, one in zip(tables, fitted, strict=True)]
    reasons = {row: why for one in reversed(encoded) for row, why in one.reasons.items()}
    valid = rows_but(reasons, table.height)
    output, unpredictable = empty_rows_between(table)
    unpredictable += [UnpredictableRow(int(output[row]), table.at(row), *why) for row, why in reasons.items()]
    unpredictable.sort(key=lambda one: one.row)
    height = table.height + len(unpredictable) - len(reasons)
    label = source_label(source) if isinstance(source, str) else "data"
    x, *rest = (
        one.x if len(one.rows) == len(valid) else rows_where(np.isin(one.rows, valid), one.x)
        for one in encoded
    )
    return PredictableRows(
        label,
        x,
        output[valid],
        height,
        unpredictable,
        table.notes,
        comparison,
        tuple(align_rows(kept, output, height).get_columns()),
        tuple(rest),
    )


def empty_rows_between(table: Table) -> tuple[Indices, list[UnpredictableRow]]:
    """The numbers (N,) of a table's rows in the output, and the empty rows of the source between them."""
    unpredictable = [
        UnpredictableRow(before + k, f"{table.origin}:{line}", "", "holds no value")
        for k, (before, line) in enumerate(table.empty_rows() if table.empty_rows else ())
    ]
    return table.output_rows(), unpredictable


@dataclass(frozen=True)
class EncodedRows:
    """Inputs x (M, D) of those rows (M,) of a table that can be encoded; for the others column and reason."""

    x: Numbers
    rows: Indices
    reasons: Mapping[int, tuple[str, str]]


def encode_valid(table: Table, preprocessing: Preprocessing, dtype: str) -> EncodedRows:
    """The inputs of all rows that can be encoded, see `encode_splits` on what is left of the table."""
    reasons = dict(invalid_cells(table, preprocessing))
    valid = rows_but(reasons, table.height)
    taken = table.take(valid) if reasons else table
    splits = {"rows": (taken, np.arange(len(valid)))}
    x = encode_splits(splits, preprocessing, dtype, finite=False)["rows"]
    finite = np.concatenate([np.isfinite(block).all(axis=1) for block in row_blocks(x)])
    for row in np.flatnonzero(~finite):
        name = preprocessing.feature_names[int(np.argmin(np.isfinite(x[row])))]
        reasons[int(valid[row])] = (name, f"the scaled value is too large for {dtype}")
    if finite.all():
        return EncodedRows(x, valid, reasons)
    return EncodedRows(rows_where(finite, x), valid[finite], reasons)


def rows_but(excluded: Collection[int], height: int) -> Indices:
    """The numbers of so many rows without these."""
    there = np.ones(height, dtype=bool)
    there[list(excluded)] = False
    return np.flatnonzero(there)


def align_rows(frame: "pl.DataFrame", rows: Indices, height: int) -> "pl.DataFrame":
    """A frame of `height` rows with those of another one (M,) in these `rows` (M,) and null in all others."""
    import polars as pl

    indices = np.zeros(height, dtype=np.int64)
    indices[rows] = np.arange(len(rows))
    filled = np.zeros(height, dtype=bool)
    filled[rows] = True
    source, mask = pl.Series(indices), pl.Series(filled)
    return pl.DataFrame(
        [
            column.gather(source).zip_with(mask, pl.Series([None], dtype=column.dtype))
            for column in frame.get_columns()
        ]
    )


def invalid_cells(table: Table, preprocessing: Preprocessing) -> Iterator[tuple[int, tuple[str, str]]]:
    """Rows with a cell that cannot be encoded: its column and what is wrong, the first column last."""
    for encoder in reversed(preprocessing.encoders):
        invalid, expected = encoder.invalid_cells(table)
        rows = np.flatnonzero(invalid)
        if len(rows):
            cells = table.select(encoder.name).take(rows).column(encoder.name)
            for row, cell in zip(rows.tolist(), cells, strict=True):
                infinite = expected == "a number" and is_infinite(str(cell))
                yield (
                    row,
                    (encoder.name, f"{quoted(cell)} is not {'a finite number' if infinite else expected}"),
                )
