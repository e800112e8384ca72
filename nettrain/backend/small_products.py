"""Products of many small matrices, by tiles in vector registers.

A BLAS is made for large matrices: it takes small ones one at a time, with the bias in a pass of its own, and
where the right one has few columns, it computes columns that are not there.
"""

from nettrain.backend.base import Array
from nettrain.backend.kernel import inline, prange, strided
from nettrain.backend.tile import BYTES, FUSED, LOW, TALL, WIDE, tile, transpose_square

__all__ = ["FUSED", "small_product", "transpose_squares"]


@strided
def transpose_squares(out: Array, w: Array) -> None:
    """out (R, n, m) = the transpose of w (R, m, n), square by square; rows have no gaps."""
    width = BYTES // out.itemsize
    blocks = (w.shape[2] + width - 1) // width
    for k in prange(out.shape[0] * blocks):
        r, j = k // blocks, k % blocks * width
        for i in range(0, w.shape[1], width):
            transpose_square(out[r, j:, i:], w[r, i:, j:])


@inline
def strip_product(out: Array, a: Array, b: Array, bias: Array, clamp_min: float, relu_mask: Array) -> int:
    """The first columns of a product, out (n, k) = max(a (n, m) @ b (m, k) + bias (k,), clamp_min), masked.

    Returns how many columns, at most; the others stay as they are.
    """
    rows, columns = out.shape
    width: int = BYTES // out.itemsize
    if rows < TALL:
        for i in range(rows):
            tile(1, WIDE, True, out[i:], a[i:], b, bias, clamp_min, relu_mask[i:])
        return WIDE * width
    if columns >= WIDE * width:
        for i in range(0, rows, LOW):
            k = min(i, rows - LOW)
            tile(LOW, WIDE, False, out[k:], a[k:], b, bias, clamp_min, relu_mask[k:])
        return WIDE * width
    if columns > width:
        for i in range(0, rows, TALL):
            k = min(i, rows - TALL)
            tile(TALL, 2, True, out[k:], a[k:], b, bias, clamp_min, relu_mask[k:])
        return 2 * width
    for i in range(0, rows, TALL):
        k = min(i, rows - TALL)
        tile(TALL, 1, True, out[k:], a[k:], b, bias, clamp_min, relu_mask[k:])
    return width


@strided
def small_product(
    out: Array, a: Array, b: Array, w: Array, start: Array, clamp_min: Array, relu_mask: Array
) -> None:
    """out (R, n, k) = max(a (1|R, n, m) @ b (1|R, m, k) + bias, clamp_min (1,)), 0 unless relu_mask > 0.

    The bias is the k numbers at `start` in each row of w (1|R, P); relu_mask is (1|R, n, k). Rows of all but
    a have no gaps. The columns are cut into strips and each strip into tiles, from top to bottom; the last
    tile of a strip may compute some rows again, to the same bits.
    """
    columns, least = out.shape[2], clamp_min[0]
    for r in prange(out.shape[0]):
        s = a[r % a.shape[0]]  # 0 where the axis is 1
        j = 0
        while j < columns:
            o, t, bias = out[r, :, j:], b[r % b.shape[0], :, j:], w[r % w.shape[0], start + j :]
            j += strip_product(o, s, t, bias, least, relu_mask[r % relu_mask.shape[0], :, j:])
