"""A kernel as a CUDA program: its source for arrays of certain types, and how it is launched on a device."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from nettrain.backend.base import Array
from nettrain.backend.cuda.translate import LARGEST, KernelPart, extent, most_threads, source
from nettrain.backend.kernel import Kernel

WARP = 32
PER_THREAD = 4  # elements per thread before a team grows
TEAMS = 2  # teams of one warp that share a block: together they respect every kernel's bound
STRIP = WARP  # columns that a team sums up
Arguments = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Program:
    """CUDA C++ with one kernel `name`; an iteration can occupy up to `largest` threads."""

    name: str
    source: str
    largest: int

    def geometry(self, iterations: int, work: int) -> tuple[tuple[int], tuple[int, int]]:
        """Grid and block for so many iterations that visit `work` elements together."""
        threads = WARP
        while threads < self.largest and threads * PER_THREAD * iterations < work:
            threads *= 2
        teams = TEAMS if threads == WARP else 1
        return (-(-iterations // teams),), (threads, teams)


def arguments(arrays: Sequence[Array]) -> Arguments:
    """The dtype and the number of axes of each array; a whole number on the host is ("int", 0)."""
    return tuple((str(a.dtype), a.ndim) if hasattr(a, "dtype") else ("int", 0) for a in arrays)


def program(kernel: Kernel, arrays: Sequence[Array]) -> Program:
    """The program for arrays of these types; each is translated once."""
    return programs(((kernel, arguments(arrays)),))


def iterations(kernel: Kernel, arrays: Sequence[Array]) -> int:
    """How many iterations the kernel's outer loop has for these arrays."""
    return extent(kernel.body, arrays)


def prelude() -> str:
    """The beginning of every program."""
    text = files(__package__).joinpath("prelude.cuh").read_text(encoding="utf-8")
    return f"constexpr int LARGEST = {LARGEST}, STRIP = {STRIP};\n{text}"


@cache
def programs(kernels: tuple[tuple[Kernel, Arguments], ...], sums: str = "") -> Program:
    """One program of several kernels, see `translate.source`."""
    parts = [KernelPart(kernel.body, types) for kernel, types in kernels]
    name = "__".join([*(kernel.__name__ for kernel, _ in kernels), *(["sums"] if sums else [])])
    largest = LARGEST if sums else min(most_threads(part.body) for part in parts)
    return Program(name, f"{prelude()}\n{source(name, parts, largest, sums)}", largest)
