"""Numbers as people write them: detection by all cells of a column, and values equal to the float of the digits."""

import random

import numpy as np
import polars as pl
import pytest

from nettrain.data.cell_formats.formats import format_from_json, format_json
from nettrain.data.cell_formats.number_detection import detect_numbers
from nettrain.data.cell_formats.number_format import NumberFormat, number_fields

STYLES = {  # how a style writes a whole number of thousands and the digits behind its decimal mark
    "decimal comma": ("", ","),
    "commas": (",", "."),
    "points": (".", ","),
    "blanks": (" ", ","),
    "no-break blanks": ("\u00a0", ","),
    "thin blanks": ("\u2009", "."),
    "narrow blanks": ("\u202f", ","),
    "apostrophes": ("'", "."),
    "round apostrophes": ("\u2019", ","),
}
DRESSES = {
    "bare": "{}",
    "dollars": "${}",
    "euros": "{} €",
    "francs": "CHF {}",
    "rupees": "₹{}",
    "yen": "¥ {}",
    "euro code": "EUR {}",
    "dollar code": "{} USD",
    "percent": "{}%",
    "percent apart": "{} %",
    "kilograms": "{} kg",
    "metres": "{}m",
    "speed": "{} km/h",
    "degrees": "{}°C",
    "area": "{} m²",
}


def series(cells):
    return pl.Series("x", cells, pl.String)


def plain_numbers(count, seed):
    """Plain spellings, of which some have no decimals, some no thousands, some are 0."""
    draw = random.Random(seed)
    texts = [f"{draw.randrange(10 ** draw.randrange(1, 9))}" for _ in range(count)]
    return [
        "0",
        *(t + (f".{draw.randrange(1000)}" if draw.random() < 0.8 else "") for t in texts),
        "1234567.89",
    ]


def grouped(digits, mark, indian=False):
    head, tail = digits[:-3], digits[-3:]
    width = 2 if indian else 3
    groups = [head[max(0, end - width) : end] for end in range(len(head), 0, -width)][::-1]
    return mark.join([*groups, tail])


def styled(number, thousands, decimal, indian=False):
    whole, _, fraction = number.partition(".")
    return grouped(whole, thousands, indian) + (decimal + fraction if fraction else "")


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("style", STYLES)
def test_numbers_written_in_a_style_are_read_as_the_float_of_their_digits(style, dress):
    numbers = plain_numbers(60, f"{style} {dress}")
    cells = [DRESSES[dress].format(styled(number, *STYLES[style])) for number in numbers]
    found = detect_numbers(series(cells)).format
    values, wrong = found.numbers(series([*cells, None, "word"]))
    assert [float(number) for number in numbers] == values[:-2].tolist()
    assert np.isnan(values[-2:]).all()
    assert [len(cells) + 1] == np.flatnonzero(wrong).tolist()
    assert format_from_json(format_json(found)) == found


def test_indian_groups():
    numbers = plain_numbers(60, "india")
    cells = [styled(number, ",", ".", indian=True) for number in numbers]
    assert "12,34,567.89" == cells[-1]
    values, wrong = detect_numbers(series(cells)).format.numbers(series(cells))
    assert [float(number) for number in numbers] == values.tolist()
    assert not wrong.any()


@pytest.mark.parametrize(
    "negative",
    ["-{}", "\u2212{}", "\u2013{}", "({})", "{}-", "- {}", "( {} )", "{}\u2212"],
)
@pytest.mark.parametrize("dress", ["{}", "${}", "{}%", "{} kg", "CHF {}"])
def test_negative_numbers(negative, dress):
    cells = [
        dress.format("1.5"),
        negative.format(dress.format("2.25")),
        dress.format("3"),
        dress.format("−4"),
    ]
    values, wrong = detect_numbers(series(cells)).format.numbers(series(cells))
    assert [1.5, -2.25, 3, -4] == values.tolist()
    assert not wrong.any()


def test_signs_after_the_currency_and_pluses_are_read():
    cells = ["$-1,000.5", "+$2", "$3+", "$ +4", "USD", "$(5)", "($ 6)", "(-$7)", "$8 USD"]
    values, wrong = NumberFormat(".", ",", "$").numbers(series(cells))
    assert [-1000.5, 2, 3, 4] == values[:4].tolist()
    assert [-5, -6] == values[5:7].tolist()
    assert [4, 7, 8] == np.flatnonzero(wrong).tolist()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1,5", "2"], (",", "")),
        (["0,125", "0,250"], (",", "")),  # a group of thousands does not begin with 0
        (["1,234", "1234,5"], (",", "")),
        (["1,234", "5,678.5"], (".", ",")),
        (["1,234", "1,234,567"], (".", ",")),
        (["1.234.567", "12"], (",", ".")),
        (["1 234", "12,5"], (",", " ")),
    ],
)
def test_one_cell_may_tell_what_a_mark_is(cells, expected):
    found = detect_numbers(series(cells)).format
    assert expected == (found.decimal, found.thousands)


@pytest.mark.parametrize("cells", [["1,234", "5,678"], ["1,234", "999", "12,345"], ["€ 1.234", "€ 12.345"]])
def test_a_mark_that_may_be_either_is_left_to_the_reader(cells):
    detected = detect_numbers(series(cells))
    assert detected.format is None
    assert f'looks like numbers, but "{cells[0]}" may be 1' in detected.looks
    assert 'data.decimal: "," or "." says which' in detected.looks
    comma = detect_numbers(series(cells), ",").format.numbers(series(cells))[0]
    point = detect_numbers(series(cells), ".").format.numbers(series(cells))[0]
    assert {1.234, 1234.0} == {comma[0], point[0]}
    assert point[0] == (1.234 if "€" in cells[0] else 1234)


def test_a_decimal_mark_that_is_known_decides_between_plain_numbers_and_thousands():
    cells = series(["1.234", "12.345", "7"])
    assert detect_numbers(cells).format is None
    assert [1234.0, 12345.0, 7.0] == detect_numbers(cells, ",").format.numbers(cells)[0].tolist()
    sure = series(["1.25", "12.345"])
    assert detect_numbers(sure, ",").format is None


@pytest.mark.parametrize(
    "cells",
    [
        ["1", "2.5", "-3", "+4", "1e5"],  # plain numbers have no format
        ["a", "b"],
        ["A1", "B2"],
        ["PC 17599", "113803", "A/5 21171"],
        ["12 34", "5"],
        ["1,23,45", "6"],
        ["31.12.2024", "01.02.2024"],
        ["12:30", "13:45"],
        ["18-25", "26-35"],
        ["1. Never Married", "2. Married", "3. Widowed"],
        ["1.SP", "2.SW"],
        ["1/2", "3/4"],
        ["5,-", "6,50"],
        ["(5", "6)"],
        ["7.4%", "7,5%"],
        ["192.168.0.1", "10.0.0.1"],
        [None, None],
    ],
)
def test_other_columns_have_no_number_format(cells):
    detected = detect_numbers(series(cells))
    assert (None, "") == (detected.format, detected.looks)


def test_different_units_are_remarkable_and_strays_are_not():
    mixed = detect_numbers(series(["77 kg", "170 lb"] * 10))
    assert mixed.format is None
    assert 'looks like numbers with different units ("kg", "lb")' in mixed.looks
    cells = series(["77 kg"] * 30 + ["80"])
    found = detect_numbers(cells).format
    assert "kg" == found.unit
    assert [30] == np.flatnonzero(found.numbers(cells)[1]).tolist()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["3rd"] * 5 + ["1st"] * 3 + ["2nd"] * 2, [3] * 5 + [1] * 3 + [2] * 2),
        ([f"{k}th" for k in range(4, 11)] + ["11th", "12TH", "13th", "21st", "22nd", "111th"], None),
        (["1st class", "2nd class", "3rd class", "4th class"], [1, 2, 3, 4]),
        (["999th", "1,000,000th", "1,001st", "-22nd"], [999, 1_000_000, 1001, -22]),
    ],
)
def test_endings_of_ordinals_are_one_unit(cells, expected):
    found = detect_numbers(series(cells)).format
    values, wrong = found.numbers(series(cells))
    assert not wrong.any()
    assert (expected or [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 21, 22, 111]) == values.tolist()
    assert found.description.endswith('endings of ordinals ("1st" is 1)')
    assert format_from_json(format_json(found)) == found


def test_stones_and_wrong_endings_are_no_ordinals():
    assert "st" == detect_numbers(series(["12 st", "14 st"])).format.unit
    assert ["th", "st", "rd"] == number_fields(series(["1th", "2st", "13rd"]))["unit"].to_list()


def test_a_mark_before_a_unit_is_no_enumeration():
    cells = series(["1.5 kg", "2. kg", "3.0 kg"] * 5)
    assert [1.5, 2, 3] == detect_numbers(cells).format.numbers(cells)[0][:3].tolist()


@pytest.mark.parametrize("other", ["1 gallon", "4 quarts"])
def test_few_numbers_with_as_many_of_another_unit_are_categories(other):
    detected = detect_numbers(series(["1 pint"] * 6 + [other] * 4))
    assert detected.format is None
    assert "looks like numbers with different units" in detected.looks
    several = [f"{k} pints" for k in range(2, 12)]
    assert "pint" == detect_numbers(series([*several, *[other] * 6])).format.unit


def test_plurals_are_one_unit_but_ms_is_not_m():
    assert [1, 2] == detect_numbers(series(["1 day", "2 days"])).format.numbers(series(["1 day", "2 days"]))[
        0
    ].tolist()
    assert detect_numbers(series(["1 m", "2 ms"] * 10)).format is None


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (NumberFormat(","), "numbers with decimal commas"),
        (
            NumberFormat(",", ".", "€"),
            'numbers with decimal commas, points between thousands and the sign "€"',
        ),
        (NumberFormat(unit="%"), "numbers with percent signs (7% is 7)"),
        (NumberFormat(unit="kg"), 'numbers with the unit "kg"'),
        (NumberFormat(example="−5"), 'numbers with signs as in "−5"'),
    ],
)
def test_descriptions(form, text):
    assert text == form.description
