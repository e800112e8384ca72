"""How a large product is cut into blocks, which threads share out.

The cut depends on the matrices' sizes alone, so the bits of a product do not depend on the number of threads,
nor on the number of members. It goes across the longer side of the result: to cut the rows makes a BLAS copy
the right matrix into its caches for each block, to cut the columns the left one. On the processors tried, a
block has the very bits that the whole product has there, and for that a block begins at a multiple of what a
BLAS's own loops take at a time; nothing relies on it. What finishes a block comes right behind it, while it
is in the caches of its thread.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from nettrain.backend.base import Array, Backend, Call
from nettrain.backend.kernel import kernel, prange
from nettrain.backend.product import bias_or_zeros, lower_limit

# A product of so many multiply-adds has so many blocks: copies cost more with each, idle threads with fewer
BLOCKS = ((1 << 29, 8), (1 << 26, 4), (1 << 22, 2), (0, 1))
UNITS = {4: 32, 8: 192}  # rows or columns to a multiple of which blocks begin, by the bytes of a number


def block_count(rows: int, inner: int, columns: int) -> int:
    """Into how many blocks a product of these sizes is cut, at most."""
    return next(count for least, count in BLOCKS if rows * inner * columns >= least)


def blocks_of(a: Array, b: Array, out: Array) -> Iterator["ProductBlock"]:
    """The blocks of out (R, n, k) = a (1|R, n, m) @ b (1|R, m, k), member by member."""
    rows, columns = out.shape[1:]
    count, unit = block_count(rows, a.shape[2], columns), UNITS[out.itemsize]
    for r in range(len(out)):
        for part in slices(max(rows, columns), count, unit):
            cut = (part, slice(0, columns)) if rows >= columns else (slice(0, rows), part)
            yield ProductBlock(r, *cut)


@dataclass(frozen=True)
class ProductBlock:
    """Some rows, or some columns, of the product of one member."""

    member: int
    rows: slice
    columns: slice

    def product(self, a: Array, b: Array, out: Array) -> Call:
        """A call that computes the block of out (R, n, k) = a (1|R, n, m) @ b (1|R, m, k)."""
        left, right, result = (x[self.member % len(x)][None] for x in (a, b, out))
        result = result[:, self.rows, self.columns]
        return partial(np.matmul, left[:, self.rows], right[:, :, self.columns], out=result)

    def finishing(
        self,
        backend: Backend,
        out: Array,
        bias: tuple[Array, int] | None,
        clamp_min: float | None,
        relu_mask: Array | None,
    ) -> Iterator[Call]:
        """The passes that the block of a product still needs (see `Backend.product`)."""
        sides = self.rows.start, self.rows.stop, self.columns.start, self.columns.stop
        if bias is not None or clamp_min is not None:
            w, start = bias_or_zeros(backend, out, bias)
            yield backend.launch(
                add_bias_to_block, 0, out, w, start, lower_limit(backend, clamp_min), self.member, *sides
            )
        if relu_mask is not None:
            yield backend.launch(apply_relu_mask_to_block, 0, out, relu_mask, self.member, *sides)


@kernel
def add_bias_to_block(
    z: Array,
    w: Array,
    start: int,
    clamp_min: Array,
    member: int,
    top: int,
    bottom: int,
    first: int,
    stop: int,
) -> None:
    """z (R, B, H) = max(z + bias, clamp_min (1,)) in rows from top to bottom and columns from first to stop.

    The bias is the H numbers at `start` in each row of w (1|R, P).
    """
    least = clamp_min[0]
    for k in prange(bottom - top):
        row, bias = z[member, top + k, first:stop], w[member % w.shape[0], start + first : start + stop]
        for j in range(row.size):
            value = row[j] + bias[j]
            row[j] = least if value < least else value


@kernel
def apply_relu_mask_to_block(
    delta: Array, relu_mask: Array, member: int, top: int, bottom: int, first: int, stop: int
) -> None:
    """delta (R, B, H) = 0 where not relu_mask (R, B, H) > 0, in such rows and columns."""
    zero = delta.dtype.type(0)
    for k in prange(bottom - top):
        row, signal = delta[member, top + k, first:stop], relu_mask[member, top + k, first:stop]
        for j in range(row.size):
            row[j] = row[j] if signal[j] > zero else zero


def slices(length: int, count: int, unit: int) -> Iterator[slice]:
    """At most so many slices of nearly the same length, which begin at multiples of the unit.

    None is shorter than the unit, except that there is always one.
    """
    starts = sorted({round(length * k / count / unit) * unit for k in range(count)})
    starts = [start for start in starts if start == 0 or length - start >= unit]
    for start, stop in zip(starts, [*starts[1:], length], strict=True):
        yield slice(start, stop)
