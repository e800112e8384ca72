"""Inputs of all splits as arrays, encoded in one pass over their tables."""

from collections.abc import Mapping

import numpy as np

from nettrain.data.columns.categories import CategoryColumn
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.tables.arrays import Indices, Numbers
from nettrain.data.tables.table import Table
from nettrain.errors import DataError

CHUNK = 1 << 20  # cells that are encoded at once, in float64, before they are rounded to the run's dtype
FEWEST_ROWS = 256  # of a chunk, as each costs something for every column


def encode_splits(
    splits: Mapping[str, tuple[Table, Indices]],
    preprocessing: Preprocessing,
    dtype: str,
    *,
    finite: bool = True,
) -> dict[str, Numbers]:
    """Inputs (N, D) of the rows of each split, as dtype: computed in float64 and rounded once.

    Tables free the memory of their numbers on the way, so that a large one and its inputs are never in memory
    together: afterwards they can only be used to locate rows. Raises DataError at a cell that does not fit,
    and at a value that is too large for dtype unless `finite` is False.
    """
    x = {name: np.empty((len(rows), preprocessing.inputs), dtype) for name, (_, rows) in splits.items()}
    step = max(FEWEST_ROWS, CHUNK // max(1, preprocessing.inputs))
    for table in {id(table): table for table, _ in splits.values()}.values():
        refuse_invalid_text(table, preprocessing)
        sharing = [(x[name], rows) for name, (other, rows) in splits.items() if other is table]
        for start in range(0, table.height, step):
            for inputs, rows in sharing:
                here = np.flatnonzero((start <= rows) & (rows < start + step))
                encode_rows(inputs, here, table.take(rows[here]), preprocessing, finite=finite)
            table.release(start + step)
    return x


def encode_rows(
    x: Numbers, rows: Indices, table: Table, preprocessing: Preprocessing, *, finite: bool
) -> None:
    """Write the inputs of a table's rows (M,) into the rows (M,) of x."""
    if not len(rows):
        return
    with np.errstate(over="ignore", invalid="ignore"):
        encoded = preprocessing.encode(table).astype(x.dtype)
    if finite:
        refuse_infinite(table, encoded, preprocessing)
    x[rows] = encoded


def refuse_invalid_text(table: Table, preprocessing: Preprocessing) -> None:
    """Raise DataError at a cell of text that is not what its column needs, counting all such cells."""
    for encoder in preprocessing.encoders:
        if encoder.name in table.cell_names and not isinstance(encoder, CategoryColumn):
            encoder.encode(table.select(encoder.name))


def refuse_infinite(table: Table, x: Numbers, preprocessing: Preprocessing) -> None:
    """Raise DataError at the first of the table's inputs (N, D) that is not finite."""
    finite = np.isfinite(x)
    if not finite.all():
        row, feature = np.argwhere(~finite)[0].tolist()
        name = preprocessing.feature_names[feature]
        raise DataError(f'{table.at(row)}: column "{name}": the scaled value is too large for {x.dtype}')
