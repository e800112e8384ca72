"""Spellings of cells: exact text, and which spellings are one value."""

from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettrain.data.tables.spelling import (
    column_form,
    decimal,
    distinct_texts,
    distinct_values,
    number_text,
    positions,
    spelled,
)
from nettrain.data.tables.table import Table


def form_of(cells, dtype=None):
    return column_form(Table(pl.DataFrame({"c": pl.Series(cells, dtype=dtype)}), "x"), "c")


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        (pl.Series(["01067", "1.10", None]), ["01067", "1.10", None]),
        (pl.Series([2**63 - 1, 12345678901234567, None]), ["9223372036854775807", "12345678901234567", None]),
        (pl.Series([2**64 - 1], dtype=pl.UInt64), ["18446744073709551615"]),
        (pl.Series([1.0, -0.0, 0.1, 1e-9, np.nan, 1e22]), ["1", "0", "0.1", "1e-09", None, str(10**22)]),
        (pl.Series([0.1, 16777216.0], dtype=pl.Float32), ["0.1", "16777216"]),
        (pl.Series([Decimal("1.50"), Decimal("20.00")]), ["1.5", "20"]),
        (pl.Series([True, None]), ["true", None]),
    ],
)
def test_every_digit_is_spelled(cells, texts):
    assert texts == spelled(cells).to_list()


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["True", "FALSE", None], "booleans"),
        (["True", "maybe"], "text"),
        (["1", "2.0", "-10", None], "integers"),
        (["01", "2"], "text"),
        (["1.5", "2"], "text"),
        ([None, None], "text"),
        ([1.0, 2.0, None], "integers"),
        ([1.5, 2.0], "numbers"),
        ([1, 2], "integers"),
        ([*["1"] * 5000, "1.10"], "text"),
    ],
)
def test_forms(cells, form):
    assert form == form_of(cells, pl.String if cells[0] is None else None)


@pytest.mark.parametrize(
    ("values", "form", "cells", "expected"),
    [
        (["1.1", "1.10"], "text", ["1.10", "1.1", "1.100", None], [1, 0, -1, -1]),
        (["01067", "1067"], "text", ["1067", "01067", "1067.0"], [1, 0, -1]),
        (["false", "true"], "booleans", ["TRUE", "False", "1"], [1, 0, -1]),
        (["9", "10"], "integers", ["10.0", "9.00", "010", "9.5"], [1, 0, -1, -1]),
        (["0.5", "1"], "numbers", ["0.50", "1.0", "x", "5e-1"], [0, 1, -1, 0]),
        # numbers of typed files
        (["01067", "2"], "text", [1067, 2, 3], [0, 1, -1]),
        (["1.1", "1.10"], "text", [1.1], [0]),
        (["1.10", "1.100"], "text", [1.1], [-1]),
        (
            ["12345678901234567", "12345678901234568"],
            "integers",
            [12345678901234568, 12345678901234569],
            [1, -1],
        ),
        (["0.5", "0.25"], "text", [0.25, 0.5, None], [1, 0, -1]),
    ],
)
def test_positions(values, form, cells, expected):
    assert expected == positions(pl.Series(cells), values, form).tolist()


def test_a_value_keeps_its_shortest_spelling():
    texts = pl.Series(["2.0", "2", "2", "1.0", None])
    assert {"2": 3, "1.0": 1} == dict(distinct_values(texts, "integers").select("value", "rows").iter_rows())
    assert 3 == distinct_values(texts, "text").height


def test_only_plain_numbers_have_a_decimal_value():
    assert Decimal("1.5") == decimal("+1.50")
    assert [None] * 5 == [decimal(text) for text in ("1_000", "nan", "inf", "", "٣")]


@given(st.integers(-(2**70), 2**70))
def test_whole_numbers_have_all_digits(number):
    assert str(number) == number_text(number)


@given(st.lists(st.from_regex(r"-?[0-9]{1,22}(\.[0-9]{1,3})?", fullmatch=True), min_size=1, max_size=30))
def test_text_is_found_by_its_spelling_alone(cells):
    """Of whole numbers `1` and `1.0` are one, of anything else no two spellings."""
    form = form_of(cells)
    values = distinct_values(pl.Series(cells), form)["value"].to_list()
    found = positions(pl.Series(cells), values, form)
    for cell, position in zip(cells, found, strict=True):
        same = (values[position], cell)
        assert len({*same}) == 1 or (
            form == "integers" and len({text.partition(".")[0] for text in same}) == 1
        )


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=30), st.data())
def test_whole_numbers_are_what_their_text_is(cells, data):
    numbers, texts = pl.Series("c", cells, dtype=pl.Int64), pl.Series("c", list(map(str, cells)))
    tables = [Table(pl.DataFrame([series]), "x") for series in (numbers, texts)]
    assert {"integers"} == {column_form(table, "c") for table in tables}
    assert sorted({*map(str, cells)}) == sorted(distinct_texts(tables[0], "c", "integers"))
    known = data.draw(st.lists(st.sampled_from([*cells, 0, 7]), unique=True))
    values = [data.draw(st.sampled_from([f"{value}", f"{value}.0"])) for value in known]
    assert positions(texts, values, "integers").tolist() == positions(numbers, values, "integers").tolist()
