"""Renames: cells of the target under other names, before anything else is made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nettrain.data.tables.spelling import as_text
from nettrain.data.tables.table import Table
from nettrain.errors import did_you_mean


def rename_cells(table: Table, names: Sequence[str], renames: Mapping[str, str]) -> Table:
    """The table with the cells of these columns renamed, where it has them; numbers match by value too."""
    for name in names if renames else ():
        if name in table.columns:
            cells = zip(as_text(table, name), as_text(table, name, numeric=True), strict=True)
            new = [renames.get(cell, renames.get(spelled, cell)) for cell, spelled in cells]
            table = with_text(table, name, new)
    return table


def with_text(table: Table, name: str, cells: Sequence[str | None]) -> Table:
    """The table with text in place of a column."""
    import polars as pl

    frame = table.cells.with_columns(pl.Series(name, cells, pl.String))
    return replace(table, cells=frame, names=tuple(table.columns))


def unused_renames(tables: Sequence[Table], names: Sequence[str], renames: Mapping[str, str]) -> list[str]:
    """Notes on renames of cells that none of the tables, not renamed yet, has."""
    spellings: dict[str, None] = {}
    for table in tables if renames else ():
        for name in {*names} & {*table.columns}:
            both = [as_text(table, name, numeric=numeric).unique().to_list() for numeric in (False, True)]
            spellings |= dict.fromkeys(cell for cells in both for cell in cells if cell is not None)
    return [
        f'data.labels: no cell of the target is "{cell}"{did_you_mean(cell, spellings)}'
        for cell in renames
        if cell not in spellings
    ]
