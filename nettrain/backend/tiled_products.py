"""Products by tiles: small ones at once, larger ones in parts that threads share out.

An element's bits depend on its row and its column alone (see `backend.tile`): not on how a product is cut,
nor on what is copied. So all of that is chosen for speed, and may depend on the number of threads.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from nettrain.backend.base import Array, Backend, Call
from nettrain.backend.kernel import prange, strided
from nettrain.backend.product import is_gapless, is_small
from nettrain.backend.small_products import small_product, strip_product, transpose_squares
from nettrain.backend.tile import BYTES, FUSED, WIDE, copy_rows, transpose_square

__all__ = ["FUSED", "Operands", "tiled_product", "transpose_squares"]
FEWEST = 32  # rows of a part, at least
COPIED_FROM = 80_000  # rows of a part, times the bytes between rows of b, for which a copy of its strip pays
PARTS_PER_THREAD = 2  # so that a thread which the system puts aside holds up little
IN_PLACE, ROWS, COLUMNS = 0, 1, 2  # a part reads its strip of b there, or in a copy of rows or columns
Allocate = Callable[[str, Sequence[int]], Array]


class Operands(NamedTuple):
    """What a product takes, see `small_product`."""

    out: Array
    a: Array
    b: Array
    w: Array
    start: int
    clamp_min: Array
    relu_mask: Array


def tiled_product(
    backend: Backend, operands: Operands, work: int, threads: int, scratch: Allocate
) -> list[Call]:
    """The calls of a product, with memory from `scratch` that is used during them alone."""
    out, a, b = operands[:3]
    if is_small(a, b):
        return [backend.launch(small_product, work, *operands)]
    calls: list[Call] = []
    if not is_gapless(a, 2) and is_gapless(a, 1):  # rows are read again for each strip
        columns, a = a.swapaxes(1, 2), scratch("rows", a.shape)
        calls.append(backend.launch(transpose_squares, a.size, a, columns))
    at_once = PARTS_PER_THREAD * threads if threads > 1 else 1
    strip = WIDE * BYTES // out.itemsize
    strips = -(-out.shape[2] // strip)
    parts = max(1, min(-(-at_once // strips), out.shape[1] // FEWEST))
    panels = scratch("panels", (min(at_once, len(out) * strips * parts), a.shape[2], strip))
    how = _reading(b, out.shape[1] // parts)
    return [*calls, backend.launch(large_product, work, *operands._replace(a=a), panels, parts, how)]


def _reading(b: Array, rows: int) -> int:
    """How a part of so many rows reads its strip of b."""
    if not is_gapless(b, 2):
        return COLUMNS
    return ROWS if rows * b.strides[1] >= COPIED_FROM else IN_PLACE


@strided
def large_product(
    out: Array,
    a: Array,
    b: Array,
    w: Array,
    start: int,
    clamp_min: Array,
    relu_mask: Array,
    panels: Array,
    parts: int,
    how: int,
) -> None:
    """`small_products.small_product`; b may also be one whose columns have no gaps, if `how` says so.

    The columns of the result are cut into strips, and the rows of each into so many parts. Panel s of panels
    (S, m, 64) is for the parts s, s + S, …, which copy their strip of b there, unless they read it as it is.
    """
    depth, (rows, columns) = b.shape[1], out.shape[1:]
    width, least = BYTES // out.itemsize, clamp_min[0]
    strips = (columns + WIDE * width - 1) // (WIDE * width)
    for s in prange(panels.shape[0]):
        for k in range(s, out.shape[0] * strips * parts, panels.shape[0]):
            r, j, part = k // (strips * parts), k // parts % strips * WIDE * width, k % parts
            top, bottom = rows * part // parts, rows * (part + 1) // parts
            matrix = b[r % b.shape[0]]
            strip = matrix[:, j : j + WIDE * width]
            if how == ROWS:
                copy_rows(WIDE, panels[s], strip)
                strip = panels[s]
            elif how == COLUMNS:
                for i in range(0, strip.shape[1], width):
                    for p in range(0, depth, width):
                        transpose_square(panels[s, p:, i:], matrix.T[j + i :, p:])
                strip = panels[s]
            o, x = out[r, top:bottom, j : j + WIDE * width], a[r % a.shape[0], top:bottom]
            bias, mask = w[r % w.shape[0], start + j :], relu_mask[r % relu_mask.shape[0], top:bottom, j:]
            done = 0
            while done < o.shape[1]:
                rest = strip[:, done:], bias[done:], least, mask[:, done:]
                done += strip_product(o[:, done:], x, *rest)
