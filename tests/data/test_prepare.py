"""From settings to arrays: sizes of splits, what is fitted on which rows, automatic settings, and notes."""

import numpy as np
import pytest
import yaml

from nettrain.data import resolved_settings
from nettrain.data.columns.roles import Columns
from nettrain.data.columns.scaling import scalings
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


def test_optdigits_brings_its_test_rows_by_default():
    data = prepared("builtin:optdigits", validation=0)
    assert [3823, 0, 1797] == sizes(data)
    assert "test: the 1797 test rows that builtin:optdigits brings" in data.notes
    data = prepared("builtin:optdigits", validation=0, test=823)
    assert [3000, 0, 823] == sizes(data)
    assert "the 1797 test rows that builtin:optdigits brings are not used" in data.notes


def test_no_row_is_in_two_splits_and_rows_keep_their_targets(tmp_path):
    data = prepared(
        write(tmp_path, amounts(200)), test=0.25, validation=0.1, scaling="none", target_scaling="none"
    )
    assert [135, 15, 50] == sizes(data)
    splits = (data.train, data.validation, data.test)
    keys = np.concatenate([rows.x[:, 0] for rows in splits])
    assert list(range(200)) == sorted(keys)
    for rows in splits:
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
        assert (dtype, "float64", "float64") == (rows.x.dtype, rows.weight.dtype, rows.y.dtype)
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
        ("a,t\n1,x\n2,y\n", {"test": 1}, 'target "t": class "'),
        ("a,t\n1,x\n2,y\n", {"test": 2}, "data.test: 2 of 2 rows leaves none to train on"),
        ("a,t\n1,x\n2,y\n", {"test": 1, "stratify": False}, 'target "t": class "'),
        ("a,t\n1,x\n2,y\n", {"target_scaling": "standard"}, "data.target_scaling: standard needs numbers"),
        ("a,t\n,x\n?,y\n", {"validation": 0}, "x.csv: no column but the target has a value to learn from"),
        ("t\nx\ny\n", {"validation": 0}, "x.csv: no column but the target has a value to learn from"),
        (
            "a,t\n1,x\n2,y\n",
            {"validation": 0, "test": "xs.csv"},
            'data.test: xs.csv: no such file, did you mean "x.csv"?',
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


PEOPLE = """\
id,name,age,city,joined,adult,w,g,y
1,Ada,36,Rome,2024-01-05,true,1,a,no
2,Bob,,Oslo,2024-02-05,false,2,a,yes
3,Cem,17,Rome,2024-03-07,false,0.5,b,no
4,Dia,52,,2023-01-05,true,1,b,yes
5,Eve,41,Oslo,2024-01-25,true,1,c,no
6,Fay,29,Rome,,true,1,c,yes
7,Gus,33,Rome,2024-05-05,false,1,d,no
8,Hal,61,Oslo,2024-07-01,true,3,d,yes
"""
ROLES = {"ignore": ["id", "name"], "numeric": ["adult"], "weight": "w", "group": "g"}


def test_every_role_of_a_column(tmp_path):
    data = prepared(write(tmp_path, PEOPLE), columns=ROLES, validation=2, scaling="none", seed=1)
    assert [6, 2, 0] == sizes(data)
    assert {"age", "adult"} <= set(data.preprocessing.feature_names)
    assert not {"id", "name", "w", "g"} & {name.split()[0] for name in data.preprocessing.feature_names}
    weights = [data.train.weight.tolist(), data.validation.weight.tolist()]
    assert sorted([1, 2, 0.5, 1, 1, 1, 1, 3]) == sorted([*weights[0], *weights[1]])
    assert [1, 1] == np.bincount(data.validation.y).tolist()  # a group has one of each
    assert 'split by whole groups of "g": 6 training, 2 validation rows' in data.notes
    assert ("w", False) == (data.preprocessing.weight, data.settings.stratify)


def test_roles_by_position_are_written_by_name(tmp_path):
    columns = {"ignore": [0, 1, 4], "categorical": [2], "weight": -3}
    settings = prepared(write(tmp_path, PEOPLE), columns=columns, validation=0).settings
    assert Columns(ignore=["id", "name", "joined"], categorical=["age"], weight="w") == settings.columns


def test_categories_beyond_the_limit_share_an_input(tmp_path):
    towns = "".join(f"{town},{k}.5\n" for k, town in enumerate("aaaabbbccd"))
    source = write(tmp_path, f"town,y\n{towns}")
    features = [
        prepared(source, validation=0, **keys).preprocessing.feature_names
        for keys in (
            {},
            {"max_categories": 2},
            {"mark_gaps_from": 0},
            {"max_categories": 2, "mark_gaps_from": 0},
        )
    ]
    told, rare = (
        ("town = a", "town = b", "town = c", "town = d"),
        ("town = a", "town = b", "town is rare or unseen"),
    )
    assert [told, rare, (*told, "town is missing or other"), (*rare, "town is missing")] == features


def test_as_many_categories_have_an_input_as_rows_allow(tmp_path, monkeypatch):
    rows = "".join(f"t{k % 70},s{k % 60},{k % 2},{k}.5\n" for k in range(140))
    source = write(tmp_path, f"town,street,x,y\n{rows}")
    assert 70 + 60 + 1 == len(prepared(source, validation=0).preprocessing.feature_names)
    cases = {50_000_000: 1000, 140 * 130: 1000, 140 * 129: 69, 140 * 121: 61, 140 * 119: 59, 140: 50}
    for indicators, most in cases.items():
        monkeypatch.setattr(resolved_settings, "MOST_INDICATORS", indicators)
        assert most == prepared(source, validation=0).settings.max_categories
    assert 3 == prepared(source, validation=0, max_categories=3).settings.max_categories


@pytest.mark.parametrize(
    ("keys", "most"),
    [
        ({}, 60),  # inputs of the towns
        ({"one_hot_up_to": 9}, 1000),  # a code each
        ({"columns": {"words": ["town"]}}, 60),
        ({"columns": {"ignore": ["town"]}}, 1000),
    ],
)
def test_the_inputs_of_all_columns_count_towards_the_limit_of_categories(keys, most, tmp_path, monkeypatch):
    rows = "".join(f"t{k % 70},{k % 2},{k}.5\n" for k in range(140))
    source = write(tmp_path, f"town,x,y\n{rows}")
    monkeypatch.setattr(resolved_settings, "MOST_INDICATORS", 140 * 60)
    assert most == prepared(source, validation=0, **keys).settings.max_categories


def test_class_weights_weigh_training_rows_alone(tmp_path):
    keys = {"columns": {"weight": "w"}, "validation": 4, "stratify": False}
    plain = prepared(write(tmp_path, PEOPLE), **keys)
    weighed = prepared(write(tmp_path, PEOPLE), **keys, class_weights={"yes": 3})
    np.testing.assert_array_equal(
        plain.train.weight * np.where(plain.train.y == 1, 3, 1), weighed.train.weight
    )
    np.testing.assert_array_equal(plain.validation.weight, weighed.validation.weight)
    assert 'class weights: "no" 1, "yes" 3' in weighed.notes
    balanced = prepared("builtin:penguins", class_weights="balanced")
    masses = np.bincount(balanced.train.y, balanced.train.weight)
    np.testing.assert_allclose(masses, len(balanced.train.y) / 3)
    assert set(balanced.validation.weight) == {1.0}


def test_rows_without_a_target_are_left_out_everywhere(tmp_path):
    train = write(tmp_path, "a,y\n1,p\n2,\n3,q\n4,p\n5,q\n", "train.csv")
    test = write(tmp_path, "a,y\n?,p\n7,?\n", "test.csv")
    data = prepared(train, test=test, validation=0, missing_target="drop", scaling="none")
    assert ([1, 3, 4, 5], [0, 1, 0, 1]) == (data.train.x[:, 0].tolist(), data.train.y.tolist())
    assert [0] == data.test.y.tolist()
    assert (
        f"{train}: 1 row without a target left out (at 3)",
        f"{test}: 1 row without a target left out (at 3)",
    ) == data.notes[1:3]


def test_several_targets(tmp_path):
    rows = "".join(f"{i},{i % 2},{i % 3 == 0:d},{i / 2},{i * 10}\n" for i in range(20))
    path = write(tmp_path, "x,a,b,c,d\n" + rows)
    labels = prepared(path, target=["b", 1], columns={"ignore": ["c", "d"]}, scaling="none")
    assert (("b", "a"), "labels", 2) == (
        labels.preprocessing.target_names,
        labels.preprocessing.target_kind,
        labels.preprocessing.outputs(one_for_two=True),
    )
    x = labels.train.x[:, 0]
    np.testing.assert_array_equal(np.column_stack([x % 3 == 0, x % 2]), labels.train.y)
    assert (["b", "a"], "labels", False, "none") == (
        labels.settings.target,
        labels.settings.target_kind,
        labels.settings.stratify,
        labels.settings.target_scaling,
    )
    numbers = prepared(path, target=["c", "d"], scaling="none")
    np.testing.assert_allclose(numbers.train.y.std(axis=0), 1)
    x = numbers.train.x[:, 0]
    np.testing.assert_allclose(
        numbers.preprocessing.unscale(numbers.train.y), np.column_stack([x / 2, x * 10])
    )
    assert 2 == numbers.preprocessing.outputs()


def test_a_constant_label_is_noted(tmp_path):
    path = write(tmp_path, "x,a,b\n1,0,1\n2,0,0\n3,0,1\n4,1,1\n")
    data = prepared(path, target=["a", "b"], validation=1, order="time")
    assert 'label "a": 0 in every training row, so nothing can be learned of it' in data.notes


@pytest.mark.parametrize(
    ("cells", "kind", "value"),
    [
        (["0.1"] * 40, "numbers", "0.1"),
        (["-5.1608"] * 40, "numbers", "-5.1608"),
    ],
)
def test_a_constant_target_is_noted(tmp_path, cells, kind, value):
    path = write(tmp_path, "\n".join(["x,y", *(f"{k % 7},{cell}" for k, cell in enumerate(cells))]) + "\n")
    data = prepared(path, target="y", target_kind=kind)
    assert f'target "y": {value} in every training row, so nothing can be learned of it' in data.notes


def test_the_order_of_time_is_that_of_the_rows(tmp_path):
    data = prepared(
        write(tmp_path, amounts(20)),
        test=0.2,
        validation=4,
        order="time",
        scaling="none",
        target_scaling="none",
    )
    starts = [rows.x[:, 0].tolist() for rows in (data.train, data.validation, data.test)]
    assert [list(range(12)), list(range(12, 16)), list(range(16, 20))] == starts


def test_renames_make_two_files_agree(tmp_path):
    train = write(tmp_path, "a,y\n1,<=50K\n2,>50K\n3,<=50K\n4,>50K\n", "train.csv")
    test = write(tmp_path, "a,y\n5,>50K.\n6,<=50K.\n", "test.csv")
    labels = {"<=50K.": "<=50K", ">50K.": ">50K", "<50K": "<=50K"}
    data = prepared(train, test=test, validation=0, labels=labels, positive="<=50K")
    assert ((">50K", "<=50K"), [0, 1]) == (data.preprocessing.classes, data.test.y.tolist())
    assert 'data.labels: no cell of the target is "<50K", did you mean "<=50K"?' in data.notes


def test_permuted_columns_of_the_training_file_permute_the_inputs(tmp_path):
    rows = [line.split(",") for line in PEOPLE.splitlines()]
    order = [4, 8, 2, 0, 7, 3, 5, 6, 1]
    shuffled = "".join(",".join(row[i] for i in order) + "\n" for row in rows)
    keys = {"target": "y", "columns": ROLES, "validation": 2, "seed": 3}
    one = prepared(write(tmp_path, PEOPLE, "one.csv"), **keys)
    two = prepared(write(tmp_path, shuffled, "two.csv"), **keys)
    names, others = one.preprocessing.feature_names, two.preprocessing.feature_names
    assert names != others
    places = [others.index(name) for name in names]
    for first, second in ((one.train, two.train), (one.validation, two.validation)):
        np.testing.assert_array_equal(first.x, second.x[:, places])
        np.testing.assert_array_equal(first.y, second.y)
        np.testing.assert_array_equal(first.weight, second.weight)


def test_ignored_columns_may_hold_anything(tmp_path):
    text = "a,b,y\n" + "".join(f"{i},{'x' if i == 3 else i},{i % 2}\n" for i in range(20))
    data = prepared(write(tmp_path, text), columns={"ignore": ["b"]}, validation=0)
    assert ("a",) == data.preprocessing.feature_names


EVERYTHING = {
    "columns": {**ROLES, "categorical": ["city"]},
    "class_weights": "balanced",
    "labels": {"yes": "ja", "no": "nein"},
    "positive": "nein",
    "missing_target": "drop",
    "validation": 2,
}


@pytest.mark.parametrize("scaling", list(scalings))
def test_resolved_roles_repeat_the_arrays(scaling, tmp_path):
    numbers = {"channels": 1} if scaling == "channel" else {}
    path = write(tmp_path, PEOPLE)
    first = prepared(path, **EVERYTHING, scaling={"name": scaling, **numbers})
    resolved = DataSettings(**yaml.safe_load(yaml.safe_dump(first.settings.model_dump())))
    again = prepare(resolved, seed=resolved.seed, dtype="float64")
    assert resolved == again.settings
    assert first.preprocessing.to_json() == again.preprocessing.to_json()
    for one, two in ((first.train, again.train), (first.validation, again.validation)):
        for name in ("x", "y", "weight"):
            np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"target": "why"},
            'x.csv: no target column "why" (allowed: id, name, age, city, joined, adult, w, g, y)',
        ),
        ({"target": ["y", 8]}, 'data.target: "y" is named twice'),
        (
            {"columns": {"ignore": ["Name"]}},
            'data.columns.ignore: x.csv: no column "Name", did you mean "name"?',
        ),
        ({"columns": {"weight": "age"}}, 'x.csv:3: weight "age": no value'),
        (
            {"columns": {"numeric": ["city"]}},
            'x.csv:2: column "city": "Rome" is not a number (and 6 more); '
            "correct it or take the column out of data.columns.numeric",
        ),
        (
            {"columns": {"group": "city"}},
            'x.csv:5: group "city": 1 row without a value (at 5); fill or remove them',
        ),
        ({"positive": "ja"}, 'data.positive: "ja" is not a class of "y" (allowed: no, yes)'),
        (
            {"class_weights": {"yess": 1}},
            'data.class_weights: "yess" is not a class of "y", did you mean "yes"?',
        ),
        (
            {"class_weights": "balanced", "target": "id", "target_kind": "numbers"},
            "data.class_weights: needs a target of classes, not of numbers",
        ),
        (
            {"target": ["adult", "age"], "missing_target": "drop"},
            'x.csv:2: column "adult": "true" is not a number (and 6 more); '
            "several targets are numbers, or 0 and 1",
        ),
        (
            {"validation": 7, "stratify": False, "target": "city", "missing_target": "drop"},
            "data.validation: 7 of 7 rows leaves none to train on",
        ),
        (
            {"validation": 7, "order": "time", "target": "name"},
            'target "name": classes "Bob", "Cem", "Dia", "Eve", "Fay" and 2 more have no training row; '
            "make data.test or data.validation smaller, or remove their rows",
        ),
        (
            {"scaling": {"name": "divide", "by": {"ages": 2.0}}},
            'data.scaling.by: no column of numbers "ages", did you mean "age"?',
        ),
        (
            {"scaling": {"name": "channel"}, "columns": {"ignore": ["joined"], "categorical": ["id"]}},
            "data.scaling: 2 columns of numbers are not pixels of 3 channels",
        ),
    ],
)
def test_refuses_wrong_roles_in_one_line(keys, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, PEOPLE)
    with pytest.raises(DataError) as caught:
        prepared("x.csv", **{"validation": 0, **keys})
    assert message == str(caught.value)


def test_a_second_source_of_other_groups_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "t,a,g\np,1,a\nx,2,a\np,3,b\nx,4,b\n")
    write(tmp_path, "t,a,g\np,5,c\nx,6,d\n", "y.csv")
    data = prepared("x.csv", target="t", columns={"group": "g"}, test="y.csv", validation=0)
    assert ([0, 1], 4) == (data.test.y.tolist(), len(data.train.y))


def test_rows_and_classes_of_which_each_that_weighs_belongs_to_one_that_does_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "t,a,w\n" + "p,1,1\nq,2,0\n" * 6)
    with pytest.raises(DataError, match=r"^data\.class_weights: no training row weighs more than 0$"):
        prepared("x.csv", columns={"weight": "w"}, target="t", class_weights={"p": 0}, validation=0)


@pytest.mark.parametrize(
    ("rows", "keys", "message"),
    [
        ("x,1,1,a\nq,1,1,b\n", {}, 'y.csv:3: target "t": class "q" is not in the training data'),
        ("p,1,0,c\n", {"columns": {"weight": "w"}}, 'y.csv: weight "w": all test rows weigh 0'),
        (
            "p,1,-1,c\n",
            {"columns": {"weight": "w"}},
            'y.csv:2: weight "w": "-1" is not a finite number from 0 to 1e+20',
        ),
        (
            "p,1,1,c\np,1,1,b\n",
            {"columns": {"group": "g"}},
            'data.test: y.csv:3: group "b" has rows in x.csv too',
        ),
        ("p,1,1,c\n,1,1,c\n", {}, 'y.csv:3: target "t": 1 row without a value (at 3); fill or remove them'),
        (",1,1,c\n", {"missing_target": "drop"}, "y.csv: no row has a target"),
        ("p,-inf,1,c\n", {}, 'y.csv:2: column "a": "-inf" is not a finite number'),
    ],
)
def test_refuses_a_second_source_in_one_line(rows, keys, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "t,a,w,g\np,1,1,a\nx,2,1,a\np,3,2,b\nx,4,0,b\n")
    write(tmp_path, "t,a,w,g\n" + rows, "y.csv")
    keys = {"columns": {"ignore": ["w", "g"]}, **keys}
    with pytest.raises(DataError) as caught:
        prepared("x.csv", target="t", test="y.csv", validation=0, **keys)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
