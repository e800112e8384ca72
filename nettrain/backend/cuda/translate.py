"""From the Python body of a kernel to CUDA C++.

Kernels are written in a small part of Python, which Numba compiles for the host: scalars first, then one loop
over `prange`, inside it views, scalars, loops over `range` and helpers. Each iteration of the prange becomes
the work of a team of threads. If all loops directly inside it have independent iterations, the threads share
these; otherwise they share the innermost loops. Every thread executes the remaining lines, except writes to
arrays, which one thread does. Numbers keep the types that they have on the host, except that an integer does
not turn a float32 into a float64.
"""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import FunctionType

from nettrain.backend.base import Array
from nettrain.backend.cuda.expressions import TYPES
from nettrain.backend.cuda.functions import Function, indented, parsed

LARGEST, NARROW = 512, 64  # threads of a team
BEGIN = (
    "Team team{Int(threadIdx.x), Int(blockDim.x)};",
    "Int iteration = Int(blockIdx.x) * blockDim.y + threadIdx.y;",
    "if (iteration >= iterations) return;",
)


@dataclass(frozen=True)
class KernelPart:
    """A kernel's body, and the dtype and number of axes of each argument; a whole number is ("int", 0)."""

    body: FunctionType
    arguments: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class _TranslatedPart:
    """A part in CUDA C++: its parameters, the views made of them, and a call of its iteration for a team."""

    parameters: list[str]
    views: list[str]
    first: str  # the first argument's name
    call: str


def source(name: str, parts: Sequence[KernelPart], threads: int, sums: str = "") -> str:
    """A program in CUDA C++ with the helpers that it needs; an iteration is one of each part in order.

    A team has up to so many threads. The program takes the number of iterations, then each array as a pointer
    and its shape. With `sums`, a dtype, the parts are elementwise, and the sums over the rows of the last
    one's first argument, an array (R, B, H), go into an array (R, P) of that dtype, from a number on; that
    array and the number are the last arguments.
    """
    helpers: dict[str, str] = {}
    translated = [_translated(part, _suffix(number), helpers) for number, part in enumerate(parts)]
    parameters = ["Int iterations", *(one for part in translated for one in part.parameters)]
    views, calls = [one for part in translated for one in part.views], [part.call for part in translated]
    body = _in_order(calls)
    if sums:
        more, view = _argument("sums", sums, 2)
        parameters, views = [*parameters, *more, "Int start"], [*views, *view]
        body = _with_sums(calls, translated[-1].first)
    head = f'extern "C" __global__ void __launch_bounds__({threads}) {name}({", ".join(parameters)}) {{'
    return "\n".join([*helpers.values(), head, *indented([*views, *BEGIN, *body]), "}", ""])


def _translated(part: KernelPart, suffix: str, helpers: dict[str, str]) -> _TranslatedPart:
    function = _function(part.body, [axes for _, axes in part.arguments], helpers)
    names, iteration = [f"{name}{suffix}" for name in function.parameters], f"{part.body.__name__}_at"
    arguments = [_argument(name, *kind) for kind, name in zip(part.arguments, names, strict=True)]
    helpers[iteration] = function.iteration_source()
    parameters, views = ([line for pair in arguments for line in pair[k]] for k in range(2))
    return _TranslatedPart(parameters, views, names[0], f"{iteration}({{}}, {{}}, {', '.join(names)});")


def _suffix(number: int) -> str:
    """For the names of a program's second, third, … part."""
    return f"_{chr(ord('a') + number)}" if number else ""


def _in_order(calls: Sequence[str]) -> list[str]:
    """The iteration of each part, with barriers between them."""
    lines = [line for call in calls for line in ("team.sync();", call.format("team", "iteration"))]
    return lines[1:]


def _with_sums(calls: Sequence[str], x: str) -> list[str]:
    """All parts at one element, then at the next; and the sums of a strip of columns."""
    each = [call.format("element", "row") for call in calls]
    head = f"sum_columns(team, iteration, {x}, sums, start, [&](Element element, Int row) {{"
    return [head, *indented(each), "});"]


@cache
def most_threads(body: FunctionType) -> int:
    """The most threads that a team can use; if only the innermost loops are shared, few have work."""
    function = _function(body, [1] * body.__code__.co_argcount, {})
    function.iteration_source()
    return LARGEST if function.outermost or function.has_loop_nest else NARROW


def extent(body: FunctionType, arrays: Sequence[Array]) -> int:
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
    scope: dict[str, Callable[..., int]] = {}
    module = ast.fix_missing_locations(ast.Module([tree], []))
    exec(compile(module, body.__name__, "exec"), dict(body.__globals__), scope)  # source of a kernel only
    return scope[body.__name__]


def _function(body: FunctionType, axes: Sequence[int], helpers: dict[str, str]) -> Function:
    tree = parsed(body)
    named = {one.arg: count for one, count in zip(tree.args.args, axes, strict=True)}
    return Function(tree, body.__globals__, helpers, axes=named)


def _argument(name: str, kind: str, axes: int) -> tuple[list[str], list[str]]:
    """An argument's part of the parameter list, and the line that makes a view of it."""
    if kind == "int":
        return [f"Int {name}"], []
    sizes = [f"{name}_{axis}" for axis in range(axes)]
    view = f"View<{TYPES[kind]}, {axes}> {name}{{{name}_at, {{{', '.join(sizes)}}}}};"
    return [f"{TYPES[kind]} *{name}_at", *(f"Int {size}" for size in sizes)], [view]
