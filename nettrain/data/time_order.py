"""Whether a table's rows lie in the order of time, so that a random split would mix past and future."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nettrain.data.columns.dates import date_format
from nettrain.data.columns.profiles import ColumnProfile
from nettrain.data.splitting.order import Order, OrderBy
from nettrain.data.tables.arrays import Floats
from nettrain.data.tables.spelling import as_text
from nettrain.data.tables.table import Table, column_numbers

FEWEST_STEPS = 3  # from one row to a later one; fewer may be chance
RUN = 10  # steps forward for one backward, on average, are no chance either
FEWEST_DATES = 10  # that numbers spell, to be dates whatever their column is called
LATEST_DIGITS = 22001231  # the largest number that is read as a date
DATED = re.compile(
    r"(?i:(^|[_ .-])(date|time|datetime|timestamp|ts|epoch)($|[_ .-]))|[a-z](Date|Time)([A-Z]|$)"
)
CALENDAR = (  # names of columns that make up a date, and what to multiply the larger units by
    (("year", "yyyy"), 1),
    (("month", "mnth", "mm"), 13),
    (("day", "dom", "dd"), 32),
    (("hour", "hr", "hh"), 24),
    (("minute", "min"), 60),
)
YEARS = (1500, 2200)  # that a column of years may have
# seconds since 1970, from 1980 to 2100, and the same in milliseconds, microseconds and nanoseconds
EPOCHS = tuple((3.15e8 * unit, 4.1e9 * unit) for unit in (1, 1e3, 1e6, 1e9))


@dataclass(frozen=True)
class TimeOrder:
    """The order in which rows should be held out, and the columns that say so.

    When the order is random, the `columns` hold dates nevertheless. With `blocks` rows may be held out in
    blocks of time, one after another; otherwise the latest are.
    """

    order: Order = "random"
    columns: tuple[str, ...] = ()
    blocks: bool = True


def time_order(table: Table, columns: Sequence[ColumnProfile]) -> TimeOrder:
    """The order of a table's rows by those of its columns that tell a time.

    Rows in ascending order are in the order of time. Rows in descending order, or in order but for some, need
    the column to be put in order.
    """
    dated = list(times(table, columns))
    for names, moments in dated:
        forward, backward = steps(moments)
        if forward >= FEWEST_STEPS and not backward:
            return TimeOrder("time", names)
    for names, moments in dated:
        sortable = len(names) == 1 and not np.isnan(moments).any()
        if sortable and in_runs(*steps(moments)):
            return TimeOrder(OrderBy(by=names[0]), names)
    single = tuple(names[0] for names, _ in dated if len(names) == 1)
    return TimeOrder("random", single or years(table, columns))


def years(table: Table, columns: Sequence[ColumnProfile]) -> tuple[str, ...]:
    """The column of years, which are too coarse to say that rows lie in their order."""
    names = calendar_names([c.name for c in columns if c.kind == "numbers" and c.integer and not c.constant])
    return tuple(name for name, _ in names[:1] if between(numbers(table, name), *YEARS))


def steps(moments: Floats) -> tuple[int, int]:
    """How often the next row is later, and how often it is earlier; rows without a time are passed over."""
    differences = np.diff(moments[~np.isnan(moments)])
    return int((differences > 0).sum()), int((differences < 0).sum())


def in_runs(forward: int, backward: int) -> bool:
    """Whether rows follow each other in time, forward or backward, but for a few."""
    fewer, more = sorted((forward, backward))
    return more >= max(FEWEST_STEPS, RUN * fewer)


def times(table: Table, columns: Sequence[ColumnProfile]) -> Iterator[tuple[tuple[str, ...], Floats]]:
    """Columns that tell the time of each row, alone or together, with a number (N,) that grows with it."""
    for column in columns:
        if column.kind == "dates" and not column.wrong_date:
            dates = date_format(table, column.name).read(as_text(table, column.name))
            moments = dates.dt.epoch("us").to_numpy()
            yield (column.name,), np.asarray(moments, dtype=np.float64)
        elif column.kind == "numbers" and column.integer and tells_time(table, column):
            yield (column.name,), numbers(table, column.name)
    yield from calendar_times(table, [c for c in columns if c.kind == "numbers" and c.integer])


def tells_time(table: Table, column: ColumnProfile) -> bool:
    """Whether whole numbers are moments: by their name and size, or as many digits of dates."""
    named = bool(DATED.search(column.name))
    if not named and (column.distinct < FEWEST_DATES or column.high > LATEST_DIGITS):
        return False
    values = numbers(table, column.name)
    return is_digits_of_date(values) or (named and is_epoch(values))


def calendar_times(
    table: Table, columns: Sequence[ColumnProfile]
) -> Iterator[tuple[tuple[str, ...], Floats]]:
    """The columns year, month, day and so on, as far as they are there, if they tell the time of each row.

    A year alone does when it differs from row to row.
    """
    names = calendar_names([column.name for column in columns])
    if not names:
        return
    moments = np.zeros(table.height)
    for name, units in names:
        moments = moments * units + numbers(table, name)
    dates_rows = len(names) > 1 or len(np.unique(moments)) == len(moments)
    if dates_rows and between(numbers(table, names[0][0]), *YEARS):
        yield tuple(name for name, _ in names), moments


def calendar_names(names: Sequence[str]) -> list[tuple[str, int]]:
    """The columns that make up a date, the largest unit first, each with the factor of the units before."""
    parts: list[tuple[str, int]] = []
    for spellings, units in CALENDAR:
        name = next((name for name in names if name.lower() in spellings), None)
        if name is None:
            break
        parts.append((name, units))
    return parts


def numbers(table: Table, name: str) -> Floats:
    """The numbers (N,) of a column, NaN in gaps."""
    return column_numbers(table, name)[0]


def is_epoch(values: Floats) -> bool:
    """Whether all values count from 1970."""
    return any(between(values, low, high) for low, high in EPOCHS)


def is_digits_of_date(values: Floats) -> bool:
    """Whether all values are dates such as 20240229, or months such as 202402."""
    return is_digits_of_month(values) or (is_digits_of_month(values // 100) and between(values % 100, 1, 31))


def is_digits_of_month(values: Floats) -> bool:
    """Whether all values are months such as 202402."""
    return between(values // 100, *YEARS) and between(values % 100, 1, 12)


def between(values: Floats, low: float, high: float) -> bool:
    """Whether all values lie in a range; gaps do not count."""
    present = values[~np.isnan(values)]
    return bool(present.size and (present >= low).all() and (present <= high).all())
