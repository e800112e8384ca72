"""Rows without a target: refused with their lines, or dropped and counted."""

from collections.abc import Sequence

import numpy as np

from nettrain.data.tables.arrays import Indices
from nettrain.data.tables.spelling import is_missing
from nettrain.data.tables.table import Table, counted
from nettrain.errors import DataError

SHOWN_ROWS = 5


def refuse_missing(
    table: Table, name: str, role: str = "target", otherwise: str = ", or set data.missing_target: drop"
) -> None:
    """Raise DataError when rows have no value in a column of this role, with the lines of the first."""
    rows = np.flatnonzero(is_missing(table, name))
    if len(rows):
        raise DataError(
            f'{table.at(int(rows[0]))}: {role} "{name}": {counted(len(rows), "row")} without a value '
            f"({lines_text(table, rows)}); fill or remove them{otherwise}"
        )


def drop_missing(table: Table, names: Sequence[str]) -> tuple[Table, str]:
    """The rows that have all these targets, and a note on the others ("" when there are none).

    Raises DataError when no row is left.
    """
    gaps = np.any([is_missing(table, name) for name in names], axis=0)
    rows = np.flatnonzero(gaps)
    if not len(rows):
        return table, ""
    if gaps.all():
        raise DataError(f"{table.origin}: no row has a target")
    lines = lines_text(table, rows)
    note = f"{table.origin}: {counted(len(rows), 'row')} without a target left out ({lines})"
    return table.take(np.flatnonzero(~gaps)), note


def lines_text(table: Table, rows: Indices) -> str:
    """`at 3, 5 and 2 more`: the lines of rows in their table."""
    lines = [table.at(int(row)).removeprefix(f"{table.origin}:") for row in rows[:SHOWN_ROWS]]
    more = f" and {len(rows) - SHOWN_ROWS} more" if len(rows) > SHOWN_ROWS else ""
    return f"at {', '.join(lines)}{more}"
