"""Inputs of all splits as arrays, encoded in one walk down their tables."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.data.columns.categories import TextColumn
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.tables.table import Table
from nettrain.errors import DataError

CHUNK = 1 << 20  # cells that are encoded at once, in float64, before they get the run's dtype
Indices = npt.NDArray[np.int64]
Inputs = npt.NDArray[Any]


def encode_parts(
    parts: Mapping[str, tuple[Table, Indices]],
    preprocessing: Preprocessing,
    dtype: str,
    *,
    finite: bool = True,
) -> dict[str, Inputs]:
    """Inputs (N, D) of the rows of each part, as dtype: computed in float64 and rounded once.

    Tables give back the memory of their numbers on the way, so that a large one and its inputs are never
    there together: they are of no use afterwards but to name places. Raises DataError at a cell that does
    not fit, and at a value that is too large for dtype unless `finite` is False.
    """
    x = {name: np.empty((len(rows), preprocessing.inputs), dtype) for name, (_, rows) in parts.items()}
    step = max(1, CHUNK // max(1, preprocessing.inputs))
    for table in {id(table): table for table, _ in parts.values()}.values():
        refuse_unfit(table, preprocessing)
        sharing = [(x[name], rows) for name, (other, rows) in parts.items() if other is table]
        for start in range(0, table.height, step):
            for inputs, rows in sharing:
                here = np.flatnonzero((start <= rows) & (rows < start + step))
                encode_some(inputs, here, table.take(rows[here]), preprocessing, finite=finite)
            table.forget(start + step)
    return x


def encode_some(
    x: Inputs, rows: Indices, table: Table, preprocessing: Preprocessing, *, finite: bool
) -> None:
    """Write the inputs of a table's rows (M,) into the rows (M,) of x."""
    if not len(rows):
        return
    with np.errstate(over="ignore", invalid="ignore"):
        some = preprocessing.encode(table).astype(x.dtype)
    if finite:
        refuse_infinite(table, some, preprocessing)
    x[rows] = some


def refuse_unfit(table: Table, preprocessing: Preprocessing) -> None:
    """Raise DataError at a cell of text that is not what its column needs, counting all such cells."""
    for encoder in preprocessing.encoders:
        if encoder.name in table.cells.columns and not isinstance(encoder, TextColumn):
            encoder.encode(table.select(encoder.name))


def refuse_infinite(table: Table, x: Inputs, preprocessing: Preprocessing) -> None:
    """Raise DataError at the first of the table's inputs (N, D) that is not finite."""
    finite = np.isfinite(x)
    if not finite.all():
        row, place = np.argwhere(~finite)[0].tolist()
        name = preprocessing.feature_names[place]
        raise DataError(f'{table.at(row)}: column "{name}": the scaled value is too large for {x.dtype}')
