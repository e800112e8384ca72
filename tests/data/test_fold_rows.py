"""Folds: every row is held out once in a repeat, in even parts, by class, by whole groups, or after the rows before."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettrain.data.splitting.cut import Strata
from nettrain.data.splitting.fold_settings import Folds
from nettrain.data.splitting.folds import deal_groups, fold_notes, fold_rows
from nettrain.errors import DataError


def all_folds(rows, count, repeats=1, seed=0, labels=None, train_on="earlier", **by):
    """The rows of every fold, of rows that may be labelled with numbers from 0."""
    folds = Folds(count=count, repeats=repeats, train_on=train_on)
    if labels is not None:
        by["strata"] = Strata(np.asarray(labels, dtype=np.int32), "abcdefghij")
    return [fold_rows(rows, folds, k, seed=seed, **by) for k in range(1, folds.total + 1)]


def held_out(*args, **kwargs):
    return [fold.held_out.tolist() for fold in all_folds(*args, **kwargs)]


@pytest.mark.parametrize(("rows", "count"), [(10, 5), (11, 5), (14, 5), (7, 7), (150, 4)])
def test_every_row_is_held_out_once_and_sizes_differ_by_a_row(rows, count):
    # scikit-learn's KFold: n % K folds have a row more
    folds = all_folds(np.arange(rows), count)
    assert list(range(rows)) == sorted(row for fold in folds for row in fold.held_out.tolist())
    sizes = [len(fold.held_out) for fold in folds]
    assert sorted(sizes) == [rows // count] * (count - rows % count) + [rows // count + 1] * (rows % count)
    for fold in folds:
        assert list(range(rows)) == sorted([*fold.training.tolist(), *fold.held_out.tolist()])
        assert all(np.diff(fold.training) > 0)
        assert all(np.diff(fold.held_out) > 0)


@given(
    sizes=st.lists(st.integers(2, 20), min_size=1, max_size=4),
    count=st.integers(2, 6),
    seed=st.integers(0, 5),
)
def test_each_class_and_each_fold_differ_by_a_row_at_most(sizes, count, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    if len(labels) < count:
        return
    folds = held_out(np.arange(len(labels)), count, seed=seed, labels=labels)
    counts = np.array([np.bincount(labels[rows], minlength=len(sizes)) for rows in folds])
    assert np.ptp(counts, axis=0).max() <= 1
    assert np.ptp(counts.sum(axis=1)) <= 1
    assert sizes == counts.sum(axis=0).tolist()


def test_folds_depend_on_the_seed_and_the_repeat_alone():
    rows = np.arange(40)
    once, again, other = (held_out(rows, 4, 3, seed=seed) for seed in (1, 1, 2))
    assert once == again
    assert once != other
    repeats = [once[:4], once[4:8], once[8:]]
    assert all(sorted(np.concatenate(repeat)) == rows.tolist() for repeat in repeats)
    assert repeats[0] != repeats[1] != repeats[2] != repeats[0]
    assert once[:4] == held_out(rows, 4, 1, seed=1)  # another repeat changes nothing


def test_rows_are_indices_of_the_table():
    rows = np.array([3, 8, 9, 20, 21, 30])
    labels = np.zeros(31)
    labels[[3, 9, 20]] = 1
    for fold in all_folds(rows, 3, labels=labels):
        assert rows.tolist() == sorted([*fold.training.tolist(), *fold.held_out.tolist()])
        assert [0, 1] == sorted(labels[fold.held_out])


def test_every_row_is_as_often_in_the_first_fold():
    often = np.bincount(np.concatenate([held_out(np.arange(10), 5, seed=seed)[0] for seed in range(500)]))
    assert np.abs(often - 200 * 0.5).max() < 5 * np.sqrt(500 * 0.2 * 0.8)


@given(
    sizes=st.lists(st.integers(1, 12), min_size=6, max_size=25),
    count=st.integers(2, 6),
    seed=st.integers(0, 3),
)
def test_groups_are_whole_and_no_part_is_larger_by_more_than_the_largest_group(sizes, count, seed):
    groups = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    folds = all_folds(np.arange(len(groups)), count, seed=seed, groups=groups)
    for fold in folds:
        assert len(fold.held_out) > 0
        assert not set(groups[fold.held_out]) & set(groups[fold.training])
    assert list(range(len(groups))) == sorted(row for fold in folds for row in fold.held_out.tolist())
    assert np.ptp([len(fold.held_out) for fold in folds]) <= max(sizes)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    ("sizes", "count", "parts"),
    [
        ([5, 4, 3, 3, 2, 1], 2, [9, 9]),
        ([1] * 9, 3, [3, 3, 3]),
        ([10, 1, 1, 1, 1], 2, [4, 10]),
        ([4, 4, 3, 3], 2, [7, 7]),
    ],
)
def test_parts_of_groups_are_as_even_as_they_can_be(sizes, count, parts, seed):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    dealt = deal_groups(groups, count, np.random.default_rng(seed))
    assert parts == sorted(np.bincount(dealt, minlength=count).tolist())


def test_repeats_put_other_groups_together():
    groups = np.repeat(np.arange(12), [9, 8, 7, 7, 6, 5, 5, 4, 3, 2, 2, 1])
    folds = held_out(np.arange(len(groups)), 3, 6, groups=groups)
    repeats = {frozenset(map(tuple, folds[start : start + 3])) for start in range(0, 18, 3)}
    assert len(repeats) == 6


@pytest.mark.parametrize(
    ("rows", "count", "expected"),
    [  # as scikit-learn's TimeSeriesSplit(n_splits=count)
        (6, 5, [([0], [1]), ([0, 1], [2]), ([0, 1, 2], [3]), ([0, 1, 2, 3], [4]), ([0, 1, 2, 3, 4], [5])]),
        (11, 3, [([0, 1, 2, 3, 4], [5, 6]), ([0, 1, 2, 3, 4, 5, 6], [7, 8]), (list(range(9)), [9, 10])]),
        (12, 2, [([0, 1, 2, 3], [4, 5, 6, 7]), (list(range(8)), [8, 9, 10, 11])]),
    ],
)
def test_in_time_each_fold_follows_the_rows_that_train_it(rows, count, expected):
    folds = all_folds(np.arange(rows), count, values=np.arange(rows))
    assert expected == [(fold.training.tolist(), fold.held_out.tolist()) for fold in folds]


@pytest.mark.parametrize(
    ("rows", "count", "expected"),
    [  # as scikit-learn's KFold(n_splits=count), without shuffling
        (3, 3, [[0], [1], [2]]),
        (7, 3, [[0, 1, 2], [3, 4], [5, 6]]),
        (12, 2, [list(range(6)), list(range(6, 12))]),
    ],
)
def test_in_time_each_fold_may_be_a_block_among_the_rows_that_train_it(rows, count, expected):
    values = np.arange(rows)[::-1]
    folds = all_folds(np.arange(rows), count, values=-values, train_on="others")
    assert expected == [fold.held_out.tolist() for fold in folds]
    backward = all_folds(np.arange(rows), count, values=values, train_on="others")
    assert [rows - 1 - row for row in expected[0]] == backward[0].held_out.tolist()[::-1]
    for fold in [*folds, *backward]:
        assert list(range(rows)) == sorted([*fold.training.tolist(), *fold.held_out.tolist()])
        assert all(np.diff(fold.training) > 0)


def test_rows_in_no_order_are_dealt_whatever_folds_train_on_in_time():
    assert held_out(np.arange(20), 4) == held_out(np.arange(20), 4, train_on="others")


def test_the_order_is_that_of_the_values_and_equal_ones_stay():
    values = np.array([5, 1, 4, 1, 9, 0])  # order: 5, 1, 3, 2, 0, 4
    folds = all_folds(np.arange(6), 2, values=values)
    assert [([1, 5], [2, 3]), ([1, 2, 3, 5], [0, 4])] == [
        (fold.training.tolist(), fold.held_out.tolist()) for fold in folds
    ]


@pytest.mark.parametrize(
    ("rows", "by", "words"),
    [
        (4, {}, "data.folds: 4 rows cannot be 5 folds"),
        (1, {}, "data.folds: 1 row cannot be 5 folds"),
        (9, {"groups": np.arange(9) % 3}, "data.folds: 3 groups cannot be 5 folds of whole groups"),
        (
            5,
            {"values": np.arange(5)},
            "data.folds: 5 rows in the order of time cannot be 5 folds, each after",
        ),
        (4, {"values": np.arange(4), "train_on": "others"}, "data.folds: 4 rows cannot be 5 folds"),
        (
            9,
            {"labels": [0, 0, 0, 0, 1, 2, 3, 4, 5]},
            "data.folds: 4 rows of classes that have several cannot be 5 folds",
        ),
    ],
)
def test_refuses_too_few(rows, by, words):
    with pytest.raises(DataError) as caught:
        all_folds(np.arange(rows), 5, **by)
    assert str(caught.value).startswith(words)


def test_names_classes_with_fewer_rows_than_folds():
    strata = Strata(np.array([0] * 9 + [1] * 4 + [2] * 2, dtype=np.int32), "abc")
    none = "so some of the 5 folds are measured on none of them"
    assert [f'data.folds: classes "b", "c" have 2 to 4 rows, {none}'] == fold_notes(
        np.arange(15), Folds(count=5), strata
    )
    assert [
        'class "c" has a single row, which trains all networks',
        f'data.folds: class "b" has 4 rows, {none}',
    ] == fold_notes(np.arange(14), Folds(count=5), strata)
    assert [] == fold_notes(np.arange(9), Folds(count=5), strata)
    assert [] == fold_notes(np.arange(9), Folds(count=5), None)
