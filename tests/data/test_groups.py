"""Groups stay whole on either side of a cut, whose size is as near as they allow."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettrain.data.splitting.cut import TEST, cut
from nettrain.data.splitting.groups import choose_groups, read_groups, refuse_shared
from nettrain.data.tables.table import Table
from nettrain.errors import DataError


def held_out_of(groups, count, seed=0):
    return choose_groups(np.array(groups), count, np.random.default_rng(seed), "data.test")


@given(
    groups=st.lists(st.integers(0, 7), min_size=2, max_size=40).filter(lambda groups: len(set(groups)) > 1),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 5),
)
def test_no_group_is_parted_and_no_choice_is_nearer(groups, share, seed):
    count = max(1, int(share * len(groups)))
    held_out = held_out_of(groups, count, seed)
    names = np.array(groups)
    assert not set(names[held_out]) & set(names[~held_out])
    sizes = [groups.count(group) for group in set(groups)]
    proper = (chosen for some in range(1, len(sizes)) for chosen in combinations(sizes, some))
    assert min(abs(sum(chosen) - count) for chosen in proper) == abs(int(held_out.sum()) - count)


def test_thousands_of_groups_come_out_exactly():
    groups = np.random.default_rng(1).integers(0, 5000, 20000)
    held_out = held_out_of(groups, 3000)
    assert 3000 == held_out.sum()
    assert not set(groups[held_out]) & set(groups[~held_out])


def test_a_few_large_groups_are_weighed_at_once():
    groups = np.repeat(np.arange(5), [400_000, 300_001, 200_003, 90_007, 9_989])
    assert 309_990 == held_out_of(groups, 310_000).sum()


def test_chance_decides_which_groups():
    groups = np.repeat(np.arange(20), 5)
    chosen = [tuple(set(groups[held_out_of(groups, 25, seed)])) for seed in range(30)]
    assert len(set(chosen)) > 20
    assert {len(groups) for groups in chosen} == {5}


def test_a_cut_by_groups_of_some_rows():
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    remaining, held_out = cut(np.arange(2, 8), 2, seed=0, purpose=TEST, key="data.test", groups=groups)
    assert (4, 2) == (len(remaining), len(held_out))
    assert 1 == len(set(groups[held_out]))


def test_one_group_cannot_be_split():
    with pytest.raises(DataError) as caught:
        held_out_of([3, 3, 3], 1)
    assert "data.test: one group only, which cannot be split" == str(caught.value)


def test_groups_are_numbered_by_their_cells():
    assert [1, 0, 1] == read_groups(Table.of({"g": ["b", "a", "b"]}), "g").tolist()
    assert [1, 0, 1] == read_groups(Table.of({"g": [2.0, 1.5, 2.0]}), "g").tolist()


def test_a_row_without_a_group_is_refused():
    with pytest.raises(DataError) as caught:
        read_groups(Table.of({"g": ["b", None, "b", None]}, "x.csv"), "g")
    assert (
        'x.csv row 2: group "g": 2 rows without a value (at x.csv row 2, x.csv row 4); fill or remove them'
        == str(caught.value)
    )


def test_a_group_in_two_sources_is_refused():
    first, second = Table.of({"g": ["a", "b"]}, "x.csv"), Table.of({"g": ["c", "b"]}, "y.csv")
    with pytest.raises(DataError) as caught:
        refuse_shared(first, second, "g", "data.test")
    assert 'data.test: y.csv row 2: group "b" has rows in x.csv too' == str(caught.value)
    refuse_shared(first, Table.of({"other": ["a"]}), "g", "data.test")
