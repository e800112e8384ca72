"""Kernels that run in one launch because they visit the same rows, and sums of columns along with them.

For a device a launch costs more than the work of a small kernel. Two launches become one if no iteration of
either reads what another iteration of the other writes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nettrain.backend.base import Array
from nettrain.backend.cuda.program import STRIP, Program, arguments, iterations, programs
from nettrain.backend.cuda.rowwise import Rowwise, rowwise
from nettrain.backend.cuda.translate import LARGEST
from nettrain.backend.kernel import Kernel

ROWS = 64  # per thread, up to which such sums are faster than a product with ones


@dataclass(frozen=True)
class Sums:
    """The sums over the rows of x (R, B, H) go to the H numbers at `start` in each row of w (R, P)."""

    x: Array
    w: Array
    start: int


@dataclass(frozen=True)
class KernelPass:
    """Kernels with their arguments, which visit `work` elements together; and sums after them."""

    parts: tuple[tuple[Kernel, tuple[Array, ...]], ...]
    work: int
    sums: Sums | None = None

    @property
    def iterations(self) -> int:
        """How many iterations there are, each for a team of threads."""
        if self.sums is not None:
            members, _, columns = self.sums.x.shape
            return int(members * -(-columns // STRIP))
        return iterations(*self.parts[0])

    @property
    def program(self) -> Program:
        """The program of this pass."""
        kernels = tuple((kernel, arguments(arrays)) for kernel, arrays in self.parts)
        return programs(kernels, "" if self.sums is None else str(self.sums.w.dtype))

    @property
    def arguments(self) -> tuple[Array, ...]:
        """The arguments of the program after the number of iterations: arrays and whole numbers."""
        last = () if self.sums is None else (self.sums.w, self.sums.start)
        return (*(argument for _, arrays in self.parts for argument in arrays), *last)

    @property
    def geometry(self) -> tuple[tuple[int], tuple[int, int]]:
        """Grid and block."""
        return self.program.geometry(self.iterations, self.work)


def fused(first: KernelPass, second: KernelPass) -> KernelPass | None:
    """Both in one pass, if both visit the same rows and it is safe."""
    if first.sums is not None or second.sums is not None or first.iterations != second.iterations:
        return None
    if None in [*_rowwise(first), *_rowwise(second)] or len(_rows(first) | _rows(second)) != 1:
        return None
    (by_row, others), (next_by_row, next_others) = _split(first), _split(second)
    if (
        _any_overlap(by_row, next_others)
        or _any_overlap(next_by_row, others)
        or not all(_same_or_apart(a, b) for a in by_row for b in next_by_row)
    ):
        return None
    return KernelPass((*first.parts, *second.parts), max(first.work, second.work))


def fused_with_sums(first: KernelPass, sums: Sums) -> KernelPass | None:
    """The sums in the pass that computes x, if that is elementwise, it is safe and rows are few enough."""
    _, rows, _ = sums.x.shape
    if first.sums is not None or rows * STRIP > ROWS * LARGEST:
        return None
    if not all(one is not None and one.elementwise for one in _rowwise(first)):
        return None
    by_row, others = _split(first)
    result = first.parts[-1][1][0]
    if (
        not _same(result, sums.x)
        or {a.shape for a in by_row} != {sums.x.shape}
        or _any_overlap([*by_row, *others], [sums.w])
    ):
        return None
    return KernelPass(first.parts, first.work, sums)


def _rowwise(what: KernelPass) -> Iterator[Rowwise | None]:
    return (rowwise(kernel.body) for kernel, _ in what.parts)


def _split(what: KernelPass) -> tuple[list[Array], list[Array]]:
    """The arrays that a pass accesses by row, and its others."""
    by_row: list[Array] = []
    others: list[Array] = []
    for kernel, arrays in what.parts:
        access = rowwise(kernel.body)
        for position, array in enumerate(arrays):
            if hasattr(array, "shape"):
                (by_row if access is not None and position in access.by_row else others).append(array)
    return by_row, others


def _rows(what: KernelPass) -> set[tuple[int, ...]]:
    """R and B of the arrays that a pass accesses by row."""
    return {tuple(array.shape[:2]) for array in _split(what)[0]}


def _any_overlap(some: Sequence[Array], others: Sequence[Array]) -> bool:
    return any(_overlap(a, b) for a in some for b in others)


def _overlap(a: Array, b: Array) -> bool:
    start, other_start = a.data.ptr, b.data.ptr
    return bool(start < other_start + b.nbytes and other_start < start + a.nbytes)


def _same(a: Array, b: Array) -> bool:
    return bool(a.data.ptr == b.data.ptr and a.shape == b.shape)


def _same_or_apart(a: Array, b: Array) -> bool:
    return _same(a, b) or not _overlap(a, b)
