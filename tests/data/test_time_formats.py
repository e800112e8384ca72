"""Times of day and durations as numbers in units of their last part."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from nettrain.data.cell_formats.formats import format_from_json, format_json
from nettrain.data.cell_formats.time_format import TimeFormat, detect_times


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["12:30", "1:05", "00:00", None], [750, 65, 0, np.nan]),
        (["12:30:15", "1:00:00.5", "100:00:00"], [45015, 3600.5, 360000]),
        (["1:05 PM", "12:00 am", "12:30 p.m.", "11:59AM"], [785, 0, 750, 719]),
        (["-1:30", "\u22120:15"], [-90, -15]),
    ],
)
def test_times_are_numbers(cells, expected):
    series = pl.Series("t", cells, pl.String)
    found = detect_times(series).format
    values, wrong = found.numbers(series)
    np.testing.assert_array_equal(values, expected)
    assert not wrong.any()
    assert format_from_json(format_json(found)) == found


def test_durations_as_pandas_writes_them():
    spans = [timedelta(days=2, hours=12, minutes=30, seconds=15), timedelta(seconds=1)]
    cells = pl.Series([f"{s.days} days {timedelta(seconds=s.seconds)}" for s in spans])
    assert "2 days 12:30:15" == cells[0]
    values, _ = detect_times(cells).format.numbers(cells)
    assert [s.total_seconds() for s in spans] == values.tolist()


def test_an_impossible_time_is_a_stray():
    cells = pl.Series(["12:30"] * 20 + ["12:75", "13:00 PM", "12:30:15"])
    found = detect_times(cells).format
    assert found == TimeFormat(2, "12:30")
    assert [20, 21, 22] == np.flatnonzero(found.numbers(cells)[1]).tolist()


@pytest.mark.parametrize(
    "cells", [["12:30", "12:30:15"], ["a:b", "c:d"], ["12.30", "13"], ["1:2:3:4"], [None]]
)
def test_other_columns_have_none(cells):
    assert detect_times(pl.Series("t", cells, pl.String)).format is None


def test_descriptions():
    assert "times in minutes (12:30 is 750)" == TimeFormat(2).description
    assert "times in seconds (0:12:30 is 750)" == TimeFormat(3).description
