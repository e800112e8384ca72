"""What is said about rows that differ from the training data, and silence about those that do not."""

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nettrain.data.columns.deviation import Deviation
from nettrain.data.deviations import RowComparison
from nettrain.data.labelled import read_labelled
from nettrain.data.prepare import prepare
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.settings import DataSettings
from nettrain.data.unpredictable import read_predictable

TRAIN = {
    "age": [20, 30, 40, 60],
    "pay": [1.5, None, 2.0, 3.5],
    "city": ["Ulm", "Bonn", "Ulm", "New York"],
    "code": ["1", "2", "10", None],
    "born": ["2000-01-01", "2000-01-11", "2000-01-06", "2000-01-02"],
    "id": ["a", "b", "c", "d"],
    "y": [0.5, 1.5, 2.5, 3.5],
}
LIKE = {"age": [33], "pay": [2.0], "city": ["Bonn"], "code": ["2"], "born": ["2000-01-05"]}
KEYS = {"target": "y", "columns": {"ignore": ["id"], "categorical": ["code"]}}


def fitted(data, **keys):
    """The preprocessing of a table, as a run stores it."""
    memory = MemoryTables.of(pl.DataFrame(data))
    settings = DataSettings(source="memory:train", **{"validation": 0, **keys})
    prepared = prepare(settings, seed=0, dtype="float32", memory=memory)
    return Preprocessing.from_json(json.loads(json.dumps(prepared.preprocessing.to_json())))


@pytest.fixture(scope="module")
def trained():
    return fitted(TRAIN, **KEYS)


def comparison(columns, preprocessing) -> RowComparison:
    memory = MemoryTables.of(pl.DataFrame(columns), "new")
    return read_predictable(memory, preprocessing, dtype="float32").comparison


def lines(columns, preprocessing):
    return comparison(columns, preprocessing).lines("new")


def test_rows_like_the_training_rows_are_silent(trained):
    assert [] == lines(TRAIN, trained)
    assert [] == lines(LIKE, trained)
    assert ("id",) == comparison(TRAIN, trained).unused
    assert [] == lines({**LIKE, "pay": [None], "code": [None]}, trained)  # which had gaps


CASES = [
    ("age", [None, 33], 'column "age": 1 gap, the training data had none'),
    ("city", [None, "Ulm"], 'column "city": 1 gap, the training data had none'),
    ("born", [None, None], 'column "born": 2 gaps, the training data had none'),
    # the range is 20 to 60, and as long again are -20 and 100
    ("age", [-20, 100], ""),
    ("age", [-20.5, 33], 'column "age": 1 row far outside the training range 20 to 60: -20.5'),
    ("age", [101, 4000], 'column "age": 2 rows far outside the training range 20 to 60: 101 to 4000'),
    ("pay", [-0.5, 5.5], ""),
    ("pay", [700.0, None], 'column "pay": 1 row far outside the training range 1.5 to 3.5: 700'),
    ("born", ["1999-12-22", "2000-01-21"], ""),
    (
        "born",
        ["1999-12-21", "2024-02-29 12:30"],
        'column "born": 2 rows far outside the training range 2000-01-01 to 2000-01-11: '
        "1999-12-21 to 2024-02-29 12:30:00",
    ),
    ("city", ["Hamm", "Ulm"], 'column "city": 1 row with values not in the training data: "Hamm"'),
    (
        "city",
        ["ulm", "Hamm", "ULM", "ulm", "newyork", "Aue", "Aue"],
        'column "city": 7 rows with values not in the training data: "Aue", "ulm" ("Ulm" is known), '
        '"Hamm" and 2 more',
    ),
    ("code", ["1.0", "2"], ""),  # whole numbers are the same value
    ("code", ["01", "2"], 'column "code": 1 row with values not in the training data: "01" ("1" is known)'),
    ("code", ["x" * 50, "2"], f'column "code": 1 row with values not in the training data: "{"x" * 39}…"'),
]


@pytest.mark.parametrize(("name", "cells", "line"), CASES)
def test_each_column_says_what_is_new_in_it(name, cells, line, trained):
    rows = {**{other: one * len(cells) for other, one in LIKE.items()}, name: cells}
    assert [f"new: {line}"] * bool(line) == lines(rows, trained)


def test_every_fact_is_there_for_programs(trained):
    rows = {
        **LIKE,
        "age": [200],
        "city": ["bonn"],
        "born": ["2024-02-29"],
        "extra": [1],
    }
    assert (
        Deviation("age", "range", 1, (200.0, 200.0), trained=(20.0, 60.0)),
        Deviation("city", "unseen", 1, ("bonn",), 1, {"bonn": "Bonn"}),
        Deviation("born", "range", 1, ("2024-02-29",) * 2, trained=("2000-01-01", "2000-01-11")),
        Deviation("extra", "column", 1),
    ) == comparison(rows, trained).deviations
    assert ("extra",) == comparison(rows, trained).unused


def test_columns_that_were_not_there_are_named(trained):
    assert ['new: column "more": not in the training data, not used'] == lines({**LIKE, "more": [1]}, trained)
    many = {f"c{k}": [1] for k in range(5)}
    expected = [f'new: column "c{k}": not in the training data, not used' for k in range(5)]
    assert expected == lines({**LIKE, **many}, trained)


def test_rows_without_a_value_are_counted():
    empty = {"a": [1, 3, None], "b": ["x", "y", None]}
    line = "new: 1 row without a value in any column that is used"
    training = {**empty, "a": [1, None, 2], "b": [None, "y", "x"], "y": [1.5, 2.5, 3.5]}
    assert [line] == lines(empty, fitted(training))
    assert [] == lines(empty, fitted({**empty, "y": [1.5, 2.5, 3.5]}))


def test_columns_without_a_value_in_training_are_not_used():
    training = {"a": [1, 2, 3], "b": [None, None, None], "y": [1.5, 2.5, 3.5]}
    preprocessing = fitted(pl.DataFrame(training, schema_overrides={"b": pl.String}))
    assert [] == lines({"a": [1, 2]}, preprocessing)
    assert [] == lines(
        pl.DataFrame({"a": [1], "b": [None]}, schema_overrides={"b": pl.String}), preprocessing
    )
    expected = 'new: column "b": 2 values, the training data had none, not used'
    assert [expected] == lines({"a": [1, 2, 3], "b": ["x", None, "y"]}, preprocessing)


def test_a_constant_column_has_one_number():
    training = {"a": [7, 7, 7], "b": [1, 2, 3], "y": [1.5, 2.5, 3.5]}
    expected = 'new: column "a": 2 rows with 7.5 to 9, every training row has 7'
    assert [expected] == lines({"a": [7.5, 7.0, 9.0], "b": [1, 2, 3]}, fitted(training))


def test_rare_categories_are_known():
    towns = ["a", "a", "b", "c", "d"]
    preprocessing = fitted({"town": towns, "y": [0.5] * 4 + [1.5]}, max_categories=2)
    assert [] == lines({"town": towns}, preprocessing)
    expected = 'new: column "town": 1 row with values not in the training data: "D" ("d" is known)'
    assert [expected] == lines({"town": ["a", "D"]}, preprocessing)


def test_of_very_many_categories_nothing_is_said(monkeypatch):
    monkeypatch.setattr("nettrain.data.columns.categories.MOST_RARE_VALUES", 1)
    preprocessing = fitted({"town": list("aabcd"), "y": [0.5] * 4 + [1.5]}, max_categories=2)
    assert (None, []) == (preprocessing.encoders[0].rare_values, lines({"town": ["x"]}, preprocessing))


def test_pixels_share_their_range():
    """One that was always black in training may be white, and none may be twice as bright."""
    images = np.zeros((6, 64))
    images[1:, :40] = 255
    names = [f"p{k}" for k in range(64)]
    preprocessing = fitted({**dict(zip(names, images.T, strict=True)), "y": np.arange(6) / 4})
    new = np.zeros((1, 64))
    new[0, 60] = 255
    assert [] == lines(dict(zip(names, new.T, strict=True)), preprocessing)
    new[0, 60] = 511
    expected = 'new: column "p60": 1 row far outside the training range 0 to 255: 511'
    assert [expected] == lines(dict(zip(names, new.T, strict=True)), preprocessing)


def test_a_column_has_one_line(trained):
    rows = {name: cells * 3 for name, cells in LIKE.items()} | {"age": [None, 500, 30]}
    expected = 'new: column "age": 1 gap, the training data had none; 1 row far outside the training range 20 to 60: 500'
    assert [expected] == lines(rows, trained)


def test_many_lines_are_cut():
    names = [f"c{k}" for k in range(30)]
    preprocessing = fitted({**{name: [1.0, 2.0] for name in names}, "y": [0.5, 1.5]})
    shown = lines({name: [100.0 + k] for k, name in enumerate(names)}, preprocessing)
    assert (21, "new: and 10 more columns, which --json lists") == (len(shown), shown[-1])


def write(folder: Path, form: str, columns) -> str:
    """A file of these columns; text formats have no types."""
    frame, path = pl.DataFrame(columns), folder / f"new.{form}"
    if form == "parquet":
        frame.write_parquet(path)
    elif form == "npz":
        np.savez(path, **{name: frame[name].to_numpy() for name in frame.columns})
    else:
        frame.write_csv(path, separator="\t" if form == "tsv" else ",")
    return str(path)


@pytest.mark.parametrize("form", ["csv", "tsv", "parquet"])
def test_every_format_says_the_same(form, trained, tmp_path):
    rows = {
        "age": [33, 999, None],
        "pay": [-100.5, None, 2.0],
        "city": ["ulm", "Bonn", None],
        "code": ["3", "1", "2"],
        "born": ["2000-01-05", "1900-01-01", "2000-01-05"],
        "y": [1.0, 2.0, 3.0],
    }
    expected = comparison(rows, trained)
    assert {"gaps", "range", "unseen"} == {one.kind for one in expected.deviations}
    source = write(tmp_path, form, rows)
    assert expected == read_predictable(source, trained, dtype="float32").comparison
    assert expected == read_labelled(source, trained).comparison


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_counts_are_those_of_a_plain_loop(data, trained):
    """The oracle is a loop over cells with the definitions of the documentation."""
    cells = {
        "age": st.none() | st.integers(-300, 300),
        "pay": st.none() | st.floats(-20, 20),
        "city": st.none() | st.sampled_from(["Ulm", "Bonn", "New York", "ulm", "Aue"]),
        "code": st.none() | st.sampled_from(["1", "2", "10", "3", "02"]),
        "born": st.none() | st.dates(datetime(1999, 6, 1).date(), datetime(2000, 6, 1).date()).map(str),
    }
    rows = data.draw(st.lists(st.tuples(*cells.values()), min_size=1, max_size=9))
    columns = {name: [row[k] for row in rows] for k, name in enumerate(cells)}
    schema = {"age": pl.Int64, "pay": pl.Float64, "city": pl.String, "code": pl.String, "born": pl.String}
    counted = {
        (one.column, one.kind): one.rows
        for one in comparison(pl.DataFrame(columns, schema), trained).deviations
    }
    expected = {}
    for name, column in columns.items():
        present = [cell for cell in column if cell is not None]
        known = [cell for cell in TRAIN[name] if cell is not None]
        if len(known) == len(TRAIN[name]):
            expected[name, "gaps"] = len(column) - len(present)
        if name in ("city", "code"):
            expected[name, "unseen"] = sum(cell not in known for cell in present)
            continue
        if name == "born":
            present, known = (list(map(datetime.fromisoformat, some)) for some in (present, known))
        low, high = min(known), max(known)
        expected[name, "range"] = sum(
            not low - (high - low) <= cell <= high + (high - low) for cell in present
        )
    expected["", "empty"] = sum(all(cell is None for cell in row) for row in rows)
    assert {key: rows for key, rows in expected.items() if rows} == counted
