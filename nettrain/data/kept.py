"""Columns of the data that are written beside predictions, cell by cell as the source spells them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.reading.sources import can_be_read_again, read_cells, rows_of_split
from nettrain.data.reading.streams import StreamCopy
from nettrain.data.tables.table import Table
from nettrain.errors import DataError, nearest

if TYPE_CHECKING:
    import polars as pl

KEEP = "--keep"  # the option that names the columns


def kept_names(table: Table, settings: str | Iterable[str | int]) -> tuple[str, ...]:
    """The columns that settings name, in their order: each by name or position, or several between commas.

    Raises DataError with the nearest name for others.
    """
    several = (settings,) if isinstance(settings, str) else settings
    names = [name for one in several for name in _names(table, one)]
    return tuple(dict.fromkeys(names))


def _names(table: Table, setting: str | int) -> list[str]:
    name = table.find(setting)
    if name is not None:
        return [name]
    if isinstance(setting, str) and "," in setting:
        return [name for one in setting.split(",") for name in _names(table, one.strip())]
    if isinstance(setting, int) or setting.lstrip("-").isdecimal():
        raise DataError(
            f"{KEEP}: {setting} is not a position in {table.origin}, of {len(table.columns)} columns"
        )
    raise DataError(f'{KEEP}: {table.origin}: no column "{setting}"{nearest(setting, table.columns)}')


def readable_for(
    source: str | MemoryTables, keep: str | Sequence[str | int]
) -> str | MemoryTables | StreamCopy:
    """The source, a stream as a copy if columns are to be kept, for which it is read twice."""
    return can_be_read_again(source) if keep and isinstance(source, str) else source


def read_kept(
    source: str | MemoryTables | StreamCopy,
    table: Table,
    names: Sequence[str],
    preprocessing: Preprocessing,
    *,
    seed: int = 0,
    split: str | None = None,
    memory: MemoryTables | None = None,
) -> "pl.DataFrame":
    """The named columns for the rows of a table from this source, read again: nothing but "" is a gap.

    Cells of text files are text as it stands there, those of other sources have their own types. Without
    names there are no rows either.
    """
    import polars as pl

    if not names:
        return pl.DataFrame()
    positions = [table.columns.index(name) for name in names]
    if isinstance(source, MemoryTables):
        again = source.read("train").table
    else:
        options = preprocessing.layout.options(preprocessing.target_names)
        options = replace(options, missing=("",), text=tuple(positions))
        again = rows_of_split(read_cells(source, options, seed, "", memory), table.origin, split)
    frame = pl.DataFrame(
        [_cells(again, again.columns[i]).alias(name) for i, name in zip(positions, names, strict=True)]
    )
    return frame if table.source_rows is None else frame[table.source_rows]


def _cells(table: Table, name: str) -> "pl.Series":
    """A column in its own type; a float32 becomes the float64 of the same digits."""
    import polars as pl

    series = table.column(name) if table.has_numbers(name) else table.cells.get_column(name)
    if series.dtype == pl.Float32:
        series = series.cast(pl.String).cast(pl.Float64)
    return series.fill_nan(None) if series.dtype.is_float() else series
