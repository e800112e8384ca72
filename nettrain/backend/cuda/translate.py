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
from functools import cache
from types import FunctionType
from typing import Any

from nettrain.backend.cuda.expressions import TYPES
from nettrain.backend.cuda.functions import Function, indented, parsed

LARGEST, NARROW = 512, 64  # lanes of a team


def kernel_source(body: FunctionType, arguments: Sequence[tuple[str, int]]) -> str:
    """A kernel in CUDA C++, with its helpers, for arguments of these types and numbers of axes.

    A whole number on the host has the type "int". Each array arrives as a pointer and its shape, behind the
    number of iterations.
    """
    writer = _writer(body, [axes for _, axes in arguments])
    heads, views = [], []
    for (kind, axes), name in zip(arguments, writer.parameters, strict=True):
        head, view = _argument(name, kind, axes)
        heads += head
        views += view
    lines = writer.kernel_lines()
    kernel = f'extern "C" __global__ void __launch_bounds__({most_lanes(body)}) {body.__name__}'
    text = [f"{kernel}({', '.join(['Int iterations', *heads])}) {{"]
    return "\n".join([*writer.helpers.values(), *text, *indented([*views, *lines]), "}", ""])


@cache
def most_lanes(body: FunctionType) -> int:
    """The most lanes that a team may have; where innermost loops alone are shared out, few have work."""
    writer = _writer(body, [1] * body.__code__.co_argcount)
    writer.kernel_lines()
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


def _writer(body: FunctionType, axes: Sequence[int]) -> Function:
    tree = parsed(body)
    named = {one.arg: count for one, count in zip(tree.args.args, axes, strict=True)}
    return Function(tree, body.__globals__, axes=named)


def _argument(name: str, kind: str, axes: int) -> tuple[list[str], list[str]]:
    """Its part of the parameter list, and the line that makes a view of it."""
    if kind == "int":
        return [f"Int {name}"], []
    sizes = [f"{name}_{axis}" for axis in range(axes)]
    view = f"View<{TYPES[kind]}, {axes}> {name}{{{name}_at, {{{', '.join(sizes)}}}}};"
    return [f"{TYPES[kind]} *{name}_at", *(f"Int {size}" for size in sizes)], [view]
