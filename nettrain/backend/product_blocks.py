"""How a large product is cut into blocks, which threads share out.

The cut depends on the matrices' sizes alone, so the bits of a product do not depend on the number of threads,
nor on the number of members. It goes across the longer side of the result: to cut the rows makes a BLAS copy
the right matrix into its caches for each block, to cut the columns the left one. On the processors tried, a
block has the very bits that the whole product has there, and for that a block begins at a multiple of what a
BLAS's own loops take at a time; nothing relies on it.
"""

from collections.abc import Iterator

from nettrain.backend.base import Array

# A product of so many multiply-adds has so many blocks: copies cost more with each, idle threads with fewer
BLOCKS = ((1 << 29, 8), (1 << 26, 4), (1 << 22, 2), (0, 1))
UNITS = {4: 32, 8: 192}  # rows or columns to a multiple of which blocks begin, by the bytes of a number


def block_count(rows: int, inner: int, columns: int) -> int:
    """Into how many blocks a product of these sizes is cut, at most."""
    return next(count for least, count in BLOCKS if rows * inner * columns >= least)


def blocks_of(a: Array, b: Array, out: Array) -> Iterator[tuple[Array, Array, Array]]:
    """Views for each block of out (R, n, k) = a (1|R, n, m) @ b (1|R, m, k)."""
    rows, columns = out.shape[1:]
    count, unit = block_count(rows, a.shape[2], columns), UNITS[out.itemsize]
    for part in slices(max(rows, columns), count, unit):
        if rows >= columns:
            yield a[:, part], b, out[:, part]
        else:
            yield a, b[:, :, part], out[:, :, part]


def slices(length: int, count: int, unit: int) -> Iterator[slice]:
    """At most so many slices of nearly the same length, which begin at multiples of the unit.

    None is shorter than the unit, except that there is always one.
    """
    starts = sorted({round(length * k / count / unit) * unit for k in range(count)})
    starts = [start for start in starts if start == 0 or length - start >= unit]
    for start, stop in zip(starts, [*starts[1:], length], strict=True):
        yield slice(start, stop)
