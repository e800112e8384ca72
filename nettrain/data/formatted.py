"""A source read with the formats of its columns: dates, and numbers as people write them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from nettrain.data.cell_formats.number_format import NumberFormat
from nettrain.data.columns.column_formats import (
    ColumnFormats,
    columns_of_thousands,
    detect_formats,
    fractional_columns,
)
from nettrain.data.reading.gaps import with_formats
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.settings import DataSettings
from nettrain.data.splitting.order import OrderBy, resolve_order
from nettrain.data.tables.arrays import Floats
from nettrain.data.tables.table import Table, column_numbers, is_text
from nettrain.data.targets.target import target_columns
from nettrain.errors import DataError, nearest

if TYPE_CHECKING:
    import polars as pl

WHOLE = NumberFormat(",", ".", "", "1.234,5")  # whole numbers among columns with decimal commas


@dataclass(frozen=True)
class KnownFormats:
    """What the settings say of formats: the decimal mark ("" where they do not), and patterns of dates."""

    decimal: str = ""
    dates: Mapping[str, str] = field(default_factory=dict)


def read_formatted(
    read: Callable[[ReadOptions], Source],
    options: ReadOptions,
    columns: Callable[[Source], Iterable[str]],
    known: KnownFormats,
) -> tuple[Source, ColumnFormats]:
    """The source that `read` returns, its tables with the formats of these columns.

    In a text file, numbers such as `1.234` are read once more as text, where they may be 1234.
    """
    source = read(replace(options, text=(*options.text, *known.dates)))
    formats = detect_formats(source.table, columns(source), known.decimal, known.dates)
    pointed = pointed_columns(source.table, formats.decimal)
    if pointed:
        again = read(replace(options, text=(*options.text, *known.dates, *pointed)))
        found = detect_formats(again.table, columns(again), formats.decimal, known.dates)
        if found.decimal or found.pointed:
            source, formats = again, found
    table = with_formats(source.table, formats.formats, options.missing)
    test = source.test and with_formats(source.test, formats.formats, options.missing)
    return replace(source, table=table, test=test), formats


def whole_formats(
    read: Callable[[ReadOptions], Source], options: ReadOptions, source: Source, names: Sequence[str]
) -> dict[str, NumberFormat]:
    """The format that other files have in columns of a text file with decimal commas that lack a mark.

    Its whole numbers are read as they are; in another file 1.500 is 1500 and 1.5 is no number.
    """
    table = source.table
    plain = [name for name in names if name not in table.formats and not column_numbers(table, name)[1].any()]
    if table.typed or not plain:
        return {}
    again = read(replace(options, text=(*options.text, *plain))).table
    return {name: WHOLE for name in plain if is_written(again.column(name), column_numbers(table, name)[0])}


def is_written(cells: "pl.Series", numbers: Floats) -> bool:
    """Whether cells of text (N,) have no decimal mark, and are these numbers (N,) in the format `WHOLE`."""
    if not is_text(cells) or cells.str.contains(r"[.,]").any():
        return False
    values, wrong = WHOLE.numbers(cells)
    return not wrong.any() and np.array_equal(values, numbers, equal_nan=True)


def pointed_columns(table: Table, decimal: str) -> list[str]:
    """The columns of a text file, read as numbers, whose points may stand between thousands."""
    if table.typed or decimal == ".":
        return []
    return fractional_columns(table) if decimal == "," else columns_of_thousands(table)


def target_names(source: Source, settings: DataSettings) -> tuple[str, ...]:
    """The names of the target's columns, by the settings or by the source."""
    return target_columns(source.table, source.target if settings.target is None else settings.target)


def formatted_columns(source: Source, settings: DataSettings) -> list[str]:
    """The columns of dates and numbers, whose cells may have a format: neither categories, text nor classes.

    Raises DataError where `data.dates` names another one.
    """
    targets = target_names(source, settings)
    roles = settings.columns.resolve(source.table, targets)
    texts = set(roles.texts)
    names = [name for name in roles.inputs(source.table, targets) if name not in texts]
    names += [roles.weight] if roles.weight else []
    names += order_columns(source, settings, targets)
    for name in settings.dates:
        if name not in names:
            raise not_of_dates(source.table, name)
    names += targets if settings.target_kind != "classes" else ()
    return list(dict.fromkeys(names))


def not_of_dates(table: Table, name: str) -> DataError:
    """The error of a column in `data.dates` that is not there, or has another role."""
    if name in table.known_names:
        return DataError(f'data.dates: "{name}" is not a column of dates, but has another role')
    return DataError(f'data.dates: {table.origin}: no column "{name}"{nearest(name, table.columns)}')


def refuse_open_formats(formats: ColumnFormats, source: Source, settings: DataSettings) -> None:
    """Raise DataError where a column that has to hold numbers or dates may be read in two ways."""
    targets = target_names(source, settings)
    roles = settings.columns.resolve(source.table, targets)
    if settings.target_kind != "classes":
        formats.refuse_open(source.table, targets, "target")
    formats.refuse_open(source.table, roles.numeric, "column")
    formats.refuse_open(source.table, [roles.weight] if roles.weight else [], "weight")
    formats.refuse_open(source.table, order_columns(source, settings, targets), "order column")
    formats.refuse_strays(source.table, roles.inputs(source.table, targets))


def order_columns(source: Source, settings: DataSettings, targets: Sequence[str]) -> list[str]:
    """The column by which rows are ordered, if there is one."""
    order = resolve_order(settings.order, source.table, targets)
    return [str(order.by)] if isinstance(order, OrderBy) else []
