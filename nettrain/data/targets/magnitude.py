"""How large and small numbers of a target may be: figures square them, networks read them in a dtype."""

import numpy as np

from nettrain.data.tables.arrays import Floats, Indices, Numbers
from nettrain.data.tables.table import Table
from nettrain.errors import DataError

LARGEST, SMALLEST = 1e150, 1e-150  # the squares of these, and sums of many, are far from the ends of float64


def refuse_large(table: Table, name: str, values: Floats) -> None:
    """Raise DataError at the first of a table's values (N,) whose square could overflow."""
    wrong = np.abs(values) > LARGEST
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f'{table.at(row)}: target "{name}": {values[row]:g} is too large (at most {LARGEST:g});'
            " divide the column by a power of ten"
        )


def refuse_small(table: Table, name: str, values: Floats) -> None:
    """Raise DataError when the values of training rows (M,) differ, but so little that squares underflow."""
    spread = float(values.max() - values.min())
    if 0 < spread < SMALLEST:
        raise DataError(
            f'{table.origin}: target "{name}": its values differ by {spread:g} at most, which is too small'
            f" (at least {SMALLEST:g}); multiply the column by a power of ten"
        )


def refuse_unfit(table: Table, rows: Indices, names: tuple[str, ...], y: Numbers, dtype: str) -> None:
    """Raise DataError when a dtype cannot hold the scaled targets y (M, K) of a table's rows (M,).

    That is at a value above its range, and when all of a target are below it and would become 0.
    """
    limits = np.finfo(np.dtype(dtype))
    way_out = "write data.target_scaling: standard, or backend.dtype: float64"
    for name, values in zip(names, np.abs(y).T, strict=True):
        most = float(values.max(initial=0.0))
        if most > float(limits.max):
            row = int(rows[int(np.argmax(values))])
            raise DataError(f'{table.at(row)}: target "{name}": {most:g} is too large for {dtype}; {way_out}')
        if 0 < most < float(limits.tiny):
            raise DataError(f'{table.origin}: target "{name}": {most:g} is too small for {dtype}; {way_out}')
