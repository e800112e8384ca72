"""Tables passed from Python: the same numbers as from files, errors with column and row, and clear refusals."""

import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from nettrain.data.labelled import read_labelled
from nettrain.data.prepare import prepare
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.settings import DataSettings
from nettrain.data.unpredictable import read_predictable
from nettrain.errors import DataError

DRAW = np.random.default_rng(11)
ROWS = 80


def gappy(values, every):
    """The values with None at every so-manieth place."""
    return [None if i % every == every - 1 else value for i, value in enumerate(values)]


COLUMNS = {
    "count": gappy(DRAW.integers(0, 50, ROWS).tolist(), 7),
    "amount": gappy(DRAW.normal(size=ROWS).round(3).tolist(), 9),
    "whole": DRAW.integers(-5, 5, ROWS).tolist(),
    "town": gappy([f"town {i}" for i in DRAW.integers(0, 4, ROWS)], 11),
    "open": gappy(DRAW.integers(0, 2, ROWS).astype(bool).tolist(), 13),
    "day": gappy([date(2020, 1, 1) + timedelta(days=int(i)) for i in DRAW.integers(0, 900, ROWS)], 10),
    "kind": [("a", "b", "c")[i] for i in DRAW.integers(0, 3, ROWS)],
}
FRAME = pl.DataFrame(COLUMNS)


def pandas_frame():
    pd = pytest.importorskip("pandas")
    return pd.DataFrame(COLUMNS)


def nullable_frame():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({**COLUMNS, "day": pd.to_datetime(COLUMNS["day"])})
    return frame.convert_dtypes().astype({"town": "category", "kind": "category", "amount": "Float64"})


def numpy_columns():
    amount = np.array([np.nan if cell is None else cell for cell in COLUMNS["amount"]])
    count = np.ma.masked_array(
        [cell or 0 for cell in COLUMNS["count"]], mask=[c is None for c in COLUMNS["count"]]
    )
    return {
        "count": count,
        "amount": amount,
        "whole": np.array(COLUMNS["whole"], dtype=">i2"),
        "town": np.array(COLUMNS["town"], dtype=object),
        "open": np.array(COLUMNS["open"], dtype=object),
        "day": np.array(COLUMNS["day"], dtype="datetime64[s]"),
        "kind": np.array(COLUMNS["kind"]),
    }


class ArrowTable:
    """What other libraries' tables have in common: they hand over a stream of Arrow."""

    def __init__(self, frame):
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema=None):
        return self._frame.__arrow_c_stream__(requested_schema)


FORMS = {
    "polars": lambda: FRAME,
    "categories": lambda: FRAME.with_columns(pl.col("town", "kind").cast(pl.Categorical)),
    "pandas": pandas_frame,
    "nullable pandas": nullable_frame,
    "lists": lambda: COLUMNS,
    "arrays": numpy_columns,
    "rows of objects": lambda: np.array(FRAME.rows(), dtype=object),
    "lists of rows": lambda: [list(row) for row in FRAME.rows()],
    "arrow": lambda: ArrowTable(FRAME),
    "arrow pair": lambda: (ArrowTable(FRAME.drop("kind")), ArrowTable(FRAME.select("kind"))),
    "pair": lambda: (FRAME.drop("kind"), FRAME["kind"]),
    "pandas pair": lambda: (pandas_frame().drop(columns="kind"), pandas_frame()["kind"]),
}


def from_memory(data, *, seed=1, dtype="float64", **keys):
    memory = MemoryTables.of(data)
    settings = DataSettings(**{**keys, **memory.sources()})
    return prepare(settings, seed=seed, dtype=dtype, memory=memory)


def from_file(path, *, seed=1, dtype="float64", **keys):
    return prepare(DataSettings(source=str(path), **keys), seed=seed, dtype=dtype)


def same_arrays(one, other):
    for name in ("train", "validation", "test"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert (mine is None) == (theirs is None)
        if mine is not None:
            np.testing.assert_array_equal(mine.x, theirs.x)
            np.testing.assert_array_equal(mine.y, theirs.y)
            np.testing.assert_array_equal(mine.weight, theirs.weight)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    FRAME.write_csv(folder / "x.csv")
    FRAME.write_parquet(folder / "x.parquet")
    return folder


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["x.csv", "x.parquet"])
def test_a_table_in_memory_gives_the_numbers_of_its_file(files, name, form):
    keys = {"test": 0.2, "target": -1, "dtype": "float32"}
    expected, data = from_file(files / name, **keys), from_memory(FORMS[form](), **keys)
    same_arrays(expected, data)
    assert expected.preprocessing.classes == data.preprocessing.classes
    if "rows" not in form:  # which have no names
        assert expected.preprocessing.feature_names == data.preprocessing.feature_names
        assert expected.notes == data.notes


@pytest.mark.parametrize("target", ["amount", "count", "open"])
def test_targets_of_every_kind_with_gaps(files, target):
    keys = {"target": target, "missing_target": "drop", "columns": {"categorical": ["whole"]}}
    expected = from_file(files / "x.csv", **keys)
    for form in ("polars", "pandas", "nullable pandas", "lists", "arrays"):
        same_arrays(expected, from_memory(FORMS[form](), **keys))


def test_a_pair_of_arrays_is_an_npz_archive(tmp_path):
    x, y = DRAW.normal(size=(50, 2, 3)).astype(np.float32), DRAW.integers(0, 3, 50)
    np.savez(tmp_path / "x.npz", x=x, y=y)
    expected, data = from_file(tmp_path / "x.npz", test=9), from_memory((x, y), test=9)
    same_arrays(expected, data)
    assert ("x0", "x1", "x2", "x3", "x4", "x5") == data.preprocessing.feature_names
    assert ("target", "memory:train") == (data.settings.target, data.settings.source)


def test_an_array_is_an_npy_file(tmp_path):
    rows = DRAW.integers(0, 9, (50, 4)).astype(">u2")
    np.save(tmp_path / "x.npy", rows)
    expected, data = from_file(tmp_path / "x.npy"), from_memory(rows)
    same_arrays(expected, data)
    assert expected.preprocessing.to_json() == data.preprocessing.to_json()


def test_a_structured_array_names_its_columns():
    rows = np.array([(i / 3, i % 2) for i in range(40)], [("size", "f8"), ("kind", "u1")])
    expected = {"size": rows["size"], "kind": rows["kind"]}
    same_arrays(from_memory(expected), from_memory(rows))
    assert ("size",) == from_memory(rows).preprocessing.feature_names


def test_y_of_several_columns_is_several_targets():
    x, y = DRAW.normal(size=(40, 2)), DRAW.normal(size=(40, 2))
    assert ("target0", "target1") == from_memory((x, y)).preprocessing.target_names
    named = from_memory((x, pl.DataFrame({"up": y[:, 0], "down": y[:, 1]})))
    assert ["up", "down"] == named.settings.target
    same_arrays(from_memory((x, y)), named)
    same_arrays(from_memory((x, y[:, :1])), from_memory((x, y[:, 0])))


def test_y_gets_the_names_that_the_experiment_has_for_the_target():
    x, y = DRAW.normal(size=(40, 2)), DRAW.normal(size=40)
    assert "price" == from_memory((x, y), target="price").settings.target
    assert "target" == from_memory((x, y), target=-1).settings.target


@pytest.mark.parametrize(
    "cells",
    [
        [1.5, Decimal("2.5"), np.float32(3.5), np.int8(4), None, float("nan")],
        [timedelta(seconds=1.5), np.timedelta64(2500, "ms"), 3.5, 4, None, None],
        pl.Series([1.5, 2.5, 3.5, 4.0, None, None]).cast(pl.Decimal(10, 1)),
        np.array([1.5, 2.5, 3.5, 4, np.nan, np.nan], dtype=np.float16),
        [" 1.5", "2.5 ", "3.5", "4", "NA", ""],
    ],
)
def test_numbers_of_every_type(cells):
    data = from_memory({"x": cells, "y": range(6)}, scaling="none", validation=0, mark_gaps_from=1)
    assert [1.5, 2.5, 3.5, 4.0, 3.0, 3.0] == data.train.x[:, 0].tolist()  # gaps get the median
    assert [0, 0, 0, 0, 1, 1] == data.train.x[:, 1].tolist()


def test_cells_of_several_kinds_are_text_as_in_a_csv_file(tmp_path):
    mixed = ["a", "b", 1, 2.5, "c", None, np.int64(3), "d", "e", "f"] * 5
    text = [None if cell is None else str(cell) for cell in mixed]
    pl.DataFrame({"x": text, "y": list("pqqpqpqqpq" * 5)}).write_csv(tmp_path / "x.csv")
    data = from_memory({"x": mixed, "y": list("pqqpqpqqpq" * 5)})
    same_arrays(from_file(tmp_path / "x.csv"), data)
    assert data.preprocessing.feature_names[:2] == ("x = 1", "x = 2.5")


def test_moments_count_in_utc():
    zone = timezone(timedelta(hours=2))
    moments = [datetime(2024, 1, day, 1, tzinfo=zone) for day in range(1, 29)]
    forms = [pl.Series(moments), [moment.isoformat() for moment in moments], np.array(moments, dtype=object)]
    columns = [from_memory({"at": form, "y": range(28)}, validation=0).train.x for form in forms]
    np.testing.assert_array_equal(columns[0], columns[1])
    np.testing.assert_array_equal(columns[0], columns[2])


def test_text_that_means_no_value_follows_the_settings():
    cells = {"x": ["1", "-", "2", " ? "] * 10, "y": range(40)}
    data = from_memory(cells, missing=["-", "?"])
    assert ("x", "x is missing") == data.preprocessing.feature_names
    assert ("-", "?") == data.preprocessing.layout.missing


def test_test_and_validation_rows_may_be_passed_too():
    x, y = DRAW.normal(size=(50, 3)), DRAW.integers(0, 2, 50)
    data = from_memory({"train": (x, y), "test": (x[:9], y[:9]), "validation": (x[9:16], y[9:16])})
    assert [50, 7, 9] == [len(rows.x) for rows in (data.train, data.validation, data.test)]
    np.testing.assert_array_equal(data.train.x[:9], data.test.x)
    np.testing.assert_array_equal(data.train.y[9:16], data.validation.y)
    assert ("memory:train", "memory:validation", "memory:test") == (
        data.settings.source,
        data.settings.validation,
        data.settings.test,
    )
    frame = FRAME.select(reversed(FRAME.columns))  # columns go by name
    second = from_memory({"train": FRAME, "test": (frame.drop("kind"), frame["kind"].to_list())})
    np.testing.assert_array_equal(from_memory(FRAME, validation=0).preprocessing.classes, ["a", "b", "c"])
    assert ROWS == len(second.test.x)


def test_the_same_tables_can_be_prepared_again_and_are_left_as_they_are():
    x, y = DRAW.normal(size=(50, 3)), DRAW.integers(0, 2, 50)
    before = x.copy()
    memory = MemoryTables.of((x, y))
    settings = DataSettings(**memory.sources())
    first, again = (prepare(settings, seed=0, dtype="float64", memory=memory) for _ in range(2))
    same_arrays(first, again)
    np.testing.assert_array_equal(before, x)


def test_rows_to_predict_and_to_measure_on():
    data = from_memory(FRAME, validation=0)
    inputs = FRAME.drop("kind")
    rows = read_predictable(MemoryTables.of(inputs, "rows"), data.preprocessing, dtype="float64")
    np.testing.assert_array_equal(data.train.x, rows.x)
    for form in (FRAME, (inputs, FRAME["kind"]), (inputs, FRAME["kind"].to_list()), pandas_frame()):
        measured = read_labelled(MemoryTables.of(form), data.preprocessing)
        np.testing.assert_array_equal(data.train.x, measured.x)
        np.testing.assert_array_equal(data.train.y, measured.y)
    wrong = inputs.with_columns(amount=pl.Series([*map(str, range(ROWS - 1)), "x"]))
    rows = read_predictable(MemoryTables.of(wrong, "rows"), data.preprocessing, dtype="float64")
    assert [(ROWS - 1, "rows row 80", "amount", '"x" is not a number')] == [
        (one.row, one.place, one.column, one.reason) for one in rows.unpredictable
    ]


def test_y_is_matched_to_its_column_among_columns_without_names():
    x, y = DRAW.normal(size=(50, 3)), DRAW.integers(0, 2, 50)
    data = from_memory(np.column_stack([y, x]), target=0, validation=0)
    measured = read_labelled(MemoryTables.of((x, y)), data.preprocessing)
    np.testing.assert_array_equal(data.train.x, measured.x)
    np.testing.assert_array_equal(data.train.y, measured.y)
    with pytest.raises(DataError, match=r"^data: X has 2 columns, expected 3$"):
        read_labelled(MemoryTables.of((x[:, 1:], y)), data.preprocessing)
    with pytest.raises(DataError, match=r"^data: y has 2 columns, expected 1$"):
        read_labelled(MemoryTables.of((x, x[:, 1:])), data.preprocessing)


def test_errors_name_column_and_row():
    cells = [str(i) for i in range(40)]
    bad = {"x": [*cells[:16], "1o", *cells[17:]], "y": range(40)}
    with pytest.raises(DataError) as caught:
        from_memory(bad)
    assert str(caught.value).startswith('data row 17: column "x": "1o" is not a number; ')
    good = {"x": cells, "y": range(40)}
    with pytest.raises(DataError) as caught:
        from_memory({"train": good, "test": bad})
    assert str(caught.value).startswith('data["test"] row 17: column "x": "1o" is not a number; ')
    with pytest.raises(DataError) as caught:
        from_memory({"train": good, "test": {"x": cells, "z": cells}})
    assert 'data["test"]: no target column "y" (allowed: x, z)' == str(caught.value)


class Unknown:
    pass


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (Unknown(), "data: is of type Unknown, expected an array of rows and columns, a Polars"),
        ("iris.csv", "data: is of type str, expected an array"),
        ((1, 2, 3), "data: is a tuple of 3, expected (X, y)"),
        (np.arange(3), "data: holds int64 of shape (3,), expected rows of columns"),
        (np.zeros((0, 3)), "data: holds float64 of shape (0, 3), expected rows of columns"),
        (np.zeros((2, 3), complex), 'data: column "column_0" holds complex128 of shape (2,), expected'),
        ([[1, 2], [3]], "data: rows have different numbers of cells"),
        ({}, "data: has no rows"),
        (pl.DataFrame({"a": []}), "data: has no rows"),
        ({"a": [1, 2], "b": [1]}, 'data: column "b" has 1 row, but "a" has 2'),
        ({"a": "text"}, 'data: column "a" is of type str, expected an array or a list'),
        (
            {"a": [1, [2]]},
            'data row 2: column "a" holds a value of type list, expected numbers, text, booleans or dates',
        ),
        ({"a": ["x", b"y"]}, 'data row 2: column "a" holds a value of type bytes, expected numbers'),
        ({"a": np.zeros((2, 2))}, 'data: column "a" holds float64 of shape (2, 2), expected numbers'),
        (pl.DataFrame({"a": [[1], [2]]}), 'data: column "a" holds List(Int64), expected numbers'),
        ((np.zeros((3, 2)), [1, 2]), "data: X has 3 rows, but y has 2"),
        ((np.zeros((3, 2)), np.zeros((3, 2, 2))), "data: y holds float64 of shape (3, 2, 2), expected a"),
        ((pl.DataFrame({"a": [1]}), pl.Series("a", [1])), 'data: two columns are named "a"'),
        ({"^a.*$": [1]}, 'data: column "^a.*$": a name must not begin with ^ and end with $, rename it'),
        ({"test": [[1]]}, 'data: has test, but no "train"'),
        ({"train": [[1]], "test": 3}, 'data["test"]: is of type int, expected an array'),
        ({1: [1], "1": [2]}, 'data: two columns are named "1"'),
    ],
)
def test_refuses(data, message):
    with pytest.raises(DataError) as caught:
        MemoryTables.of(data)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (
            {"source": "memory:train"},
            "data.source: memory:train stands for a table that was passed from Python; "
            "pass it again, data=… in Python, or name a file",
        ),
        (
            {"source": "builtin:iris", "test": "memory:test"},
            "data.test: memory:test stands for a table that was passed from Python; "
            'pass it again, data={"train": …, "test": …} in Python, or name a file',
        ),
    ],
)
def test_what_is_not_passed_again_is_asked_for(sources, message):
    for memory in (None, MemoryTables.of({"train": FRAME}) if "test" in sources else None):
        with pytest.raises(DataError) as caught:
            prepare(DataSettings(**sources), seed=0, dtype="float64", memory=memory)
        assert message == str(caught.value)


def test_pandas_is_not_imported_for_others():
    code = (
        "import sys, numpy as np, polars as pl; from nettrain.data.reading.memory import MemoryTables; "
        "MemoryTables.of((np.ones((3, 2)), [1, 2, 3])); MemoryTables.of(pl.DataFrame({'a': [1]})); "
        "print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False\n" == done.stdout
