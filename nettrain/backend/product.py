"""Products of many small matrices, and the bias that goes with them.

A BLAS is made for large matrices. Of small ones it takes one product at a time, with a bias to add in a pass
of its own; and where the right one has few columns, it computes columns that are not there.
"""

import numpy as np

from nettrain.backend.base import Array, Backend, Call
from nettrain.backend.kernel import kernel, prange, strided
from nettrain.backend.tile import BYTES, FUSED, LOW, TALL, WIDE, tile, turned_square

LARGEST = 64 * 64 * 64  # multiply-adds up to which these products are as fast as a BLAS on one thread


def is_small(a: Array, b: Array) -> bool:
    """Whether the product of a (1|R, n, m) and b (1|R, m, k) is one for `small_product`.

    Their shapes alone decide, never how many there are; and the machine, which must have fused multiply-adds.
    """
    contiguous = b.shape[2] == 1 or b.strides[2] == b.itemsize
    return FUSED and contiguous and a.shape[1] * b.shape[1] * b.shape[2] <= LARGEST


def finishing(
    backend: Backend,
    out: Array,
    bias: tuple[Array, int] | None,
    clamp_min: float | None,
    relu_mask: Array | None,
) -> list[Call]:
    """The passes that a product of a BLAS still needs, see `Backend.product`."""
    calls = []
    if bias is not None or clamp_min is not None:
        calls.append(
            backend.launch(add_bias, out.size, out, *begun(backend, out, bias), limit(backend, clamp_min))
        )
    if relu_mask is not None:
        calls.append(backend.launch(apply_relu_mask, out.size, out, relu_mask))
    return calls


def begun(backend: Backend, out: Array, bias: tuple[Array, int] | None) -> tuple[Array, int]:
    """Where rows of out (R, n, k) begin: their bias, or k zeros."""
    return bias or (backend.zeros((1, out.shape[2])), 0)


def summing(backend: Backend, x: Array, w: Array, start: int) -> Call:
    """`Backend.sum_rows` as a product with ones, which on a host is three times faster than a reduction."""
    ones = backend.zeros((1, 1, x.shape[1]))
    ones.fill(1)
    return backend.product(ones, x, w[:, None, start : start + x.shape[2]])


def limit(backend: Backend, clamp_min: float | None) -> Array:
    """clamp_min (1,), or what is below every number."""
    return backend.from_host(np.array([-np.inf if clamp_min is None else clamp_min]))


def everywhere(backend: Backend, out: Array) -> Array:
    """A relu_mask (1, n, k) for out (R, n, k) that is open: one row, again and again."""
    ones = backend.zeros((out.shape[2],))
    ones.fill(1)
    return np.lib.stride_tricks.as_strided(ones, (1, *out.shape[1:]), (0, 0, out.itemsize))


@kernel
def add_bias(z: Array, w: Array, start: Array, clamp_min: Array) -> None:
    """z (R, B, H) += the bias of H numbers at `start` in each row of w (1|R, P), and at least clamp_min (1,).

    A ufunc would copy the bias into buffers first, and a view of w would hide that it has no gaps.
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
        matrix, turned = w[r, start : start + size], out[r]
        for j in range(n):
            row = turned[j]
            for i in range(row.size):
                row[i] = matrix[i * n + j]


@strided
def transpose_squares(out: Array, w: Array) -> None:
    """out (R, n, m) = the transpose of w (R, m, n), square by square; rows have no gaps."""
    lanes = BYTES // out.itemsize
    for r in prange(out.shape[0]):
        for i in range(0, w.shape[1], lanes):
            for j in range(0, w.shape[2], lanes):
                turned_square(out[r, j:, i:], w[r, i:, j:])


@strided
def small_product(
    out: Array, a: Array, b: Array, w: Array, start: Array, clamp_min: Array, relu_mask: Array
) -> None:
    """out (R, n, k) = a (1|R, n, m) @ b (1|R, m, k), each row begun with k numbers at `start` in w (1|R, P).

    Then at least clamp_min (1,), and 0 where not relu_mask (1|R, n, k) > 0. Rows of all but a have no gaps.
    Strips of columns, from above in tiles; the last tile of a strip may compute some rows again, to the same
    bits.
    """
    rows, columns, lanes = out.shape[1], out.shape[2], BYTES // out.itemsize
    least = clamp_min[0]
    for r in prange(out.shape[0]):
        s = a[r % a.shape[0]]  # 0 where the axis is 1
        j = 0
        while j < columns:
            o, t, begun = out[r, :, j:], b[r % b.shape[0], :, j:], w[r % w.shape[0], start + j :]
            g = relu_mask[r % relu_mask.shape[0], :, j:]
            if rows < TALL:
                for i in range(rows):
                    tile(1, WIDE, True, o[i:], s[i:], t, begun, least, g[i:])
                j += WIDE * lanes
            elif columns - j >= WIDE * lanes:
                for i in range(0, rows, LOW):
                    k = min(i, rows - LOW)
                    tile(LOW, WIDE, False, o[k:], s[k:], t, begun, least, g[k:])
                j += WIDE * lanes
            elif columns - j > lanes:
                for i in range(0, rows, TALL):
                    k = min(i, rows - TALL)
                    tile(TALL, 2, True, o[k:], s[k:], t, begun, least, g[k:])
                j += 2 * lanes
            else:
                for i in range(0, rows, TALL):
                    k = min(i, rows - TALL)
                    tile(TALL, 1, True, o[k:], s[k:], t, begun, least, g[k:])
                j += lanes
