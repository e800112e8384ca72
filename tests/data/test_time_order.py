"""Whether a table's rows lie in the order of time, and which column says so."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from nettrain.data.columns.column_formats import detect_formats
from nettrain.data.columns.profiles import column_profiles
from nettrain.data.splitting.order import OrderBy
from nettrain.data.tables.table import Table
from nettrain.data.time_order import calendar_names, time_order

N = 60
DAYS = [f"{datetime(2023, 11, 5) + timedelta(i // 2):%Y-%m-%d}" for i in range(N)]
HOURS = [datetime(2023, 12, 30) + timedelta(hours=3 * i) for i in range(N)]
SHUFFLED = random.Random(0).sample(range(N), N)


def found(**columns):
    table = Table.of({**columns, "x": [i * 7 % 11 / 2 for i in range(N)]})
    table = replace(table, formats=detect_formats(table, table.columns).formats)
    result = time_order(table, column_profiles(table))
    order = result.order
    return (order.model_dump() if isinstance(order, OrderBy) else order), result.columns


def shuffled(cells):
    return [cells[i] for i in SHUFFLED]


def test_rows_sorted_by_a_date_are_in_the_order_of_time():
    assert ("time", ("when",)) == found(when=DAYS)
    gaps = [None if i % 9 == 4 else day for i, day in enumerate(DAYS)]
    assert ("time", ("when",)) == found(when=gaps)
    assert ("time", ("end",)) == found(born=shuffled(DAYS), end=DAYS)


def test_rows_in_no_order_are_held_out_at_random_whatever_dates_they_have():
    assert ("random", ("when",)) == found(when=shuffled(DAYS))
    assert ("random", ()) == found(y=[i / 7 for i in range(N)])


def test_the_latest_first_or_several_series_are_put_in_order_by_the_column():
    assert ({"by": "when"}, ("when",)) == found(when=DAYS[::-1])
    assert ({"by": "when"}, ("when",)) == found(when=DAYS[:40] + DAYS[:20])
    gaps = [None if i == 4 else day for i, day in enumerate(DAYS[::-1])]
    assert ("random", ("when",)) == found(when=gaps)  # which could not be put in order


def test_few_changes_may_be_chance():
    assert ("random", ("when",)) == found(when=["2024-01-01"] * 59 + ["2024-01-02"])
    assert ("random", ("when",)) == found(when=["2024-01-01"] * 30 + ["2024-01-02"] + ["2024-01-01"] * 29)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timestamp", lambda t: int(t.timestamp())),
        ("event_time", lambda t: int(t.timestamp() * 1000)),
        ("Date", lambda t: int(f"{t:%Y%m%d}")),
        ("when", lambda t: int(f"{t + (t - HOURS[0]) * 7:%Y%m%d}")),
        ("orderDate", lambda t: int(f"{t:%Y%m%d}")),
        ("date of sale", lambda t: int(f"{t + (t - HOURS[0]) * 29:%Y%m}")),
    ],
)
def test_numbers_that_spell_a_moment(name, value):
    cells = list(map(value, HOURS))
    assert ("time", (name,)) == found(**{name: cells})
    assert ("random", (name,)) == found(**{name: shuffled(cells)})


def test_numbers_that_only_grow_are_no_time():
    assert ("random", ()) == found(time=[4 + i // 2 for i in range(N)])  # days until an event
    assert ("random", ()) == found(price=[20240101 + i for i in range(N)])
    assert ("random", ()) == found(date=[20240101 + 50 * i for i in range(N)])


def test_a_date_in_columns_of_its_own():
    parts = {
        "year": [t.year for t in HOURS],
        "month": [t.month for t in HOURS],
        "day": [t.day for t in HOURS],
        "hr": [t.hour for t in HOURS],
    }
    assert ("time", ("year", "month", "day", "hr")) == found(**parts)
    assert ("random", ("year",)) == found(**{name: shuffled(cells) for name, cells in parts.items()})
    assert ("random", ()) == found(month=parts["month"], day=parts["day"])  # of which year?


def test_a_year_alone_is_an_order_only_where_it_differs_in_every_row():
    assert ("time", ("Year",)) == found(Year=[1950 + i for i in range(N)])
    assert ("random", ("year",)) == found(year=[1970 + i // 5 for i in range(N)])


def test_the_columns_of_a_date_from_the_largest_unit_to_the_smallest():
    assert [("Year", 1), ("mm", 13), ("day", 32), ("hr", 24), ("min", 60)] == calendar_names(
        ["min", "x", "hr", "day", "mm", "Year"]
    )
    assert [("Year", 1)] == calendar_names(["day", "Year"]), "without a month a day says nothing"
