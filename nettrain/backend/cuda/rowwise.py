"""Kernels that go row by row, or are elementwise, so that several can share one pass.

A kernel goes by rows if iteration k of its prange is about row [r, i] of arrays (R, B, H), with r = k // B
and i = k % B, and writes nothing else. It is elementwise if it treats each number of a row as it would treat
that number alone. As in `threads`, only the form of the code is analysed.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from types import FunctionType

from nettrain.backend.cuda.functions import parsed
from nettrain.backend.cuda.threads import (
    assignments,
    bound_names,
    has_inner_loop,
    indices,
    loop_variable,
    reductions,
    root_name,
    stores,
    walk,
)
from nettrain.backend.helper import Helper


@dataclass(frozen=True)
class Rowwise:
    """The arguments, by position, that a kernel accesses by row only, and whether it is elementwise."""

    by_row: frozenset[int]
    elementwise: bool


@cache
def rowwise(body: FunctionType) -> Rowwise | None:
    """How a kernel goes by rows; None if it does not."""
    tree = parsed(body)
    loop, arguments = tree.body[-1], [argument.arg for argument in tree.args.args]
    assert isinstance(loop, ast.For)
    row = _row(loop)
    if row is None or _passes_whole_argument(loop, arguments):
        return None
    accesses = _Accesses(loop, arguments, row)
    written = [*map(root_name, stores(loop)), *_passed_to_helpers(loop.body, body)]
    if any(accesses.argument(name) in accesses.elsewhere for name in written):
        return None
    by_row = frozenset(k for k, name in enumerate(arguments) if name in accesses.by_row)
    return Rowwise(by_row, _is_elementwise(loop.body, accesses.row_views, body))


def _row(loop: ast.For) -> list[str] | None:
    """The names in `r, i = k // B, k % B`."""
    variable = loop_variable(loop)
    for statement in (one for one in loop.body if isinstance(one, ast.Assign)):
        match statement.value:
            case ast.Tuple(elts=[ast.BinOp(op=ast.FloorDiv()) as above, ast.BinOp(op=ast.Mod()) as below]):
                same = ast.unparse(above.right) == ast.unparse(below.right)
                if same and ast.unparse(above.left) == ast.unparse(below.left) == variable:
                    return bound_names(statement.targets[0])
    return None


def _passes_whole_argument(loop: ast.For, arguments: Sequence[str]) -> bool:
    """Whether a whole argument is passed to a helper."""
    calls = (node for node in walk(loop.body) if isinstance(node, ast.Call))
    return any(isinstance(one, ast.Name) and one.id in arguments for call in calls for one in call.args)


def _subscripts(statements: Sequence[ast.stmt]) -> Iterator[ast.Subscript]:
    for node in walk(statements):
        if isinstance(node, ast.Subscript) and not isinstance(node.value, ast.Attribute):
            yield node


def _passed_to_helpers(statements: Sequence[ast.stmt], body: FunctionType) -> Iterator[str]:
    """Names that are passed to helpers, which may write to them."""
    for node in walk(statements):
        if isinstance(node, ast.Call) and _helper(node, body) is not None:
            yield from (argument.id for argument in node.args if isinstance(argument, ast.Name))


def _helper(call: ast.Call, body: FunctionType) -> FunctionType | None:
    """The Python function behind a call of a helper."""
    if not isinstance(call.func, ast.Name):
        return None
    helper = body.__globals__.get(call.func.id)
    return helper.body if isinstance(helper, Helper) else None


class _Accesses:
    """How a loop accesses its arguments: `by_row` only, or also `elsewhere`; and its views of rows."""

    def __init__(self, loop: ast.For, arguments: Sequence[str], row: list[str]) -> None:
        self._arguments = {name: name for name in arguments}
        self.row_views: set[str] = set()
        self.by_row: set[str] = set()
        self.elsewhere: set[str] = set()
        for node in _subscripts(loop.body):
            if isinstance(node.value, ast.Name) and node.value.id in arguments:
                first = [index.id for index in indices(node.slice)[:2] if isinstance(index, ast.Name)]
                (self.by_row if first == row else self.elsewhere).add(node.value.id)
        self.by_row -= self.elsewhere
        for statement in (node for node in walk(loop.body) if isinstance(node, ast.Assign)):
            for target, value in assignments(statement):
                if isinstance(value, ast.Subscript) and isinstance(target, ast.Name):
                    self._arguments[target.id] = self.argument(root_name(value))
                    if self._arguments[target.id] in self.by_row:
                        self.row_views.add(target.id)

    def argument(self, name: str) -> str:
        """The argument of which a name is a view, or the name itself."""
        return self._arguments.get(name, name)


def _is_elementwise(statements: Sequence[ast.stmt], views: set[str], body: FunctionType) -> bool:
    """Whether the views are only accessed in loops, at the loop's variable, or by elementwise helpers."""
    nodes = list(walk(statements))
    loops = [node for node in nodes if isinstance(node, ast.For)]
    within = {id(node) for loop in loops for node in ast.walk(loop)}
    outside = [node for node in nodes if id(node) not in within]
    known = {
        name
        for node in outside
        if isinstance(node, ast.Assign)
        for target in node.targets
        for name in bound_names(target)
    }
    single = any(isinstance(node, ast.Subscript) and root_name(node) in views for node in outside)
    calls = [node for node in outside if isinstance(node, ast.Call)]
    return (
        bool(loops or calls)
        and not single
        and all(_is_elementwise_loop(loop, views, known, body) for loop in loops)
        and all(_is_elementwise_call(call, views, body) for call in calls)
    )


def _is_elementwise_loop(loop: ast.For, views: set[str], known: set[str], body: FunctionType) -> bool:
    variable = loop_variable(loop)
    accesses = [node for node in _subscripts(loop.body) if root_name(node) in views]
    private = all(isinstance(one.slice, ast.Name) and one.slice.id == variable for one in accesses)
    passed = any(name in views for name in _passed_to_helpers(loop.body, body))
    return private and not passed and not has_inner_loop(loop) and reductions(loop, known) == {}


def _is_elementwise_call(call: ast.Call, views: set[str], body: FunctionType) -> bool:
    """Whether a helper that gets views is elementwise too."""
    helper = _helper(call, body)
    if helper is None or not any(isinstance(one, ast.Name) and one.id in views for one in call.args):
        return True
    tree = parsed(helper)
    passed = {
        parameter.arg
        for parameter, argument in zip(tree.args.args, call.args, strict=True)
        if root_name(argument) in views
    }
    return _is_elementwise(tree.body, passed, helper)
