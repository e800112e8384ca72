"""Rows to predict, from every reader and for every kind of column: those that fit, and why others do not."""

import json

import numpy as np
import pytest

from nettrain.data.prepare import prepare
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.settings import DataSettings
from nettrain.data.unpredictable import read_predictable
from tests.data.reading import read_rows

HEAD = "age,city,joined,truth,y\n"
ROWS = ["36,Rome,2024-01-05,true,no", "17,Oslo,2024-02-05,false,yes", "50,Rome,2023-02-05,true,yes"]


@pytest.fixture
def fitted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.csv").write_text(HEAD + "\n".join(ROWS))
    settings = DataSettings(source="train.csv", validation=0, columns={"numeric": ["truth"]})
    data = prepare(settings, seed=0, dtype="float64")
    return Preprocessing.from_json(json.loads(json.dumps(data.preprocessing.to_json())))


def read(text, preprocessing, dtype="float64"):
    with open("new.csv", "w") as file:
        file.write(text)
    return read_predictable("new.csv", preprocessing, dtype=dtype)


def test_rows_that_all_fit_are_those_of_read_rows(fitted):
    result = read(HEAD + "\n".join(ROWS), fitted)
    np.testing.assert_array_equal(read_rows("new.csv", fitted), result.x)
    assert ([0, 1, 2], 3, []) == (result.rows.tolist(), result.height, result.unpredictable)


def test_every_kind_of_column_says_what_is_wrong(fitted):
    rows = [
        ROWS[0],
        "old,Rome,2024-01-05,true,",
        "1,Paris,05.01.2024,true,",  # a city that was not seen has a place
        "1,Rome,2024-01-05,maybe,",
        "older,Rome,never,true,",  # the first column counts
        "nan,Rome,,,",
        ROWS[1],
    ]
    result = read(HEAD + "\n".join(rows), fitted)
    assert [0, 6] == result.rows.tolist()
    assert [(one.row, one.place, one.column, one.reason) for one in result.unpredictable] == [
        (1, "new.csv:3", "age", '"old" is not a number'),
        (2, "new.csv:4", "joined", '"05.01.2024" is not a date'),
        (3, "new.csv:5", "truth", '"maybe" is not true or false'),
        (4, "new.csv:6", "age", '"older" is not a number'),
        (5, "new.csv:7", "age", '"nan" is not a finite number'),
    ]
    np.testing.assert_array_equal(read(HEAD + f"{ROWS[0]}\n{ROWS[1]}", fitted).x, result.x)


def test_infinite_values_of_arrays(tmp_path):
    x = np.arange(20.0).reshape(10, 2)
    np.savez(tmp_path / "train.npz", x=x, y=x[:, 0] > 9)
    data = prepare(DataSettings(source=str(tmp_path / "train.npz"), validation=0), seed=0, dtype="float32")
    x[3, 1], x[5, 0], x[7, 1] = np.inf, 1e308, np.nan
    np.savez(tmp_path / "new.npz", x=x)
    result = read_predictable(str(tmp_path / "new.npz"), data.preprocessing, dtype="float32")
    assert [0, 1, 2, 4, 6, 7, 8, 9] == result.rows.tolist()
    assert [
        (3, "x1", '"inf" is not a finite number'),
        (5, "x0", "the scaled value is too large for float32"),
    ] == [(one.row, one.column, one.reason) for one in result.unpredictable]
    assert result.unpredictable[0].place.endswith("new.npz row 4")


EMPTY = [
    ("a,y\n1,2\n,\n3,4\n", [0, 2], 3),  # a row of empty cells
    ("a,y\n1,2\n\n3,4\n", [0, 1], 2),  # a blank line of several columns is none
    ("a,y\n\n,\n1,2\n3,4\n,\n,\n", [1, 2], 3),  # none behind the last row
    ('a,y\n"1",2\n , \n"3\n",4\n5,6', [0, 2, 3], 4),  # quotes with a line end in them
]


@pytest.mark.parametrize(("text", "rows", "height"), EMPTY)
def test_rows_of_empty_cells_keep_their_row(tmp_path, monkeypatch, text, rows, height):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.csv").write_text("a,y\n" + "".join(f"{k},{k * 2.5}\n" for k in range(30)))
    data = prepare(DataSettings(source="train.csv", target="y", validation=0), seed=0, dtype="float64")
    result = read(text, data.preprocessing)
    assert (rows, height) == (result.rows.tolist(), result.height)
    assert sorted({*range(height)} - {*rows}) == [one.row for one in result.unpredictable]
