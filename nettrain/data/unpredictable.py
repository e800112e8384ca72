"""Rows to predict: the inputs of those that can be, and why the others cannot."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nettrain.data.inputs import Inputs, encode_parts
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.layout import read_aligned
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.tables.table import Table, is_infinite

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class UnpredictableRow:
    """A row that cannot be predicted: which of the output's (from 0), where it stands, and why."""

    row: int
    place: str
    column: str
    reason: str


@dataclass(frozen=True)
class Predictable:
    """Inputs x (M, D) of the rows (M,) of an output with `height` rows, of which the others are unfit."""

    x: Inputs
    rows: Indices
    height: int
    unfit: list[UnpredictableRow]
    notes: tuple[str, ...]


def read_predictable(
    source: str | MemoryTables,
    preprocessing: Preprocessing,
    *,
    seed: int = 0,
    dtype: str,
    half: str | None = None,
) -> Predictable:
    """The rows of a source in its order, those left out for being empty among them; `half` as in `half_of`.

    Raises DataError when the source cannot be read or lacks a column.
    """
    table = read_aligned(source, preprocessing.layout, preprocessing.target_names, seed, half)
    empty = np.array(table.empty() if table.empty else [], dtype=np.int64).reshape(-1, 2)
    places = np.arange(table.height) + np.searchsorted(empty[:, 0], np.arange(table.height), side="right")
    unfit = [
        UnpredictableRow(int(before) + k, f"{table.place}:{line}", "", "holds no value")
        for k, (before, line) in enumerate(empty)
    ]
    wrong = dict(wrong_cells(table, preprocessing))
    fitting = np.array([row for row in range(table.height) if row not in wrong], dtype=np.int64)
    x = encode_parts(
        {"rows": (table.take(fitting) if wrong else table, np.arange(len(fitting)))},
        preprocessing,
        dtype,
        finite=False,
    )["rows"]
    finite = np.isfinite(x).all(axis=1)
    for row in np.flatnonzero(~finite):
        name = preprocessing.feature_names[int(np.argmin(np.isfinite(x[row])))]
        wrong[int(fitting[row])] = (name, f"the scaled value is too large for {dtype}")
    unfit += [UnpredictableRow(int(places[row]), table.at(row), *why) for row, why in wrong.items()]
    unfit.sort(key=lambda one: one.row)
    height = table.height + len(empty)
    return Predictable(x[finite], places[fitting[finite]], height, unfit, table.notes)


def wrong_cells(table: Table, preprocessing: Preprocessing) -> Iterator[tuple[int, tuple[str, str]]]:
    """Rows that have a cell which cannot be encoded: its column and what is wrong, the first column last."""
    for encoder in reversed(preprocessing.encoders):
        mask, expected = encoder.unfit(table)
        rows = np.flatnonzero(mask)
        if len(rows):
            cells = table.select(encoder.name).take(rows).column(encoder.name)
            for row, cell in zip(rows.tolist(), cells, strict=True):
                infinite = expected == "a number" and is_infinite(str(cell))
                yield row, (encoder.name, f'"{cell}" is not {"a finite number" if infinite else expected}')
