"""What is launched as one: kernels that visit the same rows, and sums of columns with them.

A launch costs a device more than a small kernel's work. Two launches become one where each iteration of the
second reads nothing that another iteration of the first has written, and the other way round.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nettrain.backend.base import Array
from nettrain.backend.cuda.program import STRIP, Program, arguments, iterations, programs
from nettrain.backend.cuda.rowwise import Rowwise, rowwise
from nettrain.backend.cuda.translate import LARGEST
from nettrain.backend.kernel import Kernel

ROWS = 64  # that a lane may go through for a sum: of more, a product with ones is the faster one


@dataclass(frozen=True)
class Sums:
    """Where the sums over the rows of x (R, B, H) go: w (R, P), from `start` on."""

    x: Array
    w: Array
    start: int


@dataclass(frozen=True)
class Pass:
    """Kernels, each with its arguments, that visit `work` elements together; and sums behind them."""

    parts: tuple[tuple[Kernel, tuple[Any, ...]], ...]
    work: int
    sums: Sums | None = None

    @property
    def iterations(self) -> int:
        """How many teams it takes."""
        if self.sums is not None:
            members, _, columns = self.sums.x.shape
            return int(members * -(-columns // STRIP))
        return iterations(*self.parts[0])

    @property
    def program(self) -> Program:
        """Its source."""
        kernels = tuple((kernel, arguments(given)) for kernel, given in self.parts)
        return programs(kernels, "" if self.sums is None else str(self.sums.w.dtype))

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What the program is given behind the number of iterations: arrays and whole numbers."""
        last = () if self.sums is None else (self.sums.w, self.sums.start)
        return (*(one for _, given in self.parts for one in given), *last)

    @property
    def geometry(self) -> tuple[tuple[int], tuple[int, int]]:
        """Grid and block."""
        return self.program.geometry(self.iterations, self.work)


def joined(first: Pass, second: Pass) -> Pass | None:
    """Both in one, where they go by the same rows."""
    if first.sums is not None or second.sums is not None or first.iterations != second.iterations:
        return None
    mine, yours = list(_known(first)), list(_known(second))
    if None in [*mine, *yours] or len(_rows(first) | _rows(second)) != 1:
        return None
    (here, there), (other, elsewhere) = _split(first), _split(second)
    if (
        _meet(here, elsewhere)
        or _meet(other, there)
        or not all(_apart_or_same(a, b) for a in here for b in other)
    ):
        return None
    return Pass((*first.parts, *second.parts), max(first.work, second.work))


def summed(first: Pass, sums: Sums) -> Pass | None:
    """The sums in the same pass as what makes x, where that goes by elements and rows are not too many."""
    _, rows, _ = sums.x.shape
    if first.sums is not None or rows * STRIP > ROWS * LARGEST:
        return None
    known = list(_known(first))
    if not all(one is not None and one.by_elements for one in known):
        return None
    here, there = _split(first)
    ends = first.parts[-1][1][0]
    if (
        not _same(ends, sums.x)
        or {a.shape for a in here} != {sums.x.shape}
        or _meet([*here, *there], [sums.w])
    ):
        return None
    return Pass(first.parts, first.work, sums)


def _known(one: Pass) -> Iterator[Rowwise | None]:
    return (rowwise(kernel.body) for kernel, _ in one.parts)


def _split(one: Pass) -> tuple[list[Array], list[Array]]:
    """The arrays that a pass knows by row, and its others."""
    here: list[Array] = []
    there: list[Array] = []
    for kernel, given in one.parts:
        found = rowwise(kernel.body)
        for place, array in enumerate(given):
            if hasattr(array, "shape"):
                (here if found is not None and place in found.by_row else there).append(array)
    return here, there


def _rows(one: Pass) -> set[tuple[int, ...]]:
    """R and B of the arrays that a pass knows by row."""
    return {tuple(array.shape[:2]) for array in _split(one)[0]}


def _meet(some: Sequence[Array], others: Sequence[Array]) -> bool:
    return any(_overlap(a, b) for a in some for b in others)


def _overlap(a: Array, b: Array) -> bool:
    at, to = a.data.ptr, b.data.ptr
    return bool(at < to + b.nbytes and to < at + a.nbytes)


def _same(a: Array, b: Array) -> bool:
    return bool(a.data.ptr == b.data.ptr and a.shape == b.shape)


def _apart_or_same(a: Array, b: Array) -> bool:
    return _same(a, b) or not _overlap(a, b)
