"""Targets: the column, the kind that is taken, and what is refused."""

import numpy as np
import pytest

from nettrain.data.delimited import Reading, parse
from nettrain.data.kind import find_target
from nettrain.data.table import Table
from nettrain.data.target import Target, scale_target, target_column
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


def test_a_wanted_kind_is_taken_without_a_note():
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


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("speces", 'x.csv: no target column "speces", did you mean "species"?'),
        (2, "data.target: 2 is not a position in x.csv, of 2 columns"),
        (-3, "data.target: -3 is not a position in x.csv, of 2 columns"),
    ],
)
def test_a_column_that_is_not_there(wanted, message):
    with pytest.raises(DataError) as caught:
        target_column(parse(b"n,species\n1,x\n", "x.csv", Reading()), wanted)
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
        find_target(parse(text.encode(), "x.csv", Reading(header=True)), ["t"], wanted)
    assert str(caught.value).startswith(message)


def test_refuses_classes_that_training_lacks():
    target, _ = target_of(["<=50K", ">50K"])
    with pytest.raises(DataError) as caught:
        target.read(Table.of({"t": [">50K", "<=50K."]}, "x.csv"))
    assert (
        'x.csv row 2: target "t": class "<=50K." is not in the training data, did you mean "<=50K"?'
        == str(caught.value)
    )
