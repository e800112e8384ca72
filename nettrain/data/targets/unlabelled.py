"""Rows without a target: refused with their lines, or left out and counted."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nettrain.data.tables.spelling import missing
from nettrain.data.tables.table import Table, counted
from nettrain.errors import DataError

SHOWN = 5


def refuse_missing(
    table: Table, name: str, role: str = "target", otherwise: str = ", or set data.missing_target: drop"
) -> None:
    """Raise DataError when rows have no value in a column of this role, with the places of the first."""
    rows = np.flatnonzero(missing(table, name))
    if len(rows):
        raise DataError(
            f'{table.at(int(rows[0]))}: {role} "{name}": {counted(len(rows), "row")} without a value '
            f"({where(table, rows)}); fill or remove them{otherwise}"
        )


def drop_missing(table: Table, names: Sequence[str]) -> tuple[Table, str]:
    """The rows that have all these targets, and a note on the others ("" when there are none).

    Raises DataError when no row is left.
    """
    gaps = np.any([missing(table, name) for name in names], axis=0)
    rows = np.flatnonzero(gaps)
    if not len(rows):
        return table, ""
    if gaps.all():
        raise DataError(f"{table.place}: no row has a target")
    note = f"{table.place}: {counted(len(rows), 'row')} without a target left out ({where(table, rows)})"
    return table.take(np.flatnonzero(~gaps)), note


def where(table: Table, rows: npt.NDArray[np.int64]) -> str:
    """`at 3, 5 and 2 more`: the lines of rows in their table."""
    lines = [table.at(int(row)).removeprefix(f"{table.place}:") for row in rows[:SHOWN]]
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"at {', '.join(lines)}{more}"
