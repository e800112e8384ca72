"""Whatever a table holds: what is written and read again gives the same inputs, and nothing leaks."""

import csv
import json
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nettrain.data.columns.scaling import scalings
from nettrain.data.labelled import read_labelled
from nettrain.data.prepare import prepare
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.settings import DataSettings
from tests.data.reading import read_rows

ROWS = 24
TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "P", "S", "Zs")), min_size=1, max_size=6)
CELLS = {
    "number": st.floats(-1e6, 1e6).map(repr),
    "whole": st.integers(-5, 5).map(str),
    "text": TEXTS.map(lambda text: f"t{text.strip()}"),
    "day": st.dates(date(1990, 1, 1), date(2030, 1, 1)).map(str),
    "truth": st.sampled_from(["true", "false"]),
}
GAPS = st.sampled_from([False, False, False, True])


ENCODINGS = st.fixed_dictionaries(
    {
        "scaling": st.sampled_from([name for name in scalings if name != "channel"]),
        "one_hot_up_to": st.sampled_from([None, 1, 3]),
        "binary_categories": st.sampled_from(["indicators", "sign"]),
        "scale_indicators": st.booleans(),
    }
)


@st.composite
def tables(draw):
    """A table of text cells by column name, with gaps; the target y has two classes."""
    kinds = draw(st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=4))
    columns = {"n": [str(row) for row in range(ROWS)]}  # one column at least has something to teach
    for i, kind in enumerate(kinds):
        cells = draw(st.lists(CELLS[kind], min_size=ROWS, max_size=ROWS))
        gaps = draw(st.lists(GAPS, min_size=ROWS, max_size=ROWS))
        columns[f"{kind} {i}"] = [
            "" if gap and row else cell for row, (cell, gap) in enumerate(zip(cells, gaps, strict=True))
        ]
    columns["y"] = ["no", "yes"] * (ROWS // 2)
    return columns


def write(path, columns, rows=range(ROWS)):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([columns[name][row] for name in columns] for row in rows)
    return str(path)


def prepared(path, **keys):
    return prepare(DataSettings(source=path, header=True, target="y", **keys), seed=0, dtype="float64")


SLOW = settings(max_examples=25)


@SLOW
@given(columns=tables(), encoding=ENCODINGS)
def test_what_is_stored_repeats_the_inputs_with_columns_in_any_order(columns, encoding):
    with tempfile.TemporaryDirectory() as folder:
        data = prepared(write(Path(folder, "train.csv"), columns), **encoding, validation=0)
        stored = Preprocessing.from_json(json.loads(json.dumps(data.preprocessing.to_json())))
        turned = write(Path(folder, "new.csv"), dict(reversed(columns.items())) | {"more": ["?"] * ROWS})
        rows = read_labelled(turned, stored)
        np.testing.assert_array_equal(data.train.x, rows.x)
        np.testing.assert_array_equal(data.train.y, rows.y)
        assert np.isfinite(rows.x).all()
        # a row of one gap alone would be a blank line
        inputs = {name: cells for name, cells in columns.items() if name != "y"} | {"more": ["?"] * ROWS}
        np.testing.assert_array_equal(rows.x, read_rows(write(Path(folder, "x.csv"), inputs), stored))


@SLOW
@given(columns=tables(), more=tables())
def test_test_rows_teach_nothing(columns, more):
    with tempfile.TemporaryDirectory() as folder:
        train = write(Path(folder, "train.csv"), columns)
        few, many = Path(folder, "few.csv"), Path(folder, "many.csv")
        write(few, columns, range(4))
        write(many, columns, [*range(4), *range(10)])
        first, second = (prepared(train, test=str(path)) for path in (few, many))
        assert first.preprocessing.to_json() == second.preprocessing.to_json()
        np.testing.assert_array_equal(first.train.x, second.train.x)
        np.testing.assert_array_equal(first.test.x, second.test.x[:4])


@SLOW
@given(columns=tables(), share=st.floats(0.1, 0.4), column=st.integers(0, 3), seed=st.integers(0, 3))
def test_every_row_is_in_one_split_and_no_group_in_two(columns, share, column, seed):
    group = [str(row * (column + 2) % 7) for row in range(ROWS)]
    columns = columns | {"row": [str(row) for row in range(ROWS)], "group": group}
    roles = {"ignore": [name for name in columns if name not in ("row", "group", "y")], "group": "group"}
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder, "x.csv"), columns)
        settings = DataSettings(
            source=path, target="y", test=share, validation=share, columns=roles, scaling="none"
        )
        data = prepare(settings, seed=seed, dtype="float64")
    splits = [split.x[:, 0].astype(int) for split in (data.train, data.validation, data.test)]
    assert list(range(ROWS)) == sorted(np.concatenate(splits))
    groups = [{group[row] for row in split} for split in splits]
    assert 7 == sum(map(len, groups))
