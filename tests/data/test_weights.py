"""Weights: of rows by their column, of classes by their number."""

import numpy as np
import pytest

from nettrain.data.tables.table import Table
from nettrain.data.targets.target import Target
from nettrain.data.targets.weights import class_weights, row_weights
from nettrain.errors import DataError

TARGET = Target(("t",), "classes", ("a", "b", "c"), False)
LABELS = np.repeat(np.arange(3, dtype=np.int32), [6, 3, 1])


def weights_of(cells, rows=(0, 1)):
    return row_weights(Table.of({"w": cells}, "x.csv"), "w", np.array(rows), "training rows")


def test_rows_weigh_what_their_column_says_or_1():
    assert [2.0, 0.5] == weights_of(["2", "0", ".5"], [0, 2]).tolist()
    assert [1.0, 1.0] == row_weights(Table.of({"w": [5, 6]}), None, np.arange(2), "rows").tolist()


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1", None, "2", None], 'x.csv row 2: weight "w": no value (and 1 more)'),
        (["1", "-0.5"], 'x.csv row 2: weight "w": "-0.5" is not a finite number from 0 to 1e+20'),
        (["inf", "1"], 'x.csv row 1: weight "w": "inf" is not a finite number from 0 to 1e+20'),
        (
            ["1", "much", "2", "-1"],
            'x.csv row 2: weight "w": "much" is not a finite number from 0 to 1e+20 (and 1 more)',
        ),
        ([0, 0, 1], 'x.csv: weight "w": all training rows weigh 0'),
        ([1e-21, 0, 1], 'x.csv: weight "w": all training rows weigh less than 1e-20'),
    ],
)
def test_refuses_what_is_no_weight(cells, message):
    with pytest.raises(DataError) as caught:
        weights_of(cells)
    assert message == str(caught.value)


def test_a_weight_column_that_is_not_there():
    with pytest.raises(DataError) as caught:
        row_weights(Table.of({"weigth": [1]}, "x.csv"), "weight", np.arange(1), "rows")
    assert 'x.csv: no weight column "weight", did you mean "weigth"?' == str(caught.value)


def test_balanced_classes_weigh_the_same_in_all():
    weights = class_weights("balanced", TARGET, LABELS)
    # scikit-learn 1.9, compute_class_weight("balanced")
    np.testing.assert_allclose(
        weights, [0.5555555555555556, 1.1111111111111112, 3.3333333333333335], rtol=1e-15
    )
    np.testing.assert_allclose(np.bincount(LABELS, weights[LABELS]), [10 / 3] * 3)


def test_balanced_classes_weigh_the_same_in_all_with_a_weight_column():
    labels = np.array([0, 0, 0, 1, 1, 2], np.int32)
    weight = np.array([1.0, 0.5, 2.5, 3.0, 5.0, 12.0])
    # Σw = 24; the classes have 4, 8 and 12
    assert [2.0, 1.0, 24 / 36] == class_weights("balanced", TARGET, labels, weight).tolist()
    weights = class_weights("balanced", TARGET, labels, weight)
    np.testing.assert_allclose(np.bincount(labels, weight * weights[labels]), [8.0] * 3, rtol=1e-15)
    many = np.repeat(labels, (2 * weight).astype(int))  # a weight of n halves is n rows
    np.testing.assert_allclose(weights, class_weights("balanced", TARGET, many), rtol=1e-15)


def test_a_class_without_weight_cannot_be_balanced():
    with pytest.raises(DataError) as caught:
        class_weights("balanced", TARGET, np.array([0, 1, 2, 2], np.int32), np.array([1.0, 2.0, 0.0, 0.0]))
    expected = 'data.class_weights: balanced needs weight in every class, all rows of "c" weigh 0'
    assert expected == str(caught.value)


def test_classes_that_are_not_named_weigh_1():
    assert [1.0, 4.0, 1.0] == class_weights({"b": 4}, TARGET, LABELS).tolist()


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"bb": 1.0}, 'data.class_weights: "bb" is not a class of "t", did you mean "b"?'),
        ({"x": 1.0}, 'data.class_weights: "x" is not a class of "t" (allowed: a, b, c)'),
        ({"a": 0, "b": 0, "c": 0}, "data.class_weights: all classes weigh 0"),
    ],
)
def test_refuses_weights_of_no_class(wanted, message):
    with pytest.raises(DataError) as caught:
        class_weights(wanted, TARGET, LABELS)
    assert message == str(caught.value)
