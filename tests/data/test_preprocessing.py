"""What predict needs: new rows become the same numbers, in any column order, and files keep every bit."""

import json
from datetime import date

import numpy as np
import polars as pl
import pytest

from nettrain.data.prepare import prepare
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.builtin import read_builtin
from nettrain.data.reading.options import ReadOptions
from nettrain.data.settings import DataSettings
from nettrain.data.tables.table import Table
from nettrain.errors import DataError, StoredContentError, StoredFileError
from nettrain.store.preprocessing_file import parse_preprocessing
from tests.data.reading import read_rows


def fitted(source, **keys):
    return prepare(DataSettings(source=source, **keys), seed=1, dtype="float64").preprocessing


@pytest.fixture(scope="module")
def penguins():
    return fitted("builtin:penguins"), read_builtin("penguins", ReadOptions()).table


@pytest.fixture(scope="module")
def iris():
    return fitted("builtin:iris"), read_builtin("iris", ReadOptions()).table.frame


def test_column_order_further_columns_and_the_target_do_not_matter(penguins, tmp_path):
    preprocessing, table = penguins
    expected = preprocessing.encode(table)
    frame = table.frame.select(reversed(table.columns)).drop("species").with_columns(more=pl.lit("x"))
    frame.write_csv(tmp_path / "new.csv")
    np.testing.assert_array_equal(expected, read_rows(str(tmp_path / "new.csv"), preprocessing))
    np.testing.assert_array_equal(expected, read_rows("builtin:penguins", preprocessing))


def test_json_keeps_every_bit(penguins):
    for preprocessing in (penguins[0], fitted("synthetic:sine", scaling="minmax"), fitted("synthetic:xor")):
        text = json.dumps(preprocessing.to_json())
        again = Preprocessing.from_json(json.loads(text))
        assert text == json.dumps(again.to_json())
        source = "synthetic:sine" if preprocessing.target_kind == "numbers" else "synthetic:xor"
        source = "builtin:penguins" if preprocessing is penguins[0] else source
        np.testing.assert_array_equal(read_rows(source, preprocessing), read_rows(source, again))
        np.testing.assert_array_equal(preprocessing.target_center, again.target_center)
        assert (preprocessing.classes, preprocessing.target) == (again.classes, again.target)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("scaling", {"name": "sigma"}, "scaling.name: is not one of "),
        ("scaling", {"name": "minmax", "range": [1.0, 0.0]}, "scaling: range does not rise from low to high"),
        ("fitted", {"center": [0.0]}, "fitted: has center, the scaling needs center and scale"),
        ("fitted", {"center": [0.0], "scale": [1.0]}, "fitted.center: has 1 numbers, for "),
        ("fitted", {"center": [[0.0], [0.0, 1.0]]}, "fitted.center: has rows of different lengths"),
        ("image", {"height": 4, "width": 4, "channels": 1, "channels_first": False}, "image: has 16 pixels "),
    ],
)
def test_parts_that_do_not_go_together_are_named(penguins, key, value, said):
    with pytest.raises(StoredContentError) as caught:
        Preprocessing.from_json(penguins[0].to_json() | {key: value})
    assert str(caught.value).startswith(said)


def test_columns_and_targets_that_cannot_be_are_named(penguins):
    stored = penguins[0].to_json()
    twice = stored | {"inputs": [*stored["inputs"], stored["inputs"][0]]}
    with pytest.raises(StoredContentError, match=r"inputs: column \".*\" is there twice"):
        Preprocessing.from_json(twice)
    for changes, said in (
        ({"classes": []}, "target.classes: 0 classes of classes"),
        ({"classes": ["a", "a"]}, "target.classes: 2 classes of classes"),
        ({"names": ["a", "b"]}, 'target.names: "a", "b" are not those of classes'),
        ({"kind": "numbers", "classes": [], "scale": [1.0]}, "target.center: has 0 numbers of numbers"),
        ({"center": [1.0]}, "target.center: has 1 number of classes"),
    ):
        with pytest.raises(StoredContentError) as caught:
            Preprocessing.from_json(stored | {"target": stored["target"] | changes})
        assert said == str(caught.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"first": "yesterday"},
            'inputs.0.first: "yesterday" is not a date such as 2024-02-29T00:00:00',
        ),
        (
            {"last": "2024-02-29T00:00:00Z"},
            'inputs.0.last: "2024-02-29T00:00:00Z" is not a date such as 2024-02-29T00:00:00',
        ),
        ({"parts": ["century"]}, 'inputs.0.parts.0: "century" is not a component of dates (year, month, '),
        ({"fill": [1.0]}, "inputs.0.fill: 1 numbers for "),
    ],
)
def test_columns_of_dates_that_cannot_be_are_named(changes, said, tmp_path):
    days = pl.date_range(date(2020, 1, 1), date(2021, 12, 31), "1d", eager=True)
    pl.DataFrame({"day": days, "y": ["a", "b", "a"] * (len(days) // 3) + ["a"] * (len(days) % 3)}).write_csv(
        tmp_path / "x.csv"
    )
    stored = fitted(str(tmp_path / "x.csv"), target="y").to_json()
    (column,) = stored["inputs"]
    text = json.dumps(stored | {"inputs": [column | changes]})
    with pytest.raises(StoredFileError) as caught:
        parse_preprocessing(text, "preprocessing.json")
    assert str(caught.value).startswith(f"preprocessing.json: {said}")


def test_says_what_a_network_needs(penguins, iris):
    preprocessing = penguins[0]
    assert 9 == preprocessing.inputs == len(preprocessing.feature_names)
    assert (3, 3) == (preprocessing.outputs(), preprocessing.outputs(one_for_two=True))
    assert ("Adelie", "Chinstrap", "Gentoo") == preprocessing.classes
    assert (("species",), "classes") == (preprocessing.target_names, preprocessing.target_kind)
    two, numbers = fitted("synthetic:moons"), fitted("synthetic:sine", target_scaling="none")
    assert (2, 1) == (two.outputs(), two.outputs(one_for_two=True))
    assert (1, "numbers", ()) == (numbers.outputs(), numbers.target_kind, numbers.classes)
    assert ([0.0], [1.0]) == (numbers.target_center.tolist(), numbers.target_scale.tolist())


@pytest.mark.parametrize(
    ("mark_gaps_from", "changing"),
    [
        (1, ("island = Torgersen", "sex = MALE", "sex is missing or other")),
        (10, ("island = Torgersen", "sex = MALE")),
        (0, ("island = Torgersen", "island is missing or other", "sex = MALE", "sex is missing or other")),
    ],
)
def test_unseen_cells_and_gaps(penguins, mark_gaps_from, changing):
    preprocessing, table = fitted("builtin:penguins", mark_gaps_from=mark_gaps_from), penguins[1]
    row = dict(zip(table.columns, table.frame.row(0), strict=True))
    names = preprocessing.feature_names
    known = preprocessing.encode(Table.of({name: [cell] for name, cell in row.items()}))[0]
    odd = preprocessing.encode(
        Table.of({name: [cell] for name, cell in {**row, "island": "Mars", "sex": None}.items()})
    )[0]
    changed = [names[i] for i in np.flatnonzero(known != odd)]
    filled = {"island": mark_gaps_from > 0, "sex": mark_gaps_from > 1}  # with shares, all of which differ
    assert [name for name in names if name in changing or filled.get(name.partition(" ")[0])] == changed


def test_files_without_a_header_go_by_position(iris, tmp_path):
    preprocessing, frame = iris
    expected = preprocessing.encode(Table(frame, "iris"))
    frame.write_csv(tmp_path / "whole.csv", include_header=False)
    frame.drop("species").write_csv(tmp_path / "inputs.csv", include_header=False, separator=";")
    frame.select(reversed(frame.columns)).write_csv(tmp_path / "named.csv")
    for name in ("whole.csv", "inputs.csv", "named.csv"):
        np.testing.assert_array_equal(expected, read_rows(str(tmp_path / name), preprocessing))


def test_positions_leave_out_a_target_in_front(tmp_path):
    rows = [(f"{i % 2}", f"{i}", f"{i * i}") for i in range(10)]
    for name, first in (("train.csv", 0), ("new.csv", 1)):
        (tmp_path / name).write_text("".join(",".join(row[first:]) + "\n" for row in rows))
    preprocessing = fitted(str(tmp_path / "train.csv"), target=0, scaling="none")
    expected = [[i, i * i] for i in range(10)]
    assert expected == read_rows(str(tmp_path / "new.csv"), preprocessing).tolist()
    assert expected == read_rows(str(tmp_path / "train.csv"), preprocessing).tolist()


def test_a_single_row_of_text_is_no_header_when_training_had_none(tmp_path):
    (tmp_path / "train.csv").write_text("a,x\nb,y\na,x\nb,y\n")
    preprocessing = fitted(str(tmp_path / "train.csv"), validation=0, header=False)
    (tmp_path / "one.csv").write_text("b\n")
    assert [[0, 1]] == read_rows(str(tmp_path / "one.csv"), preprocessing).tolist()


def test_an_odd_separator_is_remembered(tmp_path):
    (tmp_path / "x.csv").write_text("a:b:t\n1:2:x\n3:4:y\n")
    preprocessing = fitted(str(tmp_path / "x.csv"), validation=0, separator=":", scaling="none")
    assert [[1, 2], [3, 4]] == read_rows(str(tmp_path / "x.csv"), preprocessing).tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("island,sex\nx,y\n", 'new.csv: no column "bill_length_mm" (allowed: island, sex)'),
        (
            "1,2\n3,4\n",
            'new.csv: its first row should name columns as in training ("species", ...), but begins',
        ),
    ],
)
def test_refuses_rows_that_do_not_fit(text, message, penguins, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new.csv").write_text(text)
    with pytest.raises(DataError) as caught:
        read_rows("new.csv", penguins[0])
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "1,2,3\n",
            "new.csv: 3 columns without names, expected 4 inputs, or 5 with the target at position 4",
        ),
        (
            "1,2,3,4\n1,x,3,4\n",
            'new.csv:2: column "sepal_width": "x" is not a number; correct it or leave it empty',
        ),
    ],
)
def test_refuses_positions_that_do_not_fit(text, message, iris, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new.csv").write_text(text)
    with pytest.raises(DataError) as caught:
        read_rows("new.csv", iris[0])
    assert str(caught.value).startswith(message)
