"""Dates in the forms that people write: detection by all cells of a column, patterns, and their values."""

import random
from datetime import datetime, timedelta

import polars as pl
import pytest

from nettrain.data.cell_formats.date_detection import detect_dates
from nettrain.data.cell_formats.date_format import DateFormat, pattern_error
from nettrain.data.cell_formats.formats import detect_format, format_from_json, format_json

WRITTEN = [  # as Python's strftime writes them
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%-m-%-d",
    "%Y/%m/%d",
    "%Y/%-m/%-d %H:%M",
    "%Y.%m.%d",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%-d.%-m.%Y",
    "%d. %m. %Y",
    "%d/%m/%Y",
    "%d/%m/%Y %H:%M:%S",
    "%d-%m-%Y",
    "%m/%d/%Y",
    "%-m/%-d/%Y",
    "%-m/%-d/%Y %-I:%M %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%d.%m.%y",
    "%m/%d/%y",
    "%-d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%-d %B %Y %H:%M",
    "%b %-d, %Y",
    "%B %d %Y",
    "%a, %d %b %Y",
    "%A, %B %-d %Y",
    "%Y年%-m月%-d日",
    "%-m/%-d/%Y, %-I:%M:%S %p",
    "%Y-%m-%d %H:%M:%S UTC",
    "%Y-%m-%dT%H:%M:%SZ",
    "%B %-dth, %Y",
    "%b-%Y",
    "%B %Y",
    "%m/%Y",
    "%Y-%m",
]


def moments(count=200):
    draw = random.Random(4)
    start = datetime(2001, 1, 1)
    return [start + timedelta(seconds=draw.randrange(700_000_000)) for _ in range(count)]


@pytest.mark.parametrize("written", WRITTEN)
def test_dates_are_read_as_strptime_reads_them(written):
    cells = [moment.strftime(written) for moment in moments()]
    expected = [datetime.strptime(cell, written.replace("%-", "%")) for cell in cells]
    series = pl.Series("d", [*cells, None, "soon"])
    found = detect_format(series).format
    assert [*expected, None, None] == found.read(series).to_list()
    assert [len(cells) + 1] == found.wrong(series).nonzero()[0].tolist()
    assert format_from_json(format_json(found)) == found
    assert not pattern_error(found.pattern)
    assert found.read(pl.Series([found.example]))[0] in (datetime(2024, 2, 29), datetime(2024, 2, 1))


def test_offsets_become_utc():
    cells = pl.Series(["31.12.2024 07:00+02:00", "31.12.2024 07:00 GMT", "31.12.2024"])
    assert [
        datetime(2024, 12, 31, 5),
        datetime(2024, 12, 31, 7),
        datetime(2024, 12, 31),
    ] == detect_dates(cells).format.read(cells).to_list()


@pytest.mark.parametrize(
    ("cells", "first", "second", "patterns"),
    [
        (["1/2/2011", "3/4/2011"], "1 February 2011", "2 January 2011", '"%d/%m/%Y" or "%m/%d/%Y"'),
        (["01-02-2011 07:00"], "1 February 2011", "2 January 2011", '"%d-%m-%Y" or "%m-%d-%Y"'),
        (["31/12/24", "13/01/25"], "31 December 2024", "24 December 2031", '"%d/%m/%y" or "%y/%m/%d"'),
    ],
)
def test_two_orders_that_both_fit_are_left_to_the_reader(cells, first, second, patterns):
    detected = detect_dates(pl.Series(cells))
    assert detected.format is None
    expected = (
        f'looks like dates, but "{cells[0]}" may be {first} or {second}: data.dates: {{column: {patterns}}}'
    )
    assert f"{expected} says which" == detected.looks


def test_days_equal_to_their_months_do_not_tell_either():
    assert "may have the day or the month first" in detect_dates(pl.Series(["1/1/2011", "2/2/2011"])).looks


def test_points_begin_with_the_day():
    assert "%d.%m.%Y" == detect_dates(pl.Series(["01.02.2011", "03.04.2012"])).format.pattern


@pytest.mark.parametrize("bad", ["2023-02-30", "2023-13-01", "soon", "2023/01/01"])
def test_one_impossible_date_leaves_the_format(bad):
    cells = pl.Series([f"2023-01-{day:02}" for day in range(1, 29)] * 10 + [bad])
    found = detect_dates(cells).format
    assert found == DateFormat()
    assert [280] == found.wrong(cells).nonzero()[0].tolist()


def test_a_month_with_two_digits_is_left_to_the_reader():
    detected = detect_dates(pl.Series(["Mar-21", "Apr-22"]))
    assert detected.format is None
    assert (
        'looks like months, but "Mar-21" may be of 2021, or a day of any year: data.dates: {column: "%b-%y"} '
        "reads a year"
    ) == detected.looks
    assert datetime(2021, 3, 1) == DateFormat("%b-%y").read(pl.Series(["Mar-21"]))[0]


def test_several_forms_are_remarkable():
    detected = detect_dates(pl.Series(["2011-01-02", "01/31/2012"] * 10))
    assert detected.format is None
    assert "looks like dates in several forms" in detected.looks


@pytest.mark.parametrize(
    "cells",
    [
        ["2.1.10", "2.1.11", "1.2.13"],  # versions
        ["192.168.1.1", "10.0.0.1"],
        ["12-34-5678", "98-76-5432"],
        ["555-1234", "555-9876"],
        ["12:30", "13:30"],
        ["20240209", "20240210"],
        ["3-1-2", "4-0-1"],
        ["Mayfair 12 2020", "March 40"],
        ["2010-11", "2011-12"],  # seasons
        ["12-2024", "11-2023"],
        ["a", "b"],
        [None, None],
    ],
)
def test_other_columns_have_no_date_format(cells):
    detected = detect_dates(pl.Series("d", cells, pl.String))
    assert (None, "") == (detected.format, detected.looks)


@pytest.mark.parametrize(
    ("pattern", "cell", "expected"),
    [
        ("%d/%m/%Y", "1/2/2011", datetime(2011, 2, 1)),
        ("%d/%m/%Y", "1/2/2011 07:30", datetime(2011, 2, 1, 7, 30)),
        ("%d/%m/%Y", "31/2/2011", None),
        ("%d/%m/%Y", "1/2/11", None),
        ("%Y-%m-%d", "0001-01-01 00:00", datetime(1, 1, 1)),
        ("%Y-%m-%d", "24-01-01 00:00", None),
        ("%d/%m/%y", "1/2/11", datetime(2011, 2, 1)),
        ("%Y-%m-%dT%H:%M", "2011-02-01T07:30", datetime(2011, 2, 1, 7, 30)),
        ("%d/%m/%Y %I:%M%p", "01/02/2011 07:30PM", datetime(2011, 2, 1, 19, 30)),
        ("%m/%Y", "2/2011", datetime(2011, 2, 1)),
        ("%b %Y", "Feb 2011", datetime(2011, 2, 1)),
        ("%Y%m%d", "20110201", datetime(2011, 2, 1)),
        ("%Y-%j", "2011-032", datetime(2011, 2, 1)),
        ("%Y-%m-%dT%H:%M:%S.%f", "2011-02-01T07:30:10.5", datetime(2011, 2, 1, 7, 30, 10, 500_000)),
        ("%Y%m%d %H%M", "20110201 0730", datetime(2011, 2, 1, 7, 30)),
        ("%d.%m.%Y %H:%M %z", "01.02.2011 07:30 +0100", datetime(2011, 2, 1, 6, 30)),
    ],
)
def test_patterns_that_people_write(pattern, cell, expected):
    assert not pattern_error(pattern)
    assert expected == DateFormat(pattern).read(pl.Series([cell]))[0]


@pytest.mark.parametrize(
    ("pattern", "error"),
    [
        ("%d/%m/%Q", '"%Q" is not known'),
        ("%d/%m/%", '"%" is not known'),
        ("DD/MM/YYYY", "has no year"),
        ("%d/%m", "has no year"),
        ("%d/%Y", "has no month"),
        ("%H:%M", "has no year"),
        ("%d/%m/%Y %H:%M:%S%f", "%f needs a point before it"),
    ],
)
def test_patterns_that_do_not_read_dates(pattern, error):
    assert pattern_error(pattern).startswith(error)
