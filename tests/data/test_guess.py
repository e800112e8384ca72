"""Guesses: which column is predicted, which teach nothing, how gaps are spelled, how numbers are scaled."""

import csv
import random
from dataclasses import replace
from datetime import date, timedelta

import pytest

from nettrain.data.columns import profiles
from nettrain.data.columns.column_formats import detect_formats
from nettrain.data.columns.identifiers import is_named_identifier
from nettrain.data.columns.profiles import ColumnProfile, column_profiles
from nettrain.data.guess import Guess, choose_targets, guess, useless_columns
from nettrain.data.reading.sources import Source
from nettrain.data.tables.table import Table
from nettrain.errors import DataError

N = 60
ROWS = range(N)
NUMBERS = [0.5 * i * (-1) ** i for i in ROWS]  # 60 different ones
CLASSES = ["a", "b", "c"] * (N // 3)


def seen(cells, name="column") -> ColumnProfile:
    """How a column of these cells looks."""
    return column_profiles(formatted(Table.of({name: cells})))[0]


def formatted(table):
    """The table with the formats of its columns."""
    return replace(table, formats=detect_formats(table, table.columns).formats)


def guessed(folder, columns, name="rows.csv", **options) -> Guess:
    """The guess at a file of these columns."""
    with (folder / name).open("w", newline="", encoding="utf-8") as f:
        writer = csv.writer(f)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return guess(str(folder / name), **options)


def target(columns, stem="rows", wanted=None, known=None):
    """The name of the one target that is chosen."""
    table = Table.of(columns)
    names, _ = choose_targets(Source(table, known), column_profiles(table), wanted, stem)
    assert 1 == len(names)
    return names[0]


def test_a_column_of_numbers():
    column = seen([3.0, 1.0, None, 3.0])
    assert ("numbers", 4, 1, 2, ("3", "1"), 1) == (
        column.kind,
        column.rows,
        column.gaps,
        column.distinct,
        column.values,
        column.rarest,
    )
    assert (1.0, 3.0, True, False, ()) == (
        column.low,
        column.high,
        column.integer,
        column.enumerates,
        column.words,
    )


def test_whole_numbers_keep_all_their_digits():
    number = 2**53 + 1  # which no float is
    assert (str(number), "1") == seen([number, 1, number]).values


def test_numbers_as_text_are_numbers():
    column = seen(["1.5", "2", None, "2"])
    assert ("numbers", 1, 1.5, 2.0, False) == (
        column.kind,
        column.gaps,
        column.low,
        column.high,
        column.integer,
    )


def test_a_column_of_text_of_dates_and_of_nothing():
    assert ("text", ("b", "a"), 1) == (seen(["b", "a", "b"]).kind, seen(["b", "a", "b"]).values, 1)
    assert "dates" == seen(["2024-01-31", None, "2024-02-29"]).kind
    assert ("nothing", 2) == (seen([None, None]).kind, seen([None, None]).gaps)


@pytest.mark.parametrize(
    ("words", "spelled"),
    [
        (["-"], True),
        (["n/a", "None"], True),
        (["inf", "-Infinity"], True),
        (["O.5"], True),
        (["S", "M"] * 8, False),
    ],
    ids=str,
)
def test_words_among_numbers(words, spelled):
    column = seen([*map(str, NUMBERS), *words])
    assert ("numbers", tuple(sorted(set(words))), spelled) == (column.kind, column.words, spelled)
    assert spelled is column.words_are_gaps
    assert N == column.distinct


def test_more_words_than_half_as_many_numbers_are_text():
    assert "text" == seen(["1", "2", "x", "y"]).kind


@pytest.mark.parametrize(
    ("cells", "running"),
    [
        (list(ROWS), True),
        (random.Random(0).sample(range(1, N + 1), N), True),
        ([float(i) for i in ROWS if i % 3], True),  # some rows were taken out
        ([10 * i for i in ROWS], False),
        ([i // 2 for i in ROWS], False),
        ([i + 0.5 for i in ROWS], False),
        ([1, 2, None, 4], False),
    ],
)
def test_numbers_that_count_the_rows(cells, running):
    assert running == seen(cells).enumerates


def test_names_of_identifiers():
    names = ["id", "ID", "customer_id", "PassengerId", "UserID", "Unnamed: 0", "index", "row id", "uuid"]
    names += ["row_index", "idx", "user_idx", "PatientIndex"]
    others = ["body_mass_index", "paid", "width", "Idea", "humid", "PAID", "identity", "valid", "window"]
    assert names == [name for name in [*names, *others] if is_named_identifier(name)]


def test_a_large_table_is_looked_at_in_rows_at_even_distances(monkeypatch):
    monkeypatch.setattr(profiles, "CELLS", 40)
    monkeypatch.setattr(profiles, "ROWS", 10)
    table = Table.of({"id": list(ROWS), "x": NUMBERS, "t": ["-" if i == 31 else str(i) for i in ROWS]})
    row_number, x, t = column_profiles(table)
    assert (13, 13, True) == (row_number.rows, row_number.distinct, row_number.enumerates)
    assert (13, ("-",)) == (x.rows, t.words)  # one word decides, so all text is looked at


def test_the_target_is_what_is_asked_for_or_known():
    columns = {"target": CLASSES, "other": CLASSES, "last": CLASSES}
    assert "other" == target(columns, wanted="other")
    assert "other" == target(columns, known="other")
    assert "last" == target(columns, wanted="last", known="other")


@pytest.mark.parametrize("name", ["target", "Label", "CLASS", "y", "Outcome", "Survived", "species"])
def test_the_target_is_known_by_its_name(name):
    assert name == target({"first": CLASSES, name: CLASSES, "last": CLASSES})


def test_the_target_is_named_like_the_file_or_ends_like_one():
    columns = {"mpg": NUMBERS, "house_value": NUMBERS, "last": NUMBERS}
    assert "mpg" == target(columns, stem="mpg")
    assert "house_value" == target(columns)
    assert "target" == target({"mpg": NUMBERS, "target": NUMBERS, "last": NUMBERS}, stem="mpg")


@pytest.mark.parametrize(
    "last",
    [
        list(ROWS),
        [f"name {i}" for i in ROWS],
        [str(date(2024, 1, 1) + timedelta(i)) for i in ROWS],
        [7] * N,
        [None] * N,
        ["x" if i % 3 == 0 else str(i) for i in ROWS],
    ],
    ids=["row numbers", "names", "dates", "constant", "empty", "words among numbers"],
)
def test_the_last_column_is_no_target_when_it_has_nothing_to_predict(last):
    assert "b" == target({"a": NUMBERS, "b": NUMBERS, "last": last})


@pytest.mark.parametrize(("values", "chosen"), [(20, "shop_id"), (21, "b")])
def test_the_last_column_may_be_an_identifier_of_few_values_alone(values, chosen):
    rows = range(420)
    columns = {"a": [i / 8 for i in rows], "b": [i * i % 97 / 8 for i in rows]}
    assert chosen == target({**columns, "shop_id": [i % values for i in rows]})


def test_no_target_is_an_error():
    with pytest.raises(DataError, match="rows: no column looks like a target; name one with --target"):
        target({"id": list(ROWS), "name": [f"name {i}" for i in ROWS]})
    with pytest.raises(DataError, match='no target column "clas", did you mean "class"'):
        target({"a": NUMBERS, "class": CLASSES}, wanted="clas")


def test_a_target_without_a_value_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r'rows\.csv: target "y": no row has a value$'):
        guessed(tmp_path, {"x": NUMBERS, "y": [""] * N}, target="y")


def test_columns_of_no_use():
    table = Table.of(
        {
            "row": list(ROWS),
            "name": [f"name {i}" for i in ROWS],
            "user_id": [1000 + 7 * (i % 30) for i in ROWS],
            "client_id": [f"c{i % 25}" for i in ROWS],
            "store_id": [i % 5 for i in ROWS],
            "same": ["k"] * N,
            "sometimes": [1 if i % 2 else None for i in ROWS],
            "none": [None] * N,
            "ticket": [f"T{i}" if i % 3 == 0 else str(i) for i in ROWS],
            "when": [str(date(2024, 1, 1) + timedelta(i)) for i in ROWS],
            "year": [1960 + i for i in ROWS],
            "x": NUMBERS,
        }
    )
    expected = {
        "row": "numbers the rows",
        "name": "60 different texts in 60 rows",
        "user_id": "named like an identifier",
        "client_id": "named like an identifier",
        "same": "always k",
        "none": "no value at all",
        "ticket": "60 different texts in 60 rows",
    }
    assert expected == useless_columns(column_profiles(formatted(table)))


def test_identifiers_of_few_values_or_many_rows_each_are_categories(tmp_path):
    rows = range(300)
    columns = {
        "species_id": [f"s{i % 30}" for i in rows],
        "plot_id": [i % 30 for i in rows],  # 10 rows each
        "sensor_id": [i % 31 for i in rows],
        "shop_id": [i % 5 for i in rows],
        "body_mass_index": [15 + i % 29 for i in rows],
        "y": [i * i % 101 + 0.5 for i in rows],
    }
    result = guessed(tmp_path, columns)
    assert {"sensor_id": "named like an identifier"} == result.ignored
    named = dict.fromkeys(["species_id", "plot_id", "shop_id"], "named like an identifier")
    assert (named, ["species_id", "plot_id", "shop_id"]) == (
        result.categorical,
        [c.name for c in result.keys],
    )
    assert ["body_mass_index"] == [c.name for c in result.numbers]
    some = range(290)  # with fewer rows each, text is ignored too
    fewer = guessed(tmp_path, {name: [cells[i] for i in some] for name, cells in columns.items()})
    assert {"species_id", "plot_id", "sensor_id"} == {*fewer.ignored}


def test_an_identifier_among_pixels_is_ignored(tmp_path):
    pixels = {f"p{k}": [(7 * i + 11 * k) % 256 for i in ROWS] for k in range(49)}
    result = guessed(tmp_path, {"writer_id": [1000 + i % 3 for i in ROWS], **pixels, "label": CLASSES})
    assert ({"writer_id": "named like an identifier"}, True) == (result.ignored, result.image)


def test_dates_that_cannot_be_read_are_ignored_and_gaps_among_them_are_not(tmp_path):
    days = [str(date(2024, 1, 1) + timedelta(i)) for i in ROWS]
    wrong, gaps = ([*days[:7], cell, "-", *days[9:]] for cell in ("2024-02-30", "unknown"))
    result = guessed(tmp_path, {"end": wrong, "start": gaps, "x": NUMBERS, "y": NUMBERS})
    assert {"end": '"2024-02-30" is not a date'} == result.ignored
    assert (["start", "x"], ("-", "unknown")) == ([c.name for c in result.inputs], result.gap_words)


def test_one_number_among_words_is_a_category(tmp_path):
    cells = [("5", "5", "5", "low", "high")[i % 5] for i in ROWS]
    result = guessed(tmp_path, {"size": cells, "x": NUMBERS, "y": NUMBERS})
    assert ({}, {"size": 'holds words too, such as "high"'}) == (result.ignored, result.categorical)


def test_places_in_a_race_are_numbers(tmp_path):
    cells = [("3rd", "3rd", "3rd", "1st", "2nd")[i % 5] for i in ROWS]
    result = guessed(tmp_path, {"place": cells, "x": NUMBERS, "y": NUMBERS})
    assert ({}, ["place", "x"]) == (result.ignored, [column.name for column in result.numbers])


def test_of_texts_that_are_all_different_words_may_recur(tmp_path):
    remarks = [f"{('a fine', 'A poor')[i % 2]} day, no. {i}" for i in ROWS]
    result = guessed(
        tmp_path, {"remark": remarks, "code": [f"c{i}x" for i in ROWS], "x": NUMBERS, "y": NUMBERS}
    )
    assert {"remark": "words such as fine, poor"} == result.worded
    assert ["code"] == [*result.ignored]
    assert ["remark", "x"] == [column.name for column in result.inputs]


def test_a_text_alone_is_taken_by_its_words(tmp_path):
    remarks = [f"{('fine', 'poor')[i % 2]} {i}" for i in ROWS]
    result = guessed(tmp_path, {"row": list(ROWS), "remark": remarks, "y": [i % 2 for i in ROWS]})
    assert (["remark"], ["row"]) == ([*result.worded], [*result.ignored])


def test_words_of_an_identifier_are_not_taken(tmp_path):
    names = [f"{('fine', 'poor')[i % 2]} {i}" for i in ROWS]
    result = guessed(tmp_path, {"user_id": names, "x": NUMBERS, "y": NUMBERS})
    assert ({}, ["user_id"]) == (result.worded, [*result.ignored])


def test_something_is_left_to_learn_from():
    assert {} == useless_columns(
        column_profiles(Table.of({"row": list(ROWS), "name": [f"name {i}" for i in ROWS]}))
    )


def test_a_table_of_classes(tmp_path):
    result = guessed(tmp_path, {"x": NUMBERS, "town": ["u", "v"] * (N // 2), "class": CLASSES})
    assert ("classes", {"a": 20, "b": 20, "c": 20}) == (result.kind, result.classes)
    assert (["x", "town"], ["x"]) == ([c.name for c in result.inputs], [c.name for c in result.numbers])
    assert ("standard", {}, (), 0, True) == (
        result.scaling,
        result.ignored,
        result.gap_words,
        result.unlabelled,
        result.header,
    )


def test_a_table_of_numbers_with_gaps_spelled_in_many_ways(tmp_path):
    x = ["-" if i % 10 == 1 else "n/a" if i % 10 == 2 else i * 1.5 for i in ROWS]
    y = ["unknown" if i % 20 == 0 else i * 2.5 for i in ROWS]
    result = guessed(tmp_path, {"x": x, "y": y})
    assert ("numbers", ("-", "n/a", "unknown"), 3) == (result.kind, result.gap_words, result.unlabelled)
    assert (12, ()) == (result.inputs[0].gaps, result.inputs[0].words)


def test_a_word_that_is_a_class_is_no_gap(tmp_path):
    x = ["none" if i % 10 == 1 else i % 7 for i in ROWS]
    result = guessed(tmp_path, {"x": x, "class": ["none", "some"] * (N // 2)})
    assert ((), {"x": 'holds words too, such as "none"'}) == (result.gap_words, result.categorical)
    assert 0 == result.unlabelled


def test_words_among_few_numbers_are_categories(tmp_path):
    size = ["XL" if i % 4 == 0 else 30 + i % 6 for i in ROWS]
    result = guessed(tmp_path, {"size": size, "y": NUMBERS})
    assert {"size": 'holds words too, such as "XL"'} == result.categorical
    assert () == result.numbers


def test_codes_and_groups_are_named(tmp_path):
    columns = {"rooms": [i % 4 for i in ROWS], "flag": [i % 2 for i in ROWS]}
    result = guessed(tmp_path, {**columns, "user_id": [500 + i % 30 for i in ROWS], "y": NUMBERS})
    assert (["rooms"], ["user_id"]) == ([c.name for c in result.codes], [c.name for c in result.groups])


@pytest.mark.parametrize(
    ("high", "width", "scaling"),
    [
        (255, 64, {"name": "divide", "by": 255}),
        (16, 64, {"name": "divide", "by": 16}),
        (300, 64, "standard"),
        (255, 10, "standard"),
        (1, 64, "none"),
    ],
)
def test_scaling_of_pixels(tmp_path, high, width, scaling):
    draw = random.Random(0)
    columns = {f"p{i}": [draw.randint(0, high) for _ in ROWS] for i in range(width)}
    columns["p0"] = [0] * N  # the corner of an image is mostly empty
    result = guessed(tmp_path, {**columns, "class": CLASSES})
    assert scaling == result.scaling
    assert result.image == isinstance(scaling, dict)
    assert ({} if result.image else {"p0": "always 0"}) == result.ignored


def test_numbers_between_0_and_1_stay(tmp_path):
    assert "none" == guessed(tmp_path, {"x": [i / N for i in ROWS], "class": CLASSES}).scaling
    assert "standard" == guessed(tmp_path, {"x": [i / N - 0.1 for i in ROWS], "class": CLASSES}).scaling


def test_shipped_sources():
    digits = guess("builtin:optdigits")
    assert (1797, {"name": "divide", "by": 16}, {}) == (digits.test_rows, digits.scaling, digits.ignored)
    penguins = guess("builtin:penguins")
    assert ("what the source says", {"Adelie": 152, "Gentoo": 124, "Chinstrap": 68}) == (
        penguins.reason,
        penguins.classes,
    )
