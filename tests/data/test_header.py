"""Whether the first row names the columns: whole columns decide, and where they hardly do, a note says so."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nettrain.data.reading.formats.delimited import parse
from nettrain.data.reading.options import ReadOptions

DRAW = random.Random(4)
SPECIES = [DRAW.choice(["setosa", "virginica", "versicolor"]) for _ in range(40)]
DECIMALS = [[f"{DRAW.gauss(3, 1):.2f}" for _ in range(4)] for _ in range(40)]
COUNTS = [[str(DRAW.randint(0, 30)) for _ in range(4)] for _ in range(40)]
LARGE = [[str(DRAW.randint(0, 3000)) for _ in range(4)] for _ in range(40)]
LETTERS = [[DRAW.choice("abox") for _ in range(4)] for _ in range(40)]
FLOWERS = [[*row, species] for row, species in zip(DECIMALS, SPECIES, strict=True)]
COUNTED = [[*row, species] for row, species in zip(COUNTS, SPECIES, strict=True)]
TEXTS = [[f"2024-01-{i % 28 + 1:02}", f"shop {i}", DRAW.choice(["open", "closed"])] for i in range(40)]
WINDOWS = [[str(i + k) for k in range(4)] for i in range(2, 42)]
GAPS = [["", *row[1:]] if i % 3 else row for i, row in enumerate(COUNTED)]


def read(first, rows, **options):
    text = "\n".join(",".join(row) for row in [first, *rows] if row)
    return parse(text.encode(), "x.csv", ReadOptions(**options))


HEADERS = [
    ("0,1,2,3,species", FLOWERS),
    ("0,1,2,3,species", COUNTED),
    ("1,2,3,4,species", COUNTED),
    ("2019,2020,2021,2022,country", FLOWERS),
    ("10,20,50,100,species", FLOWERS),
    ("a,b,c,d,setosa", FLOWERS),  # a value is a name
    ("a,b,c,d,setosa", COUNTED),
    ("top,left,low,x", LETTERS),
    (",b,c,d,species", GAPS),
    ("day,shop,open", TEXTS),
    ("day,shop,state", TEXTS),
    ("0,1,2,day", [[*row[:3], f"2024-01-{i % 28 + 1:02}"] for i, row in enumerate(DECIMALS)]),
    ("400.0,402.5,405.0,407.5,410.0,412.5", [[*row, *row[:2]] for row in DECIMALS]),
]
VALUES = [
    ("5.1,3.5,1.4,0.2,setosa", FLOWERS),
    ("5.1,3.5,1.4,0.2,rare", FLOWERS),  # a class that occurs once, in the first row
    ("5.1,3.5,1.4,?,setosa", FLOWERS),
    ("5.1,3.5,unknown,0.2,setosa", FLOWERS),  # one odd cell
    ("3,7,11,2,setosa", COUNTED),
    ("3,7,,2,setosa", COUNTED),
    ("5,5,5,5", COUNTS),
    ("a,b,o,x", LETTERS),
    ("2024-01-01,shop 99,open", TEXTS),
    ("1,2,3,4", WINDOWS),  # every row counts on
    ("2,1,9,4,setosa", GAPS),
]


@pytest.mark.parametrize(("first", "rows"), HEADERS, ids=[first for first, _ in HEADERS])
def test_names(first, rows):
    table = read(first.split(","), rows)
    assert ([name or "column_0" for name in first.split(",")], 40) == (table.columns, table.height)


@pytest.mark.parametrize(("first", "rows"), VALUES, ids=[first for first, _ in VALUES])
def test_values(first, rows):
    table = read(first.split(","), rows)
    assert (False, 41) == (table.header, table.height)


@given(st.permutations(range(5)), st.sampled_from([HEADERS[0], HEADERS[3], HEADERS[5], VALUES[0], VALUES[1]]))
def test_the_order_of_columns_does_not_matter(order, case):
    first, rows = case
    expected = read(first.split(","), rows).header
    turned = [[row[i] for i in order] for row in (first.split(","), *rows)]
    assert expected == read(turned[0], turned[1:]).header


@settings(max_examples=25)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(draw):
    for first, rows in (HEADERS[0], HEADERS[4], VALUES[1], VALUES[4]):
        shuffled = draw.sample(rows, len(rows))
        assert read(first.split(","), rows).header == read(first.split(","), shuffled).header


READ_AS_NAMES = "is read as names of columns; data.header: false reads it as values"
READ_AS_VALUES = "is read as values; data.header: true reads it as names of columns"


@pytest.mark.parametrize(
    ("first", "rows", "note"),
    [
        ("0,1,2,3", DECIMALS, f"(0, 1, 2, 3) {READ_AS_NAMES}"),
        ("2019,2020,2021,2022", LARGE, f"(2019, 2020, 2021, 2022) {READ_AS_NAMES}"),
        ("100,200,500,800", LARGE, f"(100, 200, 500, 800) {READ_AS_VALUES}"),
        ("0,1,2,3,4", [[*row, row[0]] for row in LETTERS], f"(0, 1, 2, 3, ...) {READ_AS_NAMES}"),
    ],
)
def test_numbers_as_names_are_noted(first, rows, note):
    assert (f"x.csv: the first row {note}",) == read(first.split(","), rows).notes
    header = "as names" in note
    assert () == read(first.split(","), rows, header=header).notes


@pytest.mark.parametrize("first", ["0,1,2,3,species", "a,b,c,d,species", "5.1,3.5,1.4,0.2,setosa"])
def test_clear_cases_need_no_note(first):
    assert () == read(first.split(","), FLOWERS).notes


def test_names_that_settings_mention_are_a_header():
    first = ["5", "8", "9", "11", "kind"]
    rows = [[*row, "kind"] for row in COUNTS]  # every value is the name
    assert not read(first, rows).header
    assert ["5", "8", "9", "11", "kind"] == read(first, rows, mentioned=("kind",)).columns


def test_a_number_that_is_no_position_is_a_name():
    first = ["2021", "1500", "2400", "9"]
    assert not read(first, LARGE, mentioned=("2",)).header
    assert not read(first, LARGE, mentioned=("3", "-4")).header
    assert first == read(first, LARGE, mentioned=("2021",)).columns
    assert not read(["3", "0", "1", "2"], COUNTS, mentioned=("3",)).header


def test_names_of_the_training_data_are_a_header():
    numbers = ("0", "1", "2", "3")
    assert read(["0", "1", "2"], [["1", "2", "3"]], known=numbers).header
    assert not read(["1", "1", "2"], [["1", "2", "3"]], known=numbers).header
    assert read(["b", "a", "more"], [["1", "2", "3"]], known=("a", "b", "y")).header
    assert not read(["a", "z", "y"], [["x", "z", "q"]], known=("column_0", "column_1", "column_2")).header


def test_a_wide_table_is_judged_by_its_first_and_last_columns():
    first = [f"v{i}" for i in range(3000)]
    assert read(first, [[f"{i}.{k}" for i in range(3000)] for k in range(5)]).header
    assert not read(["1.5"] * 3000, [[f"{i}.{k}" for i in range(3000)] for k in range(5)]).header
