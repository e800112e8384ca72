"""Splits: exact counts, no row twice, the same for the same seed."""

import numpy as np
import pytest

from nettrain.data.splitting.cut import TEST, VALIDATION, Strata, cut, kept_shares, largest_remainder
from nettrain.errors import DataError

ROWS = np.arange(1000)


def split(size, rows=ROWS, *, seed=0, purpose=TEST, labels=None):
    strata = None if labels is None else Strata(np.asarray(labels, dtype=np.int32), "abcdefghij")
    return cut(rows, size, seed=seed, purpose=purpose, key="data.test", strata=strata)


@pytest.mark.parametrize(
    ("size", "count"), [(0.2, 200), (0.0004, 0), (0.0005, 1), (0.999, 999), (1, 1), (999, 999), (0, 0)]
)
@pytest.mark.parametrize("stratified", [False, True])
def test_counts_are_exact_and_every_row_is_somewhere_once(size, count, stratified):
    remaining, held_out = split(size, labels=ROWS % 3 if stratified else None)
    assert count == len(held_out)
    assert ROWS.tolist() == sorted([*remaining, *held_out])
    assert all(np.diff(remaining) > 0)
    assert all(np.diff(held_out) > 0)


def test_a_split_is_a_function_of_seed_and_purpose():
    held_out = [
        split(0.3, seed=seed, purpose=purpose)[1].tolist()
        for seed, purpose in [(1, TEST), (1, TEST), (2, TEST), (1, VALIDATION)]
    ]
    assert held_out[0] == held_out[1]
    assert held_out[0] != held_out[2]
    assert held_out[0] != held_out[3]


def test_every_row_is_held_out_about_equally_often():
    held_out = np.concatenate([split(0.5, np.arange(10), seed=seed)[1] for seed in range(400)])
    assert np.abs(np.bincount(held_out) - 200).max() < 5 * np.sqrt(400 * 0.25)


def test_strata_get_their_shares():
    labels = np.repeat([0, 1, 2], [500, 300, 200])
    _, held_out = split(0.1, labels=labels)
    assert [50, 30, 20] == np.bincount(labels[held_out]).tolist()


def test_strata_of_a_part_are_those_of_its_rows():
    labels = np.repeat([0, 1], [500, 500])
    remaining, held_out = split(10, rows=np.arange(400, 600), labels=labels)
    assert [5, 5] == np.bincount(labels[held_out]).tolist()
    assert 190 == len(remaining)


@pytest.mark.parametrize(
    ("sizes", "count", "shares"),
    [
        ([50, 50, 50], 30, [10, 10, 10]),
        ([50, 50, 50], 31, [11, 10, 10]),
        ([7, 2, 1], 5, [4, 1, 0]),
        ([5, 4, 1], 3, [2, 1, 0]),
        ([2, 2], 3, [2, 1]),
    ],
)
def test_largest_remainder(sizes, count, shares):
    assert shares == largest_remainder(np.array(sizes), count).tolist()


@pytest.mark.parametrize(
    ("sizes", "count", "shares"),
    [
        ([9, 1], 2, [2, 0]),
        ([6, 1, 1, 1], 3, [3, 0, 0, 0]),  # by largest remainder the first of the single rows would go
        ([4, 2], 4, [3, 1]),
        ([2, 2, 8], 9, [1, 1, 7]),
        ([2, 1], 2, [1, 1]),  # one class has to give its last row
        ([50, 30, 20], 33, [16, 10, 7]),
    ],
)
def test_each_class_keeps_a_row_where_that_is_possible(sizes, count, shares):
    assert shares == kept_shares(np.array(sizes), count).tolist()
    labels = np.repeat(np.arange(len(sizes)), sizes)
    remaining, held_out = split(count, np.arange(len(labels)), labels=labels)
    assert shares == np.bincount(labels[held_out], minlength=len(sizes)).tolist()
    assert [*range(len(labels))] == sorted([*remaining, *held_out])


def test_refuses_what_leaves_nothing():
    with pytest.raises(DataError, match=r"^data.test: 1000 of 1000 rows leaves none to train on$"):
        split(1000)


def cut_in_order(values):
    """Training, validation and test rows of ten, by the values of all rows."""
    settings = {"seed": 3, "values": np.asarray(values)}
    remaining, test = cut(np.arange(10), 0.2, purpose=TEST, key="data.test", **settings)
    remaining, validation = cut(remaining, 3, purpose=VALIDATION, key="data.validation", **settings)
    return remaining, validation, test


def test_the_last_rows_in_the_order_of_time():
    remaining, validation, test = cut_in_order(range(10))
    assert ([0, 1, 2, 3, 4], [5, 6, 7], [8, 9]) == (remaining.tolist(), validation.tolist(), test.tolist())


def test_the_rows_with_the_largest_values_and_of_equal_ones_the_last():
    remaining, validation, test = cut_in_order([5, 1, 5, 1, 5, 0, 5, 9, 5, 1])
    assert ([0, 1, 3, 5, 9], [2, 4, 6], [7, 8]) == (remaining.tolist(), validation.tolist(), test.tolist())
