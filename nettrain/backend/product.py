"""Which products go by tiles, and the passes that finish one of a BLAS: bias, clamp and mask."""

import numpy as np

from nettrain.backend.base import Array, Backend, Call
from nettrain.backend.kernel import kernel, prange

LARGEST = 64 * 64 * 64  # multiply-adds up to which it does not pay to cut a product into parts
BROAD = 160  # columns of the result, from which on larger ones by tiles are faster than by a BLAS
DEEPEST = 4096  # numbers of the inner index, up to which a strip of columns stays in the caches


def takes_tiles(a: Array, b: Array) -> bool:
    """Whether the product of a (1|R, n, m) and b (1|R, m, k) is one for `tiled_products`, or for a BLAS.

    Their sizes decide, never how many members there are: a member's bits must not depend on that.
    """
    gapless = is_gapless(b, 2) or is_gapless(b, 1)
    return is_small(a, b) or (gapless and b.shape[2] >= BROAD and a.shape[2] <= DEEPEST)


def is_small(a: Array, b: Array) -> bool:
    """Whether the product of a (1|R, n, m) and b (1|R, m, k) is one for `small_products.small_product`."""
    return is_gapless(b, 2) and a.shape[1] * b.shape[1] * b.shape[2] <= LARGEST


def is_gapless(x: Array, axis: int) -> bool:
    """Whether numbers that follow each other along an axis of x (R, n, m) lie side by side."""
    return bool(x.shape[axis] == 1 or x.strides[axis] == x.itemsize)


def finishing(
    backend: Backend,
    out: Array,
    bias: tuple[Array, int] | None,
    clamp_min: float | None,
    relu_mask: Array | None,
) -> list[Call]:
    """The passes that a product of a BLAS still needs (see `Backend.product`)."""
    calls = []
    if bias is not None or clamp_min is not None:
        calls.append(
            backend.launch(
                add_bias, out.size, out, *bias_or_zeros(backend, out, bias), lower_limit(backend, clamp_min)
            )
        )
    if relu_mask is not None:
        calls.append(backend.launch(apply_relu_mask, out.size, out, relu_mask))
    return calls


def bias_or_zeros(backend: Backend, out: Array, bias: tuple[Array, int] | None) -> tuple[Array, int]:
    """An array (1|R, P) and the position in its rows of the bias of out (R, n, k), or of k zeros."""
    return bias or (backend.zeros((1, out.shape[2])), 0)


def sum_by_product(backend: Backend, x: Array, w: Array, start: int) -> Call:
    """`Backend.sum_rows` as a product with ones, which on a host is three times faster than a reduction."""
    ones = backend.zeros((1, 1, x.shape[1]))
    ones.fill(1)
    return backend.product(ones, x, w[:, None, start : start + x.shape[2]])


def lower_limit(backend: Backend, clamp_min: float | None) -> Array:
    """clamp_min as an array (1,), -inf for None."""
    return backend.from_host(np.array([-np.inf if clamp_min is None else clamp_min]))


def ones_like(backend: Backend, out: Array) -> Array:
    """A relu_mask (1, n, k) of ones for out (R, n, k); all its rows are one row in memory."""
    ones = backend.zeros((out.shape[2],))
    ones.fill(1)
    return np.lib.stride_tricks.as_strided(ones, (1, *out.shape[1:]), (0, 0, out.itemsize))


@kernel
def add_bias(z: Array, w: Array, start: Array, clamp_min: Array) -> None:
    """z (R, B, H) = max(z + bias, clamp_min (1,)).

    The bias is the H numbers at `start` in each row of w (1|R, P). A ufunc would copy the
    bias into buffers first, and a view of w would hide that it has no gaps.
    """
    least = clamp_min[0]
    for k in prange(z.shape[0] * z.shape[1]):
        r, i = k // z.shape[1], k % z.shape[1]
        row, bias = z[r, i], w[r % w.shape[0], start : start + z.shape[2]]  # 0 where the axis is 1
        for j in range(row.size):
            value = row[j] + bias[j]
            row[j] = least if value < least else value


@kernel
def apply_relu_mask(delta: Array, relu_mask: Array) -> None:
    """delta (R, B, H) = 0 where not relu_mask (R, B, H) > 0."""
    zero = delta.dtype.type(0)
    for k in prange(delta.shape[0] * delta.shape[1]):
        r, i = k // delta.shape[1], k % delta.shape[1]
        row, signal = delta[r, i], relu_mask[r, i]
        for j in range(row.size):
            row[j] = row[j] if signal[j] > zero else zero


@kernel
def transpose(out: Array, w: Array, start: Array) -> None:
    """out (R, n, m) = the transpose of the (m, n) numbers at `start` in each row of w (R, P)."""
    n, size = out.shape[1], out.shape[1] * out.shape[2]
    for r in prange(out.shape[0]):
        matrix, transposed = w[r, start : start + size], out[r]
        for j in range(n):
            row = transposed[j]
            for i in range(row.size):
                row[i] = matrix[i * n + j]
