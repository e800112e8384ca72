"""Which rows make up each batch."""

import numpy as np
import pytest

from nettrain.engine.batches import Plan, order, orders


@pytest.mark.parametrize(
    ("rows", "size", "drop", "bounds"),
    [
        (10, 4, False, [(0, 4), (4, 8), (8, 10)]),
        (10, 4, True, [(0, 4), (4, 8)]),
        (8, 4, False, [(0, 4), (4, 8)]),
        (5, 5, False, [(0, 5)]),
        (3, 1, False, [(0, 1), (1, 2), (2, 3)]),
    ],
)
def test_bounds(rows: int, size: int, drop: bool, bounds: list[tuple[int, int]]) -> None:
    plan = Plan(rows, size, drop)
    assert list(plan.bounds()) == bounds
    assert plan.steps == len(bounds)
    assert plan.sizes[0] == max(stop - start for start, stop in bounds)


def test_an_order_is_a_permutation_that_depends_on_seed_and_epoch() -> None:
    first = order(3, 0, 50)
    assert sorted(first.tolist()) == list(range(50))
    assert np.array_equal(first, order(3, 0, 50))
    assert not np.array_equal(first, order(3, 1, 50))
    assert not np.array_equal(first, order(4, 0, 50))


def test_members_share_an_order_when_their_seeds_are_equal() -> None:
    assert orders(np.array([3, 3, 3]), 2, 20, shuffle=True).shape == (1, 20)
    apart = orders(np.array([3, 4]), 2, 20, shuffle=True)
    assert apart.tolist() == [order(3, 2, 20).tolist(), order(4, 2, 20).tolist()]
    assert orders(np.array([3, 4]), 2, 5, shuffle=False).tolist() == [[0, 1, 2, 3, 4]]
