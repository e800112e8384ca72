"""Products of many small matrices, by tiles in vector registers.

A BLAS is made for large matrices: it takes small ones one at a time, with the bias in a pass of its own, and
where the right one has few columns, it computes columns that are not there.
"""

from nettrain.backend.base import Array
from nettrain.backend.kernel import prange, strided
from nettrain.backend.tile import BYTES, FUSED, LOW, TALL, WIDE, tile, transpose_square

__all__ = ["FUSED", "small_product", "transpose_squares"]


@strided
def transpose_squares(out: Array, w: Array) -> None:
    """out (R, n, m) = the transpose of w (R, m, n), square by square; rows have no gaps."""
    width = BYTES // out.itemsize
    for r in prange(out.shape[0]):
        for i in range(0, w.shape[1], width):
            for j in range(0, w.shape[2], width):
                transpose_square(out[r, j:, i:], w[r, i:, j:])


@strided
def small_product(
    out: Array, a: Array, b: Array, w: Array, start: Array, clamp_min: Array, relu_mask: Array
) -> None:
    """out (R, n, k) = max(a (1|R, n, m) @ b (1|R, m, k) + bias, clamp_min (1,)), 0 unless relu_mask > 0.

    The bias is the k numbers at `start` in each row of w (1|R, P); relu_mask is (1|R, n, k). Rows of all but
    a have no gaps. The columns are cut into strips and each strip into tiles, from top to bottom; the last
    tile of a strip may compute some rows again, to the same bits.
    """
    rows, columns, width = out.shape[1], out.shape[2], BYTES // out.itemsize
    least = clamp_min[0]
    for r in prange(out.shape[0]):
        s = a[r % a.shape[0]]  # 0 where the axis is 1
        j = 0
        while j < columns:
            o, t, bias = out[r, :, j:], b[r % b.shape[0], :, j:], w[r % w.shape[0], start + j :]
            g = relu_mask[r % relu_mask.shape[0], :, j:]
            if rows < TALL:
                for i in range(rows):
                    tile(1, WIDE, True, o[i:], s[i:], t, bias, least, g[i:])
                j += WIDE * width
            elif columns - j >= WIDE * width:
                for i in range(0, rows, LOW):
                    k = min(i, rows - LOW)
                    tile(LOW, WIDE, False, o[k:], s[k:], t, bias, least, g[k:])
                j += WIDE * width
            elif columns - j > width:
                for i in range(0, rows, TALL):
                    k = min(i, rows - TALL)
                    tile(TALL, 2, True, o[k:], s[k:], t, bias, least, g[k:])
                j += 2 * width
            else:
                for i in range(0, rows, TALL):
                    k = min(i, rows - TALL)
                    tile(TALL, 1, True, o[k:], s[k:], t, bias, least, g[k:])
                j += width
