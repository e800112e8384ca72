"""Renames: cells of the target under other names, before anything else is made of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nettrain.data.tables.spelling import Form, as_text, normalized
from nettrain.data.tables.table import Table
from nettrain.errors import did_you_mean, quoted

if TYPE_CHECKING:
    import polars as pl

FORMS: tuple[Form, ...] = ("booleans", "integers", "text")  # the exact spelling counts most


def rename_cells(table: Table, names: Sequence[str], renames: Mapping[str, str]) -> Table:
    """The table with the cells of these columns renamed, where it has them.

    A rename of `1` is one of `1.0` too, and one of `true` is one of `True`.
    """
    for name in names if renames else ():
        if name in table.columns:
            cells = as_text(table, name)
            new = {cell: renames[key] for cell, key in renamed_keys(cells, renames).items()}
            table = with_text(table, cells.replace(new))
    return table


def renamed_keys(cells: "pl.Series", renames: Iterable[str]) -> dict[str, str]:
    """The rename that applies to each distinct cell of text, where one does."""
    distinct = cells.drop_nulls().unique()
    keys: dict[str, str] = {}
    for form in FORMS:
        pairs = zip(distinct, normalized(distinct, form), strict=True)
        keys |= {cell: key for cell, key in pairs if key in renames}
    return keys


def with_text(table: Table, cells: "pl.Series") -> Table:
    """The table with a column of text in place of the one of its name."""
    formatted = {name: one for name, one in table.formatted.items() if name != cells.name}
    return replace(
        table, cells=table.cells.with_columns(cells), names=tuple(table.columns), formatted=formatted
    )


def unused_renames(tables: Sequence[Table], names: Sequence[str], renames: Mapping[str, str]) -> list[str]:
    """Notes on renames of cells that none of the tables, not renamed yet, has."""
    spellings: dict[str, None] = {}
    used: set[str] = set()
    for table in tables if renames else ():
        for name in {*names} & {*table.columns}:
            cells = as_text(table, name)
            used |= {*renamed_keys(cells, renames).values()}
            spellings |= dict.fromkeys(cells.drop_nulls().unique())
    return [
        f"data.labels: no cell of the target is {quoted(cell)}{did_you_mean(cell, spellings)}"
        for cell in renames
        if cell not in used
    ]
