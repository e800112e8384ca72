"""From settings to arrays: the parts' sizes, what they are fitted on, and what is decided and said."""

import numpy as np
import pytest
import yaml

from nettrain.data.prepare import prepare
from nettrain.data.settings import DataSettings
from nettrain.errors import DataError


def prepared(source="builtin:iris", *, seed=0, dtype="float64", **keys):
    return prepare(DataSettings(source=source, **keys), seed=seed, dtype=dtype)


def write(folder, text, name="x.csv"):
    path = folder / name
    path.write_text(text)
    return str(path)


def sizes(data):
    return [0 if rows is None else len(rows.x) for rows in (data.train, data.validation, data.test)]


def amounts(count, head="a,b,y\n"):
    """Rows of numbers whose first column tells them apart."""
    return head + "".join(f"{i},{(i * 7) % 11},{i / 4 + 0.1}\n" for i in range(count))


def test_iris_is_split_into_equal_classes():
    data = prepared(test=0.2)
    assert [102, 18, 30] == sizes(data)
    for rows, each in ((data.train, 34), (data.validation, 6), (data.test, 10)):
        assert [each] * 3 == np.bincount(rows.y).tolist()


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, [127, 23, 0]),
        ({"validation": 0}, [150, 0, 0]),
        ({"validation": None}, [150, 0, 0]),
        ({"test": 31, "validation": 19, "stratify": False}, [100, 19, 31]),
        ({"test": "builtin:iris", "validation": 50}, [100, 50, 150]),
    ],
)
def test_sizes_are_exact(keys, expected):
    assert expected == sizes(prepared(**keys))


def test_optdigits_brings_its_test_rows_unless_told():
    data = prepared("builtin:optdigits", validation=0)
    assert [3823, 0, 1797] == sizes(data)
    assert "test: the 1797 test rows that builtin:optdigits brings" in data.notes
    data = prepared("builtin:optdigits", validation=0, test=823)
    assert [3000, 0, 823] == sizes(data)
    assert "the 1797 test rows that builtin:optdigits brings are not used" in data.notes


def test_no_row_is_in_two_parts_and_rows_keep_their_targets(tmp_path):
    data = prepared(
        write(tmp_path, amounts(200)), test=0.25, validation=0.1, scaling="none", target_scaling="none"
    )
    assert [135, 15, 50] == sizes(data)
    parts = (data.train, data.validation, data.test)
    keys = np.concatenate([rows.x[:, 0] for rows in parts])
    assert list(range(200)) == sorted(keys)
    for rows in parts:
        np.testing.assert_array_equal(rows.y[:, 0], rows.x[:, 0] / 4 + 0.1)


def test_the_seed_decides_and_repeats():
    first, again, other = (prepared(test=0.2, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.train.x, again.train.x)
    np.testing.assert_array_equal(first.test.y, again.test.y)
    assert not np.array_equal(first.train.x, other.train.x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arrays_are_as_promised(dtype):
    data = prepared("synthetic:sine", test=100, dtype=dtype)
    for rows in (data.train, data.validation, data.test):
        assert (dtype, dtype, "float64") == (rows.x.dtype, rows.weight.dtype, rows.y.dtype)
        assert ((len(rows.x), 1), (len(rows.x),)) == (rows.y.shape, rows.weight.shape)
        assert rows.x.flags.c_contiguous
        assert (rows.weight == 1).all()
    assert np.int32 == prepared(dtype=dtype).train.y.dtype


def test_inputs_and_targets_are_scaled_by_training_rows_alone(tmp_path):
    data = prepared(write(tmp_path, amounts(100)), test=0.3)
    np.testing.assert_allclose(data.train.x.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(data.train.y.std(axis=0), 1, atol=1e-12)
    assert np.abs(data.test.x.mean(axis=0)).max() > 1e-6
    y = np.concatenate(
        [data.preprocessing.unscale(rows.y) for rows in (data.train, data.validation, data.test)]
    )
    np.testing.assert_allclose(sorted(y[:, 0]), np.arange(100) / 4 + 0.1)


def test_marks_are_not_scaled():
    data = prepared("builtin:penguins")
    marks = ["=" in name or "is missing" in name for name in data.preprocessing.feature_names]
    assert [0, 1] == np.unique(data.train.x[:, marks]).tolist()
    np.testing.assert_allclose(data.train.x[:, ~np.array(marks)].mean(axis=0), 0, atol=1e-12)


def test_a_second_source_changes_nothing_in_training(tmp_path):
    train = write(tmp_path, "a,b,y\n1,x,p\n2,y,q\n3,x,p\n4,y,q\n")
    rows = "y,more,b,a\np,0,x,2\nq,0,z,99\n"
    short = prepared(train, validation=0, test=write(tmp_path, rows, "short.csv"))
    long = prepared(train, validation=0, test=write(tmp_path, rows + "p,0,w,1e6\n", "long.csv"))
    np.testing.assert_array_equal(short.train.x, long.train.x)
    np.testing.assert_array_equal(short.test.x, long.test.x[:2])
    assert short.preprocessing.to_json() == long.preprocessing.to_json()
    assert [[0, 1], [3, 0]] == [sorted(long.test.y[:2]), [len(long.test.y), 0]]


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        ("builtin:penguins", {"test": 0.2}),
        ("builtin:optdigits", {"validation": 100}),
        ("synthetic:spirals", {}),
        ("x.csv", {"target": 1, "test": 0.2, "separator": ";"}),
        ("x.csv", {"target": -1, "test": "x.csv", "missing": ["?", -9]}),
    ],
)
def test_resolved_settings_repeat_the_arrays(source, keys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, amounts(60).replace(",", ";"))
    first = prepared(source, seed=9, **keys)
    resolved = DataSettings(**yaml.safe_load(yaml.safe_dump(first.settings.model_dump())))
    again = prepare(resolved, seed=resolved.seed, dtype="float64")
    assert resolved == again.settings
    assert first.preprocessing.to_json() == again.preprocessing.to_json()
    np.testing.assert_array_equal(first.train.x, again.train.x)
    np.testing.assert_array_equal(first.train.y, again.train.y)


def test_resolved_settings_say_what_was_decided(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, amounts(60, head="").replace(",", ";"))
    settings = prepared("x.csv", seed=3).settings
    expected = {
        "source": str(tmp_path / "x.csv"),
        "target": "column_2",
        "header": False,
        "separator": ";",
        "target_kind": "numbers",
        "target_scaling": "standard",
        "stratify": False,
        "seed": 3,
    }
    assert expected == {key: getattr(settings, key) for key in expected}
    assert ("classes", "none", True) == (
        (settings := prepared().settings).target_kind,
        settings.target_scaling,
        settings.stratify,
    )


@pytest.mark.parametrize(
    ("text", "keys", "message"),
    [
        ("a,t\n1,x\n2,x\n", {"validation": 0}, 'target "t": one class only ("x"), nothing to tell apart'),
        ("a,t\n1,x\n2,x\n3,y\n", {"test": 1}, 'data.test: class "y" has a single row, too few for'),
        ("a,t\n1,x\n2,y\n", {"test": 2}, "data.test: 2 of 2 rows leaves none to train on"),
        ("a,t\n1,x\n2,y\n", {"test": 1, "stratify": False}, 'target "t": class "'),
        ("a,t\n1,x\n2,y\n", {"target_scaling": "standard"}, "data.target_scaling: standard needs numbers"),
        ("a,t\n,x\n?,y\n", {"validation": 0}, "x.csv: no column but the target has a value to learn from"),
        ("t\nx\ny\n", {"validation": 0}, "x.csv: no column but the target has a value to learn from"),
        (
            "a,t\n1,x\n2,y\n",
            {"validation": 0, "test": "y.csv"},
            "data.test: y.csv: no such file, did you mean",
        ),
    ],
)
def test_refuses_in_one_line(text, keys, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, text)
    with pytest.raises(DataError) as caught:
        prepared("x.csv", header=True, **keys)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_refuses_values_that_the_dtype_cannot_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "a,t\n1,x\n1e300,y\n")
    keys = {"validation": 0, "scaling": "none"}
    assert prepared("x.csv", **keys).train.x[1, 0] == 1e300
    with pytest.raises(DataError, match=r'^x.csv:3: column "a": the scaled value is too large for float32$'):
        prepared("x.csv", dtype="float32", **keys)


def test_says_when_so_few_rows_leave_nothing_to_watch(tmp_path):
    data = prepared(write(tmp_path, "a,t\n1,x\n2,y\n3,x\n"))
    assert data.validation is None
    assert "data.validation: 0.15 of so few rows is none" in data.notes
