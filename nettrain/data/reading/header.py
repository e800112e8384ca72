"""Whether the first row of a text file names its columns, and how."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nettrain.data.tables.table import are_numbers, as_numbers, check_names

if TYPE_CHECKING:
    import polars as pl


def looks_like_header(frame: "pl.DataFrame") -> bool:
    """Whether a column holds numbers except in its first cell, or all is text and no first cell recurs."""
    import polars as pl

    cells, below = frame.row(0), frame.slice(1)
    texts = as_numbers(pl.Series(cells, dtype=pl.String))[1].tolist()
    first = [None if cell is None else not text for cell, text in zip(cells, texts, strict=True)]
    gaps = below.null_count().row(0)
    numeric = [number and n < below.height for number, n in zip(are_numbers(below), gaps, strict=True)]
    if any(numeric):
        return any(n and cell is False for n, cell in zip(numeric, first, strict=True))
    recurs = [cell in column for cell, column in zip(cells, below.get_columns(), strict=True)]
    return True not in first and not any(recurs)


def column_names(cells: Sequence[object], origin: str) -> tuple[str, ...]:
    """The names in a header; an empty one becomes its position. Raises DataError when two are equal."""
    names = tuple(f"column_{i}" if cell is None else str(cell) for i, cell in enumerate(cells))
    check_names(names, origin)
    return names
