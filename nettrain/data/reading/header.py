"""Whether the first row of a text file names its columns, and how."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nettrain.data.tables.table import as_numbers, refuse_twice

if TYPE_CHECKING:
    import polars as pl


def looks_like_header(frame: "pl.DataFrame") -> bool:
    """Whether a column holds numbers except in its first cell, or all is text and no first cell recurs."""
    first = [_is_number(cell) for cell in frame.row(0)]
    below = frame.slice(1)
    numeric = [_all_numbers(column) for column in below.get_columns()]
    if any(numeric):
        return any(n and cell is False for n, cell in zip(numeric, first, strict=True))
    recurs = [cell in column for cell, column in zip(frame.row(0), below.get_columns(), strict=True)]
    return True not in first and not any(recurs)


def _is_number(cell: str | None) -> bool | None:
    import polars as pl

    return None if cell is None else not as_numbers(pl.Series([cell]))[1].any()


def _all_numbers(column: "pl.Series") -> bool:
    return column.null_count() < column.len() and not as_numbers(column)[1].any()


def column_names(cells: Sequence[object], origin: str) -> tuple[str, ...]:
    """The names in a header; an empty one becomes its position. Raises DataError when two are equal."""
    names = tuple(f"column_{i}" if cell is None else str(cell) for i, cell in enumerate(cells))
    refuse_twice(names, origin)
    return names
