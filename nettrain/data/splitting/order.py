"""The order of rows in time, of which the last are held out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import numpy.typing as npt

from nettrain.catalogue.settings import Settings, expects, option
from nettrain.data.cell_formats.date_format import DateFormat
from nettrain.data.columns.dates import date_format, read_dates
from nettrain.data.columns.roles import Column, column_names
from nettrain.data.tables.arrays import AnyArray
from nettrain.data.tables.table import Table, column_numbers, is_text
from nettrain.data.targets.unlabelled import refuse_missing
from nettrain.errors import DataError, quoted

if TYPE_CHECKING:
    import polars as pl

KEY = "data.order"


class OrderBy(Settings):
    """The order of a column of dates or numbers; rows with equal values keep the order of the source."""

    by: Column = option(
        ..., "the column, of dates or numbers without gaps, whose largest values are held out"
    )


Order = Literal["random", "time"] | OrderBy
OrderSetting = Annotated[Order, expects("random, time, or a block such as {by: date}")]


def resolve_order(order: Order, table: Table, targets: Sequence[str]) -> Order:
    """The order with its column's name. Raises DataError when it is not there, or is a target."""
    if not isinstance(order, OrderBy):
        return order
    name = column_names(table, KEY, [order.by])[0]
    if name in targets:
        raise DataError(f'{KEY}: "{name}" is the target, whose largest values would all be held out')
    return OrderBy(by=name)


def read_order(table: Table, order: Order) -> AnyArray | None:
    """Values (N,) of which the largest rows are the last ones in time, None when the order is random.

    Raises DataError at a row without a value, and at a cell that is neither a date nor a number.
    """
    if isinstance(order, OrderBy):
        return column_order(table, str(order.by))
    return np.arange(table.height) if order == "time" else None


def column_order(table: Table, name: str) -> AnyArray:
    """The values (N,) of a column of dates or numbers without gaps, dates in microseconds."""
    refuse_missing(table, name, role="order column", otherwise="")
    series = table.column(name)
    if is_text(series) and holds_dates(series, date_format(table, name)):
        return read_dates(table, name).dt.epoch("us").to_numpy()
    return whole_numbers(series) if is_whole(series) else finite_numbers(table, name)


def holds_dates(series: "pl.Series", written: DateFormat) -> bool:
    """Whether most cells of a column of text are dates, so that the others are mistakes."""
    return 2 * written.read(series).null_count() < series.len()


def is_whole(series: "pl.Series") -> bool:
    """Whether all cells are whole numbers of 64 bits, some of which a float could not tell apart."""
    import polars as pl

    return not series.dtype.is_float() and not series.cast(pl.Int64, strict=False).has_nulls()


def whole_numbers(series: "pl.Series") -> npt.NDArray[np.int64]:
    """The cells (N,) as whole numbers."""
    import polars as pl

    return series.cast(pl.Int64).to_numpy()


def finite_numbers(table: Table, name: str) -> AnyArray:
    """The cells (N,) as numbers. Raises DataError at one that is none."""
    values, wrong = column_numbers(table, name)
    if wrong.any():
        row = int(np.argmax(wrong))
        cell = table.column(name)[row]
        more = f" (and {int(wrong.sum()) - 1} more)" if wrong.sum() > 1 else ""
        raise DataError(
            f"{table.at(row)}: column {quoted(name)}: {quoted(cell)} is neither a date nor a finite number"
            f"{more}; {KEY} needs one of them in every row"
        )
    return values
