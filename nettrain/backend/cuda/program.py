"""A kernel as a CUDA program: its source for arrays of certain types, and how it is spread over a device."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from nettrain.backend.cuda.translate import LARGEST, KernelPart, extent, most_lanes, source
from nettrain.backend.kernel import Kernel

WARP = 32
PER_LANE = 4  # elements that a lane is given before a team grows
TEAMS = 2  # teams of one warp that share a block: together they keep to every kernel's bound
STRIP = WARP  # columns that a team sums up
Arguments = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Program:
    """CUDA C++ with one kernel `name`; `largest` is the most lanes that an iteration has use for."""

    name: str
    source: str
    largest: int

    def geometry(self, iterations: int, work: int) -> tuple[tuple[int], tuple[int, int]]:
        """Grid and block for so many iterations that visit `work` elements together."""
        lanes = WARP
        while lanes < self.largest and lanes * PER_LANE * iterations < work:
            lanes *= 2
        teams = TEAMS if lanes == WARP else 1
        return (-(-iterations // teams),), (lanes, teams)


def arguments(arrays: Sequence[Any]) -> Arguments:
    """The type and the number of axes of each array; a whole number on the host is ("int", 0)."""
    return tuple((str(a.dtype), a.ndim) if hasattr(a, "dtype") else ("int", 0) for a in arrays)


def program(kernel: Kernel, arrays: Sequence[Any]) -> Program:
    """The program for arrays of these types; translated once for each."""
    return programs(((kernel, arguments(arrays)),))


def iterations(kernel: Kernel, arrays: Sequence[Any]) -> int:
    """How many iterations the kernel's outer loop has for these arrays."""
    return extent(kernel.body, arrays)


def prelude() -> str:
    """What every program starts with."""
    text = files(__package__).joinpath("prelude.cuh").read_text(encoding="utf-8")
    return f"constexpr int LARGEST = {LARGEST}, STRIP = {STRIP};\n{text}"


@cache
def programs(kernels: tuple[tuple[Kernel, Arguments], ...], sums: str = "") -> Program:
    """One program of several kernels, see `translate.source`."""
    parts = [KernelPart(kernel.body, given) for kernel, given in kernels]
    name = "__".join([*(kernel.__name__ for kernel, _ in kernels), *(["sums"] if sums else [])])
    largest = LARGEST if sums else min(most_lanes(part.body) for part in parts)
    return Program(name, f"{prelude()}\n{source(name, parts, largest, sums)}", largest)
