"""Targets: the column, its kind, and what is refused."""

import numpy as np
import pytest

from nettrain.data.reading.formats.delimited import parse
from nettrain.data.reading.options import ReadOptions
from nettrain.data.tables.table import Table
from nettrain.data.targets.kind import find_target, order_classes
from nettrain.data.targets.renames import rename_cells, unused_renames
from nettrain.data.targets.target import Target, scale_target, target_column, target_columns
from nettrain.data.targets.unlabelled import drop_missing
from nettrain.errors import DataError


def target_of(cells, wanted="auto"):
    return find_target(Table.of({"t": cells}), ["t"], wanted)


@pytest.mark.parametrize(
    ("cells", "kind", "classes"),
    [
        (["b", "a"] * 3, "classes", ("a", "b")),
        (["ä", "b", "B"] * 2, "classes", ("B", "b", "ä")),
        ([True, False], "classes", ("false", "true")),
        (["10", "9", "-1"] * 5, "classes", ("-1", "9", "10")),
        (["1", "1.0", "2"] * 5, "classes", ("1", "2")),
        ([str(i % 20) for i in range(100)], "classes", tuple(map(str, range(20)))),
        ([str(i % 20) for i in range(99)], "numbers", ()),
        ([str(i % 21) for i in range(500)], "numbers", ()),
        ([0.5, 1.0] * 50, "numbers", ()),
        ([1, 2] * 5, "classes", ("1", "2")),
    ],
)
def test_kind_is_decided_as_designed(cells, kind, classes):
    target, _ = target_of(cells)
    assert (kind, classes) == (target.kind, target.classes)


def test_notes_say_how_to_say_otherwise():
    notes = [target_of(cells)[1] for cells in (["a", "b"], [1, 2] * 5, [0.5, 1.5])]
    assert [
        'target "t": text, taken as 2 classes',
        'target "t": whole numbers of 2 values, taken as classes; data.target_kind: numbers takes them as amounts',
        'target "t": taken as numbers; data.target_kind: classes takes each value as a class',
    ] == notes


def test_a_kind_from_the_settings_has_no_note():
    assert (Target(("t",), "numbers", center=(0.0,), scale=(1.0,)), "") == target_of([1, 2] * 5, "numbers")
    target, note = target_of(["1.5", "x", "0.5"], "classes")
    assert (("0.5", "1.5", "x"), "") == (target.classes, note)
    assert ("0.5", "10", "20") == target_of([20.0, 10.0, 0.5], "classes")[0].classes


def test_labels_are_positions_and_numbers_are_scaled_on_training_rows():
    target, _ = target_of(["b", "a", "b"])
    y = target.read(Table.of({"t": ["a", "b", "b"]}))
    assert ([0, 1, 1], np.int32) == (y.tolist(), y.dtype)
    table = Table.of({"t": [1.0, 3.0, 9.0]})
    scaled = scale_target(target_of([1.0, 3.0, 9.0], "numbers")[0], table, np.array([0, 1]))
    assert ((2.0,), (1.0,)) == (scaled.center, scaled.scale)
    assert [[-1.0], [1.0], [7.0]] == scaled.read(table).tolist()


def test_columns_by_name_and_position():
    table = Table.of({"a": [1], "b": [2], "c": [3]})
    wanted = ["b", 0, 2, -1, -3, None]
    assert ["b", "a", "c", "c", "a", "c"] == [target_column(table, one) for one in wanted]


def test_a_name_goes_before_a_position():
    table = Table.of({"2": [1], "1": [2], "y": [3], "-1": [4]})
    wanted = [2, "2", 1, "1", 0, "0", 3, -1, "-2"]
    assert ["2", "2", "1", "1", "2", "2", "-1", "-1", "y"] == [target_column(table, one) for one in wanted]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("speces", 'x.csv: no target column "speces", did you mean "species"?'),
        (2, "data.target: 2 is not a position in x.csv, of 2 columns"),
        (-3, "data.target: -3 is not a position in x.csv, of 2 columns"),
        ("2", 'x.csv: no target column "2" (allowed: n, species)'),
    ],
)
def test_a_column_that_is_not_there(wanted, message):
    with pytest.raises(DataError) as caught:
        target_column(parse(b"n,species\n1,x\n", "x.csv", ReadOptions()), wanted)
    assert message == str(caught.value)


@pytest.mark.parametrize(
    ("text", "wanted", "message"),
    [
        (
            "n,t\n1,a\n2,\n3,b\n4,?\n",
            "auto",
            'x.csv:3: target "t": 2 rows without a value (at 3, 5); fill or remove them, '
            "or set data.missing_target: drop",
        ),
        (
            "n,t\n" + "1,\n" * 7 + "1,a\n",
            "auto",
            'x.csv:2: target "t": 7 rows without a value (at 2, 3, 4, 5, 6 and 2 more); fill or remove them, '
            "or set data.missing_target: drop",
        ),
        (
            "n,t\n1,1.5\n2,2.5\n3,x\n",
            "auto",
            'x.csv:4: column "t": "x" is not a number; correct it or set data.target_kind: classes',
        ),
        (
            "n,t\n1,a\n2,b\n",
            "numbers",
            'x.csv:2: column "t": "a" is not a number (and 1 more); correct it or set data.target_kind',
        ),
    ],
)
def test_refuses_cells_that_do_not_fit(text, wanted, message):
    with pytest.raises(DataError) as caught:
        find_target(parse(text.encode(), "x.csv", ReadOptions(header=True)), ["t"], wanted)
    assert str(caught.value).startswith(message)


def test_refuses_classes_that_training_lacks():
    target, _ = target_of(["<=50K", ">50K"])
    with pytest.raises(DataError) as caught:
        target.read(Table.of({"t": [">50K", "<=50K."]}, "x.csv"))
    assert (
        'x.csv row 2: target "t": class "<=50K." is not in the training data, did you mean "<=50K"?'
        == str(caught.value)
    )


def targets_of(columns, wanted="auto", names=None):
    return find_target(Table.of(columns, "x.csv"), names or list(columns), wanted)


def test_several_columns_of_0_and_1_are_labels():
    columns = {"a": ["0", "1", "1.0"], "b": [True, False, True], "c": [0, 0, 1], "d": [0.0, 1.0, 0.0]}
    target, note = targets_of(columns)
    assert (("a", "b", "c", "d"), "labels", ()) == (target.names, target.kind, target.classes)
    assert (
        'targets "a", "b", "c", "d": 0 and 1 alone, taken as 4 labels; '
        "data.target_kind: numbers takes them as amounts" == note
    )
    y = target.read(Table.of(columns))
    assert ([[0, 1, 0, 0], [1, 0, 0, 1], [1, 1, 1, 0]], np.float64) == (y.tolist(), y.dtype)


def test_several_columns_of_other_numbers_are_numbers():
    target, note = targets_of({"a": [0, 1], "b": [1, 2]})
    assert (Target(("a", "b"), "numbers", center=(0.0, 0.0), scale=(1.0, 1.0))) == target
    assert 'targets "a", "b": taken as numbers' == note


def test_a_kind_of_several_from_the_settings_has_no_note():
    columns = {"a": [0, 1], "b": [1, 0]}
    assert ("numbers", "") == ((result := targets_of(columns, "numbers"))[0].kind, result[1])
    assert ("labels", "") == ((result := targets_of(columns, "labels"))[0].kind, result[1])
    assert ("labels", "") == ((result := targets_of({"a": [True, False]}, "labels"))[0].kind, result[1])


def test_several_numbers_are_scaled_each_for_itself():
    table = Table.of({"a": [1.0, 3.0, 9.0], "b": [10.0, 10.0, 30.0]})
    target = scale_target(find_target(table, ["a", "b"], "numbers")[0], table, np.array([0, 1]))
    assert ((2.0, 10.0), (1.0, 1.0)) == (target.center, target.scale)
    assert [[-1, 0], [1, 0], [7, 20]] == target.read(table).tolist()


@pytest.mark.parametrize(
    ("columns", "wanted", "message"),
    [
        (
            {"a": [0, 1], "b": [1, 0]},
            "classes",
            "data.target_kind: classes go with one target, but data.target names 2",
        ),
        (
            {"a": ["x", "1"], "b": ["1", "0"]},
            "auto",
            'x.csv row 1: column "a": "x" is not a number; several targets are numbers, or 0 and 1',
        ),
        (
            {"a": ["1", "0"], "b": ["1", "2"]},
            "labels",
            'x.csv row 2: target "b": "2" is not 0 or 1',
        ),
        ({"a": ["yes", "no", "no"]}, "labels", 'x.csv row 1: target "a": "yes" is not 0 or 1 (and 2 more)'),
        (
            {"a": ["1", "0"], "b": ["1", None]},
            "auto",
            'x.csv row 2: target "b": 1 row without a value (at x.csv row 2); fill or remove them, '
            "or set data.missing_target: drop",
        ),
    ],
)
def test_refuses_several_targets_that_do_not_fit(columns, wanted, message):
    with pytest.raises(DataError) as caught:
        targets_of(columns, wanted)
    assert message == str(caught.value)


def test_nan_is_no_target():
    with pytest.raises(DataError, match=r'target "t": 1 row without a value'):
        target_of(np.array([0.5, np.nan, 1.5]))


def test_columns_of_a_list():
    table = Table.of({"a": [1], "b": [2], "c": [3]})
    assert [("c",), ("b", "a"), ("a",)] == [target_columns(table, one) for one in (None, ["b", 0], "a")]
    with pytest.raises(DataError) as caught:
        target_columns(table, ["a", -3])
    assert 'data.target: "a" is named twice' == str(caught.value)


@pytest.mark.parametrize(
    ("cells", "positive", "classes"),
    [
        (["yes", "no"], None, ("no", "yes")),
        (["yes", "no"], "no", ("yes", "no")),
        ([True, False], False, ("true", "false")),
        ([0, 1] * 5, 0, ("1", "0")),
        (["1.50", "2"] * 5, 1.5, ("2", "1.50")),
    ],
)
def test_the_positive_class_is_the_second(cells, positive, classes):
    target = order_classes(target_of(cells, "classes")[0], positive)
    assert classes == target.classes
    assert [0, 1] == target.read(Table.of({"t": list(classes)})).tolist()


@pytest.mark.parametrize(
    ("cells", "positive", "message"),
    [
        (["yes", "no"], "yess", 'data.positive: "yess" is not a class of "t", did you mean "yes"?'),
        (["a", "b", "c"], "a", 'data.positive: "a" needs two classes, but "t" has 3'),
        ([0.5, 1.5], 1, 'data.positive: "1" needs a target of two classes, not of numbers'),
    ],
)
def test_refuses_a_positive_class_that_is_none(cells, positive, message):
    with pytest.raises(DataError) as caught:
        order_classes(target_of(cells)[0], positive)
    assert message == str(caught.value)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ["a", "x", "y", "x"],
            'x.csv row 2: target "t": classes "x", "y" are not in the training data (3 rows) (allowed: a, b)',
        ),
        (
            ["x", "x"],
            'x.csv row 1: target "t": class "x" is not in the training data (2 rows) (allowed: a, b)',
        ),
        (
            list("pqrstuv"),
            'x.csv row 1: target "t": classes "p", "q", "r", "s", "t" and 2 more are not in the training '
            "data (7 rows) (allowed: a, b)",
        ),
    ],
)
def test_names_all_classes_that_training_lacks(cells, message):
    with pytest.raises(DataError) as caught:
        target_of(["a", "b"])[0].read(Table.of({"t": cells}, "x.csv"))
    assert message == str(caught.value)


def test_cells_are_renamed_as_text_and_as_numbers():
    renames = {"<=50K.": "<=50K", "1": "one", "2.0": "two"}
    for cells, expected in (
        (["<=50K.", "<=50K", None], ["<=50K", "<=50K", None]),
        (["1.0", "2.0", "2"], ["one", "two", "2"]),
        ([1, 2, 3], ["one", "2", "3"]),
    ):
        table = rename_cells(Table.of({"a": [5, 6, 7], "t": cells}), ["t", "absent"], renames)
        assert (["a", "t"], expected) == (table.columns, table.column("t").to_list())
        assert [5, 6, 7] == table.column("a").to_list()


def test_two_cells_may_swap_their_names():
    table = rename_cells(Table.of({"t": ["a", "b"]}), ["t"], {"a": "b", "b": "a"})
    assert ["b", "a"] == table.column("t").to_list()


def test_says_which_renames_are_of_no_use():
    tables = [Table.of({"t": ["<=50K", ">50K"]}), Table.of({"t": ["<=50K.", "1.0"]})]
    assert ['data.labels: no cell of the target is "<50K", did you mean "<=50K"?'] == unused_renames(
        tables, ["t"], {"<=50K.": "a", "<50K": "b", "1": "c"}
    )


def test_rows_without_a_target_are_dropped_and_counted():
    table = parse(b"n,t\n1,a\n2,\n3,b\n\n4,?\n5,c\n", "x.csv", ReadOptions(header=True))
    left, note = drop_missing(table, ["t"])
    assert ["a", "b", "c"] == left.column("t").to_list()
    assert "x.csv: 2 rows without a target left out (at 3, 6)" == note
    assert ["x.csv:2", "x.csv:4", "x.csv:7"] == [left.at(row) for row in range(3)]
    assert "x.csv:7" == left.take(np.array([2])).at(0)
    assert (left, "") == drop_missing(left, ["t"])
    with pytest.raises(DataError, match=r"^x.csv: no row has a target$"):
        drop_missing(table.take(np.array([1, 3])), ["t"])
