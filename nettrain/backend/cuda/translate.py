"""From the Python body of a kernel to CUDA C++.

Kernels are written in a small part of Python, which Numba compiles for the host: scalars first, then one
loop over `prange`, inside it views, scalars, loops over `range` and helpers. Each iteration of the prange
becomes the work of a team of lanes. Where every loop directly below has independent iterations, these are
shared out among the lanes; otherwise the innermost ones are. What is left is run by every lane alike, but for
writes to arrays, which one lane does. Numbers keep the types that they have on the host, except that a whole
number does not turn a float32 into a float64.
"""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import FunctionType
from typing import Any

from nettrain.backend.cuda.expressions import TYPES
from nettrain.backend.cuda.functions import Function, indented, parsed

LARGEST, NARROW = 512, 64  # lanes of a team
BEGIN = (
    "Team team{Int(threadIdx.x), Int(blockDim.x)};",
    "Int iteration = Int(blockIdx.x) * blockDim.y + threadIdx.y;",
    "if (iteration >= iterations) return;",
)


@dataclass(frozen=True)
class KernelPart:
    """A kernel's body, and the type and axes of each argument; a whole number has the type "int"."""

    body: FunctionType
    arguments: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class _Written:
    """A part in CUDA C++: parameters, the views made of them, and a call of its iteration for a team."""

    parameters: list[str]
    views: list[str]
    first: str  # the first argument's name
    call: str


def source(name: str, parts: Sequence[KernelPart], lanes: int, sums: str = "") -> str:
    """A program in CUDA C++, with the helpers that it needs, whose iterations are those of each part in turn.

    A team has up to so many lanes. Each array arrives as a pointer and its shape, behind the number of
    iterations. With `sums`, a type, the parts go by elements, and the sums over the rows of the last one's
    first argument, an array (R, B, H), go into an array (R, P) of that type from a number on: both follow
    behind the parts' arguments.
    """
    helpers: dict[str, str] = {}
    written = [_written(part, _suffix(place), helpers) for place, part in enumerate(parts)]
    parameters = ["Int iterations", *(one for part in written for one in part.parameters)]
    views, calls = [one for part in written for one in part.views], [part.call for part in written]
    body = _in_turn(calls)
    if sums:
        more, view = _argument("sums", sums, 2)
        parameters, views = [*parameters, *more, "Int start"], [*views, *view]
        body = _summed(calls, written[-1].first)
    head = f'extern "C" __global__ void __launch_bounds__({lanes}) {name}({", ".join(parameters)}) {{'
    return "\n".join([*helpers.values(), head, *indented([*views, *BEGIN, *body]), "}", ""])


def _written(part: KernelPart, suffix: str, helpers: dict[str, str]) -> _Written:
    writer = _writer(part.body, [axes for _, axes in part.arguments], helpers)
    names, iteration = [f"{name}{suffix}" for name in writer.parameters], f"{part.body.__name__}_at"
    given = [_argument(name, *kind) for kind, name in zip(part.arguments, names, strict=True)]
    helpers[iteration] = writer.iteration_source()
    parameters, views = ([line for pair in given for line in pair[k]] for k in range(2))
    return _Written(parameters, views, names[0], f"{iteration}({{}}, {{}}, {', '.join(names)});")


def _suffix(place: int) -> str:
    """Behind the names of a program's second, third, … part."""
    return f"_{chr(ord('a') + place)}" if place else ""


def _in_turn(calls: Sequence[str]) -> list[str]:
    """Each part's iteration, one behind the other."""
    lines = [line for call in calls for line in ("team.sync();", call.format("team", "iteration"))]
    return lines[1:]


def _summed(calls: Sequence[str], x: str) -> list[str]:
    """The parts at one element after another, by strips of columns."""
    each = [call.format("lane", "row") for call in calls]
    head = f"sum_columns(team, iteration, {x}, sums, start, [&](Lane lane, Int row) {{"
    return [head, *indented(each), "});"]


@cache
def most_lanes(body: FunctionType) -> int:
    """The most lanes that a team may have; where innermost loops alone are shared out, few have work."""
    writer = _writer(body, [1] * body.__code__.co_argcount, {})
    writer.iteration_source()
    return LARGEST if writer.outermost or writer.nested else NARROW


def extent(body: FunctionType, arrays: Sequence[Any]) -> int:
    """How many iterations the kernel's prange has for these arrays; only their shapes are read."""
    return int(_extent_of(body)(*arrays))


@cache
def _extent_of(body: FunctionType) -> Callable[..., int]:
    """The kernel up to its prange, as a function that returns the iterations."""
    tree = parsed(body)
    loop = tree.body[-1]
    assert isinstance(loop, ast.For)
    assert isinstance(loop.iter, ast.Call)
    tree.body[-1] = ast.copy_location(ast.Return(loop.iter.args[0]), loop)
    tree.decorator_list, tree.returns = [], None
    for argument in tree.args.args:
        argument.annotation = None
    scope: dict[str, Any] = {}
    module = ast.fix_missing_locations(ast.Module([tree], []))
    exec(compile(module, body.__name__, "exec"), dict(body.__globals__), scope)  # our own source, no other
    counted: Callable[..., int] = scope[body.__name__]
    return counted


def _writer(body: FunctionType, axes: Sequence[int], helpers: dict[str, str]) -> Function:
    tree = parsed(body)
    named = {one.arg: count for one, count in zip(tree.args.args, axes, strict=True)}
    return Function(tree, body.__globals__, helpers, axes=named)


def _argument(name: str, kind: str, axes: int) -> tuple[list[str], list[str]]:
    """Its part of the parameter list, and the line that makes a view of it."""
    if kind == "int":
        return [f"Int {name}"], []
    sizes = [f"{name}_{axis}" for axis in range(axes)]
    view = f"View<{TYPES[kind]}, {axes}> {name}{{{name}_at, {{{', '.join(sizes)}}}}};"
    return [f"{TYPES[kind]} *{name}_at", *(f"Int {size}" for size in sizes)], [view]
