"""Rows to make figures of: any file in the form of the training data, its target and its weights."""

import json

import numpy as np
import pytest

from nettrain.data.labelled import read_labelled
from nettrain.data.prepare import prepare
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.settings import DataSettings
from nettrain.errors import DataError
from tests.data.reading import read_rows

HEAD = "id,age,city,joined,w,y\n"
ROWS = [
    "1,36,Rome,2024-01-05,1,no",
    "2,,Oslo,2024-02-05,2,yes",
    "3,17,Rome,,0.5,no",
    "4,52,,2023-01-05,1,yes",
]
KEYS = {
    "columns": {"ignore": ["id"], "weight": "w"},
    "labels": {"yes": "ja", "no": "nein", "nope": "nein"},
    "positive": "nein",
    "class_weights": "balanced",
    "mark_gaps_from": 1,
}


@pytest.fixture
def fitted(tmp_path, monkeypatch):
    """The preprocessing of ROWS as a run keeps it, and its training rows."""
    monkeypatch.chdir(tmp_path)
    write("train.csv", HEAD, ROWS)
    data = prepare(DataSettings(source="train.csv", validation=0, **KEYS), seed=0, dtype="float64")
    stored = json.loads(json.dumps(data.preprocessing.to_json()))
    return Preprocessing.from_json(stored), data.train


def write(name, head, rows):
    with open(name, "w") as file:
        file.write(head + "\n".join(rows) + "\n")


def test_the_training_file_gives_the_training_rows(fitted):
    preprocessing, train = fitted
    rows = read_labelled("train.csv", preprocessing)
    np.testing.assert_array_equal(train.x, rows.x)
    np.testing.assert_array_equal(train.y, rows.y)
    assert [1, 2, 0.5, 1] == rows.weight.tolist()  # without the classes' weights
    assert "float32" == read_labelled("train.csv", preprocessing, dtype="float32").x.dtype


def test_columns_in_any_order_and_more_of_them(fitted):
    preprocessing, train = fitted
    cells = [row.split(",") for row in ROWS]
    new = [",".join([row[5], "?", row[3], row[4], row[1], row[2]]) for row in cells]
    write("new.csv", "y,extra,joined,w,age,city\n", new)
    rows = read_labelled("new.csv", preprocessing)
    np.testing.assert_array_equal(train.x, rows.x)
    np.testing.assert_array_equal(train.y, rows.y)


def test_predicting_needs_neither_target_nor_weight_nor_what_is_ignored(fitted):
    preprocessing, train = fitted
    write("new.csv", "city,joined,age\n", [",".join(row.split(",")[i] for i in (2, 3, 1)) for row in ROWS])
    np.testing.assert_array_equal(train.x, read_rows("new.csv", preprocessing))


def test_unseen_values_and_gaps(fitted):
    preprocessing, _ = fitted
    write("new.csv", HEAD, ["9,NA,Paris,,1,nope"])
    rows = read_labelled("new.csv", preprocessing)
    x = dict(zip(preprocessing.feature_names, rows.x[0], strict=True))
    assert (1, 1, 1) == (x["age is missing"], x["city is missing or other"], x["joined is missing"])
    assert [1] == rows.y.tolist()


def test_rows_without_a_target(fitted):
    preprocessing, _ = fitted
    write("new.csv", HEAD, [*ROWS, "5,20,Rome,,1,", "6,30,Oslo,,1,yes"])
    assert [1, 0, 1, 0, 0] == read_labelled("new.csv", preprocessing, missing_target="drop").y.tolist()


def test_rows_without_weights_weigh_1_with_a_note(fitted):
    preprocessing, _ = fitted
    write("new.csv", "age,city,joined,y\n", ["1,Rome,,no", "2,Oslo,,yes"])
    rows = read_labelled("new.csv", preprocessing)
    assert [1, 1] == rows.weight.tolist()
    assert ('new.csv: no weight column "w", every row weighs 1',) == rows.notes


@pytest.mark.parametrize(
    ("head", "rows", "message"),
    [
        (HEAD, [*ROWS, "5,20,Rome,,1,"], 'new.csv:6: target "y": 1 row without a value (at 6); fill or'),
        (HEAD, ["5,20,Rome,,1,si"], 'new.csv:2: target "y": class "si" is not in the training data'),
        (HEAD, ["5,20,Rome,,,no"], 'new.csv:2: weight "w": no value'),
        (HEAD, ["5,20,Rome,,0,no"], 'new.csv: weight "w": all given rows weigh 0'),
        (HEAD, ["5,20,Rome,then,1,no"], 'new.csv:2: column "joined": "then" is not a date'),
        (HEAD, ["5,old,Rome,,1,no"], 'new.csv:2: column "age": "old" is not a number'),
        ("age,city,joined,w,Y\n", ["1,Rome,,1,no"], 'new.csv: no target column "y" (allowed: age, city,'),
        ("aeg,city,joined,w,y\n", ["1,Rome,,1,no"], 'new.csv: no column "age", did you mean "aeg"?'),
    ],
)
def test_refuses_in_one_line(head, rows, message, fitted):
    write("new.csv", head, rows)
    with pytest.raises(DataError) as caught:
        read_labelled("new.csv", fitted[0])
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_files_without_a_header_go_by_position(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"{i},{i % 3},{i % 2}" for i in range(30)]
    write("train.csv", "", rows)
    settings = DataSettings(source="train.csv", columns={"ignore": [0]}, validation=0, scaling="none")
    preprocessing = prepare(settings, seed=0, dtype="float64").preprocessing
    write("new.csv", "", rows[:9])
    labelled = read_labelled("new.csv", preprocessing)
    assert ([i % 3 for i in range(9)], [i % 2 for i in range(9)]) == (
        labelled.x[:, 0].tolist(),
        labelled.y.tolist(),
    )
    write("inputs.csv", "", [row[:-2] for row in rows[:9]])
    np.testing.assert_array_equal(labelled.x, read_rows("inputs.csv", preprocessing))


def test_says_where_targets_should_stand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("train.csv", "", [f"{i},{i * i},{i / 3},{i / 7}" for i in range(30)])
    settings = DataSettings(source="train.csv", target=[-2, -1], validation=0)
    preprocessing = prepare(settings, seed=0, dtype="float64").preprocessing
    write("new.csv", "", ["1,2,3", "4,5,6"])
    with pytest.raises(DataError) as caught:
        read_rows("new.csv", preprocessing)
    assert (
        "new.csv: 3 columns without names, expected 2 inputs, or 4 with the targets at positions 2, 3"
        == str(caught.value)
    )


def test_several_targets_keep_their_scale(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("train.csv", "x,a,b\n", [f"{i},{i * i},{i / 3}" for i in range(30)])
    data = prepare(DataSettings(source="train.csv", target=["b", "a"], validation=0), seed=0, dtype="float64")
    stored = Preprocessing.from_json(json.loads(json.dumps(data.preprocessing.to_json())))
    write("new.csv", "b,x,a\n", ["0.5,3,16", "2,5,1"])
    np.testing.assert_allclose([[0.5, 16], [2, 1]], stored.unscale(read_labelled("new.csv", stored).y))
    write("new.csv", "b,x,a\n", ["0.5,3,16", "2,5,one"])
    with pytest.raises(DataError, match=r'^new\.csv:3: column "a": "one" is not a number; correct it$'):
        read_labelled("new.csv", stored)


@pytest.mark.parametrize("spelling", [("True", "False"), ("TRUE", "FALSE"), ("true", "false")])
def test_booleans_are_the_same_however_they_are_spelled(tmp_path, spelling):
    def write(name, yes, no):
        rows = "".join(f"{k},{yes if k % 2 else no},{yes if k % 3 else no}\n" for k in range(60))
        (tmp_path / name).write_text(f"x,flag,y\n{rows}")
        return str(tmp_path / name)

    settings = DataSettings(source=write("train.csv", "True", "False"), target="y", validation=0)
    preprocessing = prepare(settings, seed=0, dtype="float64").preprocessing
    assert ("False", "True") == preprocessing.classes
    train = read_labelled(str(tmp_path / "train.csv"), preprocessing)
    other = read_labelled(write("other.csv", *spelling), preprocessing)
    np.testing.assert_array_equal(train.x, other.x)
    np.testing.assert_array_equal(train.y, other.y)
    assert 2 == len(np.unique(train.x[:, 1]))
