"""Which rows are in each batch."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nettrain.training.rows.batches import (
    BatchPlan,
    epoch_orders,
    permuted_rows,
    rows_by_window,
    sampled_rows,
)


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
    plan = BatchPlan(rows, size, drop)
    assert list(plan.bounds()) == bounds
    assert plan.steps == len(bounds)
    assert plan.sizes[0] == max(stop - start for start, stop in bounds)


def test_an_order_is_a_permutation_that_depends_on_seed_and_epoch() -> None:
    first = permuted_rows(3, 0, 50)
    assert sorted(first.tolist()) == list(range(50))
    assert np.array_equal(first, permuted_rows(3, 0, 50))
    assert not np.array_equal(first, permuted_rows(3, 1, 50))
    assert not np.array_equal(first, permuted_rows(4, 0, 50))


def test_orders_are_those_of_a_new_generator_in_any_thread() -> None:
    def drawn(epoch: int) -> list[list[int]]:
        return [draw(7, epoch, 101).tolist() for draw in (permuted_rows, sampled_rows)]

    def new(purpose: int, epoch: int) -> np.random.Generator:
        return np.random.Generator(np.random.Philox(key=[7, purpose], counter=[0, 0, 0, epoch]))

    expected = [
        [new(2, epoch).permutation(101).tolist(), new(4, epoch).integers(101, size=101).tolist()]
        for epoch in range(40)
    ]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(drawn, range(40))) == expected


def test_members_share_an_order_when_their_seeds_are_equal() -> None:
    assert epoch_orders(np.array([3, 3, 3]), 2, 20, shuffle=True).shape == (1, 20)
    apart = epoch_orders(np.array([3, 4]), 2, 20, shuffle=True)
    assert apart.tolist() == [permuted_rows(3, 2, 20).tolist(), permuted_rows(4, 2, 20).tolist()]
    assert epoch_orders(np.array([3, 4]), 2, 5, shuffle=False).tolist() == [[0, 1, 2, 3, 4]]


def test_a_sample_draws_every_row_from_all_rows() -> None:
    first = sampled_rows(3, 0, 50)
    assert np.array_equal(first, sampled_rows(3, 0, 50))
    assert not np.array_equal(first, sampled_rows(3, 1, 50))
    assert not np.array_equal(first, sampled_rows(4, 0, 50))
    # in many epochs each row comes as often as any other: its count is binomial(400, 1/50)
    counts = np.bincount(np.concatenate([sampled_rows(3, epoch, 50) for epoch in range(400)]), minlength=50)
    assert counts.sum() == 400 * 50
    assert np.abs(counts - 400).max() < 5 * np.sqrt(400)
    # and about 1/e of the rows are missing in one, here 0.368 ± 5 standard errors
    assert abs(1 - len(np.unique(sampled_rows(0, 0, 100_000))) / 100_000 - np.exp(-1)) < 0.005


def test_members_with_their_own_seeds_have_their_own_samples() -> None:
    apart = epoch_orders(np.array([3, 4]), 2, 20, shuffle=True, sampling="replacement")
    assert apart.tolist() == [sampled_rows(3, 2, 20).tolist(), sampled_rows(4, 2, 20).tolist()]
    assert epoch_orders(np.array([3, 3]), 2, 20, shuffle=True, sampling="replacement").shape == (1, 20)


def windows_of(order: np.ndarray, window: int) -> list[list[int]]:
    return [sorted(order[start : start + window].tolist()) for start in range(0, len(order), window)]


def test_an_order_by_window_is_blocks_in_random_order_mixed_within_windows() -> None:
    """Worked out beside: of 2000 rows, blocks of 3 in windows of 600, the last block of 2."""
    generator = np.random.Generator(np.random.Philox(key=[7, 2], counter=[0, 0, 0, 5]))
    blocks = generator.permutation(667).tolist()
    in_blocks = [row for block in blocks for row in range(3 * block, 3 * block + 3) if row < 2000]
    order = rows_by_window(7, 5, 2000, 600)
    assert sorted(order.tolist()) == list(range(2000))
    expected = [sorted(in_blocks[start : start + 600]) for start in range(0, 2000, 600)]
    assert windows_of(order, 600) == expected
    for start, window in zip(range(0, 2000, 600), expected, strict=True):
        assert order[start : start + 600].tolist() != window  # not in the order of the file
    assert not np.array_equal(order, rows_by_window(7, 6, 2000, 600))
    assert not np.array_equal(order, rows_by_window(8, 5, 2000, 600))


def test_windows_of_a_table_that_is_sorted_have_rows_from_all_over_it() -> None:
    for window in windows_of(rows_by_window(0, 0, 100_000, 10_240), 10_240)[:-1]:
        tenths = np.bincount(np.array(window) // 10_000, minlength=10) / len(window)
        assert tenths.min() > 0.04  # of 0.1: 256 blocks of 40 rows, a standard deviation of 0.019
        assert tenths.max() < 0.17


def test_a_window_of_all_rows_is_the_usual_order() -> None:
    assert rows_by_window(3, 1, 50, 50).tolist() == permuted_rows(3, 1, 50).tolist()
    (order,) = epoch_orders(np.array([3]), 1, 50, shuffle=True, window=7)
    assert order.tolist() == rows_by_window(3, 1, 50, 7).tolist()
