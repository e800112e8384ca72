"""Products of many small matrices, and the bias that goes with them.

A BLAS is made for large matrices. Of small ones it takes one product at a time, with a bias to add in a pass
of its own; and where the right one has few columns, it computes columns that are not there.
"""

from nettrain.backend.base import Array
from nettrain.backend.kernel import kernel, prange, strided
from nettrain.backend.tile import BYTES, FUSED, LOW, TALL, WIDE, tile

LARGEST = 64 * 64 * 64  # multiply-adds up to which these products are as fast as a BLAS on one thread


def is_small(a: Array, b: Array) -> bool:
    """Whether the product of a (1|R, n, m) and b (1|R, m, k) is one for `small_product`.

    Their shapes alone decide, never how many there are; and the machine, which must have fused multiply-adds.
    """
    contiguous = b.shape[2] == 1 or b.strides[2] == b.itemsize
    return FUSED and contiguous and a.shape[1] * b.shape[1] * b.shape[2] <= LARGEST


@kernel
def add_bias(z: Array, w: Array, start: Array) -> None:
    """z (R, B, H) += the bias of H numbers at `start` in each row of w (R, P).

    A ufunc would copy the bias into buffers first, and a view of w would hide that it has no gaps.
    """
    for k in prange(z.shape[0] * z.shape[1]):
        r, i = k // z.shape[1], k % z.shape[1]
        row, bias = z[r, i], w[r, start : start + z.shape[2]]
        for j in range(row.size):
            row[j] += bias[j]


@strided
def small_product(out: Array, a: Array, b: Array, w: Array, start: Array) -> None:
    """out (R, n, k) = a (1|R, n, m) @ b (1|R, m, k), each row begun with k numbers at `start` in w (1|R, P).

    Rows of out, b and w have no gaps. Strips of columns, from above in tiles; the last tile of a strip goes
    over some rows again, to the same bits.
    """
    rows, columns, lanes = out.shape[1], out.shape[2], BYTES // out.itemsize
    for r in prange(out.shape[0]):
        s = a[r % a.shape[0]]  # 0 where the axis is 1
        j = 0
        while j < columns:
            o, t, begun = out[r, :, j:], b[r % b.shape[0], :, j:], w[r % w.shape[0], start + j :]
            if rows < TALL:
                for i in range(rows):
                    tile(1, WIDE, True, o[i:], s[i:], t, begun)
                j += WIDE * lanes
            elif columns - j >= WIDE * lanes:
                for i in range(0, rows, LOW):
                    k = min(i, rows - LOW)
                    tile(LOW, WIDE, False, o[k:], s[k:], t, begun)
                j += WIDE * lanes
            elif columns - j > lanes:
                for i in range(0, rows, TALL):
                    k = min(i, rows - TALL)
                    tile(TALL, 2, True, o[k:], s[k:], t, begun)
                j += 2 * lanes
            else:
                for i in range(0, rows, TALL):
                    k = min(i, rows - TALL)
                    tile(TALL, 1, True, o[k:], s[k:], t, begun)
                j += lanes
