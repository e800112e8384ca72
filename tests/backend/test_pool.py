"""Scratch memory by name: what shares a block, and that a block is never too small."""

import numpy as np
import pytest

from nettrain.backend.numpy import NumpyBackend
from nettrain.backend.pool import Pool


@pytest.fixture
def pool() -> Pool:
    return Pool(NumpyBackend("float32"))


def test_arrays_of_one_name_share_its_block(pool: Pool) -> None:
    large = pool.take("x", (4, 5))
    small = pool.take("x", (2, 3))
    other = pool.prefixed("train")("x", (2, 3))
    large[...] = np.arange(20).reshape(4, 5)
    assert [[0, 1, 2], [3, 4, 5]] == small.tolist()
    assert not other.any()
    assert small.flags.c_contiguous
    assert (4 * 5 + 2 * 3) * 4 == pool.nbytes


def test_a_reservation_lets_the_largest_come_last(pool: Pool) -> None:
    pool.reserve("x", (4, 5))
    pool.reserve("x", (3,))
    assert 0 == pool.nbytes
    small, large = pool.take("x", (3,)), pool.take("x", (4, 5))
    large.fill(7)
    assert [7, 7, 7] == small.tolist()


def test_a_plan_takes_no_block(pool: Pool) -> None:
    plan, take = pool.planned("train"), pool.prefixed("train")
    for rows in (2, 6, 4):
        assert (rows, 3) == plan("delta", (rows, 3)).shape
        assert np.uint32 == plan("words", (rows,), np.uint32).dtype
    assert 0 == pool.nbytes
    first, largest = take("delta", (1, 3)), take("delta", (6, 3))
    assert np.shares_memory(first, largest)
    assert np.shares_memory(first, plan("delta", (2, 3)))  # in use: a plan adds nothing to it
    assert 6 * 3 * 4 == pool.nbytes


@pytest.mark.parametrize("request_more", ["take", "reserve"])
def test_a_block_in_use_does_not_grow(pool: Pool, request_more: str) -> None:
    pool.reserve("x", (8,))
    before = pool.take("x", (4,))
    with pytest.raises(ValueError, match=r"'x': 9 numbers requested, 8 reserved"):
        getattr(pool, request_more)("x", (3, 3))
    with pytest.raises(ValueError, match=r"'train\.x': 10 numbers requested, 4 reserved"):
        (pool.prefixed("train")("x", (4,)), pool.planned("train")("x", (10,)))
    assert np.shares_memory(before, pool.take("x", (8,)))


@pytest.mark.parametrize("dtype", [None, np.float64])
def test_a_block_has_one_dtype(pool: Pool, dtype: type | None) -> None:
    pool.take("index", (3,), np.intp)
    with pytest.raises(ValueError, match=r"'index': float(32|64) requested, it is int64"):
        pool.take("index", (3,), dtype)
