"""What the layers of sub-members share: each has rows of its own in the batch and numbers of its own.

A batch of k sub-members holds the B rows of the first one, then those of the second, and so on: (R, k·B, W).
What belongs to sub-member i alone is row i of a parameter (k, W).
"""

from nettrain.backend.base import Array
from nettrain.backend.kernel import kernel, prange


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
    columns, rows = delta.shape[2], delta.shape[1] // count
    for t in prange(delta.shape[0] * count):
        r, i = t // count, t % count
        place = start + i * columns
        total, factors = gradient[r, place : place + columns], w[r, place : place + columns]
        total[:] = 0
        for b in range(rows):
            row = delta[r, i * rows + b]
            signal = x[r % x.shape[0], i * rows + b]
            for j in range(columns):
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
def scale_and_shift_relu(v: Array, out: Array, w: Array, scale: Array, shift: Array, count: Array) -> None:
    """`scale_and_shift`, then the rectifier: out = max(v·s + b, 0); NaN stays NaN."""
    columns, rows = v.shape[2], v.shape[1] // count
    zero = v.dtype.type(0)
    for t in prange(v.shape[0] * v.shape[1]):
        r, i = t // v.shape[1], t % v.shape[1]
        first, second = scale + i // rows * columns, shift + i // rows * columns
        row, result = v[r, i], out[r, i]
        factors, terms = w[r, first : first + columns], w[r, second : second + columns]
        for j in range(columns):
            z = row[j] * factors[j] + terms[j]
            result[j] = zero if z < zero else z


@kernel
def scale_and_shift_backward(
    delta: Array, v: Array, w: Array, gradient: Array, scale: Array, shift: Array, count: Array
) -> None:
    """∂s = Σ_rows delta·v and ∂b = Σ_rows delta for every sub-member, then delta *= s, in place."""
    columns, rows = delta.shape[2], delta.shape[1] // count
    for t in prange(delta.shape[0] * count):
        r, i = t // count, t % count
        place, other = scale + i * columns, shift + i * columns
        factors, to_scale = w[r, place : place + columns], gradient[r, place : place + columns]
        to_shift = gradient[r, other : other + columns]
        to_scale[:] = 0
        to_shift[:] = 0
        for b in range(rows):
            row = delta[r, i * rows + b]
            signal = v[r, i * rows + b]
            for j in range(columns):
                to_scale[j] += row[j] * signal[j]
                to_shift[j] += row[j]
                row[j] *= factors[j]


@kernel
def scale_and_shift_relu_backward(
    delta: Array, v: Array, w: Array, gradient: Array, scale: Array, shift: Array, count: Array, a: Array
) -> None:
    """`scale_and_shift_backward` of delta where the rectifier's output a (R, k·B, W) is above 0."""
    columns, rows = delta.shape[2], delta.shape[1] // count
    zero = delta.dtype.type(0)
    for t in prange(delta.shape[0] * count):
        r, i = t // count, t % count
        place, other = scale + i * columns, shift + i * columns
        factors, to_scale = w[r, place : place + columns], gradient[r, place : place + columns]
        to_shift = gradient[r, other : other + columns]
        to_scale[:] = 0
        to_shift[:] = 0
        for b in range(rows):
            row = delta[r, i * rows + b]
            signal = v[r, i * rows + b]
            on = a[r, i * rows + b]
            for j in range(columns):  # a loop of its own, which the compiler can vectorize
                row[j] = row[j] if on[j] > zero else zero
            for j in range(columns):
                to_scale[j] += row[j] * signal[j]
                to_shift[j] += row[j]
                row[j] *= factors[j]


@kernel
def scale_and_shift_relu_dropout_backward(
    delta: Array,
    v: Array,
    w: Array,
    gradient: Array,
    scale: Array,
    shift: Array,
    count: Array,
    a: Array,
    mask: Array,
) -> None:
    """`scale_and_shift_relu_backward` of delta·mask, by a dropout mask (R, k·B, W)."""
    columns, rows = delta.shape[2], delta.shape[1] // count
    zero = delta.dtype.type(0)
    for t in prange(delta.shape[0] * count):
        r, i = t // count, t % count
        place, other = scale + i * columns, shift + i * columns
        factors, to_scale = w[r, place : place + columns], gradient[r, place : place + columns]
        to_shift = gradient[r, other : other + columns]
        to_scale[:] = 0
        to_shift[:] = 0
        for b in range(rows):
            row = delta[r, i * rows + b]
            signal = v[r, i * rows + b]
            on = a[r, i * rows + b]
            kept = mask[r, i * rows + b]
            for j in range(columns):
                row[j] = row[j] * kept[j] if on[j] > zero else zero
            for j in range(columns):
                to_scale[j] += row[j] * signal[j]
                to_shift[j] += row[j]
                row[j] *= factors[j]
