"""What the layers of sub-members share: each has rows of its own in the batch and numbers of its own.

A batch of k sub-members holds the B rows of the first one, then those of the second, and so on: (R, k·B, W).
What belongs to sub-member i alone is row i of a parameter (k, W).
"""

from nettrain.backend.base import Array
from nettrain.backend.kernel import kernel, prange
from nettrain.model.layers.base import BLOCK


def each(x: Array, sub_members: int) -> Array:
    """x (R, k·B, W) as (R, k, B, W), of which nothing is copied."""
    members, rows, columns = x.shape
    return x.reshape(members, sub_members, rows // sub_members, columns)


@kernel
def scale_columns(x: Array, out: Array, w: Array, start: Array, count: Array) -> None:
    """out (R, k·B, W) = x·s, where s of sub-member i are the W numbers at start + i·W in each row of w."""
    columns, rows = out.shape[2], out.shape[1] // count
    for t in prange(out.shape[0] * out.shape[1]):
        r, i = t // out.shape[1], t % out.shape[1]
        first = start + i // rows * columns
        row, scaled, factors = x[r % x.shape[0], i], out[r, i], w[r, first : first + columns]
        for j in range(columns):
            scaled[j] = row[j] * factors[j]


@kernel
def scale_columns_backward(
    delta: Array, x: Array, w: Array, gradient: Array, start: Array, count: Array
) -> None:
    """∂s = Σ_rows delta·x for every sub-member, then delta *= s, in place."""
    members, columns = delta.shape[0], delta.shape[2]
    rows, blocks = delta.shape[1] // count, (columns + BLOCK - 1) // BLOCK
    for t in prange(members * count * blocks):
        r, i, first = t // (count * blocks), t // blocks % count, t % blocks * BLOCK
        width, place = min(BLOCK, columns - first), start + i * columns + first
        total, factors = gradient[r, place : place + width], w[r, place : place + width]
        total[:] = 0
        for b in range(rows):
            row = delta[r, i * rows + b, first : first + width]
            signal = x[r % x.shape[0], i * rows + b, first : first + width]
            for j in range(width):
                total[j] += row[j] * signal[j]
                row[j] *= factors[j]


@kernel
def scale_and_shift(v: Array, out: Array, w: Array, scale: Array, shift: Array, count: Array) -> None:
    """out (R, k·B, W) = v·s + b, with s and b of sub-member i at scale + i·W and shift + i·W in rows of w."""
    columns, rows = v.shape[2], v.shape[1] // count
    for t in prange(v.shape[0] * v.shape[1]):
        r, i = t // v.shape[1], t % v.shape[1]
        first, second = scale + i // rows * columns, shift + i // rows * columns
        row, result = v[r, i], out[r, i]
        factors, terms = w[r, first : first + columns], w[r, second : second + columns]
        for j in range(columns):
            result[j] = row[j] * factors[j] + terms[j]


@kernel
def scale_and_shift_backward(
    delta: Array, v: Array, w: Array, gradient: Array, scale: Array, shift: Array, count: Array
) -> None:
    """∂s = Σ_rows delta·v and ∂b = Σ_rows delta for every sub-member, then delta *= s, in place."""
    members, columns = delta.shape[0], delta.shape[2]
    rows, blocks = delta.shape[1] // count, (columns + BLOCK - 1) // BLOCK
    for t in prange(members * count * blocks):
        r, i, first = t // (count * blocks), t // blocks % count, t % blocks * BLOCK
        width = min(BLOCK, columns - first)
        place, other = scale + i * columns + first, shift + i * columns + first
        factors, to_scale = w[r, place : place + width], gradient[r, place : place + width]
        to_shift = gradient[r, other : other + width]
        to_scale[:] = 0
        to_shift[:] = 0
        for b in range(rows):
            row = delta[r, i * rows + b, first : first + width]
            signal = v[r, i * rows + b, first : first + width]
            for j in range(width):
                to_scale[j] += row[j] * signal[j]
                to_shift[j] += row[j]
                row[j] *= factors[j]
