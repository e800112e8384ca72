"""A kernel in shares: together they make each iteration once."""

import numpy as np
import pytest

from nettrain.backend.base import Array
from nettrain.backend.kernel import Kernel, kernel, prange
from nettrain.backend.shared_loop import shared_body

FACTOR = 3.0


@kernel
def add_up(out: Array, x: Array, number: int) -> None:
    """out (n,) += FACTOR · x (n,) + number."""
    last = x.size - 1
    for i in prange(
        x.size,
    ):
        out[i] += FACTOR * x[i] + number if i < last else -1.0


@pytest.mark.parametrize("shares", [1, 2, 3, 7, 40])
def test_shares_together_make_every_iteration_once(shares: int) -> None:
    x, out, body = np.arange(13.0), np.zeros(13), shared_body(add_up.body)
    begun = []
    for share in range(shares):
        body(out, x, 2, share, shares)
        begun.append(np.flatnonzero(out).size)
    assert out.tolist() == [3 * k + 2 for k in range(12)] + [-1]
    assert begun == [13 * (share + 1) // shares for share in range(shares)]


def test_compiled_it_does_the_same() -> None:
    add_up_share = Kernel(shared_body(add_up.body))
    x, out = np.arange(5.0), np.zeros(5)
    for share in range(2):
        add_up_share(out, x, 2, share, 2)
    assert out.tolist() == [2, 5, 8, 11, -1]


def closed(factor: float) -> object:
    @kernel
    def scale(out: Array) -> None:
        for i in prange(out.size):
            out[i] *= factor

    return scale.body


def test_a_kernel_keeps_what_it_closes_over() -> None:
    body, out = shared_body(closed(5.0)), np.ones(4)
    body(out, 1, 2)
    assert out.tolist() == [1, 1, 5, 5]
    assert "closed.<locals>.scale_share" in body.__qualname__


def test_without_source_there_is_an_error() -> None:
    scope: dict = {"prange": prange}
    exec("def plain(out):\n    for i in prange(3):\n        out[i] = 1\n", scope)
    with pytest.raises(OSError):
        shared_body(scope["plain"])
