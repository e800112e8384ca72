"""Kernels that go row by row, or element by element, so that several can share one pass.

A kernel goes by rows when iteration k of its prange is about row [r, i] of arrays (R, B, H), with r = k // B
and i = k % B, and writes nothing else. It goes by elements when it does to each number of a row what it would
do to that one alone. As in `lanes` the shape of the code alone is seen.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from types import FunctionType

from nettrain.backend.cuda.functions import parsed
from nettrain.backend.cuda.threads import base, bound, elements, joins, nested, pairs, stored


@dataclass(frozen=True)
class Rowwise:
    """Which arguments a kernel knows by row alone, by position, and whether it goes by elements."""

    by_row: frozenset[int]
    by_elements: bool


@cache
def rowwise(body: FunctionType) -> Rowwise | None:
    """How a kernel goes by rows; None when it does not."""
    tree = parsed(body)
    loop, arguments = tree.body[-1], [one.arg for one in tree.args.args]
    assert isinstance(loop, ast.For)
    row = _row(loop)
    if row is None or _handed_on(loop, arguments):
        return None
    taken = _Taken(loop, arguments, row)
    written = [*map(base, stored(loop)), *_given(loop.body, body)]
    if any(taken.root(name) in taken.elsewhere for name in written):
        return None
    places = frozenset(k for k, name in enumerate(arguments) if name in taken.by_row)
    return Rowwise(places, _by_elements(loop.body, taken.rows, body))


def _row(loop: ast.For) -> list[str] | None:
    """The names in `r, i = k // B, k % B`."""
    assert isinstance(loop.target, ast.Name)
    for line in (one for one in loop.body if isinstance(one, ast.Assign)):
        match line.value:
            case ast.Tuple(elts=[ast.BinOp(op=ast.FloorDiv()) as above, ast.BinOp(op=ast.Mod()) as below]):
                same = ast.unparse(above.right) == ast.unparse(below.right)
                if same and ast.unparse(above.left) == ast.unparse(below.left) == loop.target.id:
                    return bound(line.targets[0])
    return None


def _handed_on(loop: ast.For, arguments: Sequence[str]) -> bool:
    """Whether a whole argument goes to a helper."""
    walked = [one for line in loop.body for one in ast.walk(line)]
    calls = (one for one in walked if isinstance(one, ast.Call))
    return any(isinstance(given, ast.Name) and given.id in arguments for one in calls for given in one.args)


def _subscripts(lines: Sequence[ast.stmt]) -> Iterator[ast.Subscript]:
    for one in (one for line in lines for one in ast.walk(line)):
        if isinstance(one, ast.Subscript) and not isinstance(one.value, ast.Attribute):
            yield one


def _given(lines: Sequence[ast.stmt], body: FunctionType) -> Iterator[str]:
    """Names that are given to helpers, which may write."""
    for one in (one for line in lines for one in ast.walk(line)):
        if isinstance(one, ast.Call) and _helper(one, body) is not None:
            yield from (given.id for given in one.args if isinstance(given, ast.Name))


def _helper(call: ast.Call, body: FunctionType) -> FunctionType | None:
    """The Python function behind a call of a helper of ours."""
    if not isinstance(call.func, ast.Name):
        return None
    helper: FunctionType | None = getattr(body.__globals__.get(call.func.id), "py_func", None)
    return helper


class _Taken:
    """Where a loop takes what from: `rows` are views by row, `by_row` and `elsewhere` arguments."""

    def __init__(self, loop: ast.For, arguments: Sequence[str], row: list[str]) -> None:
        self._roots = {name: name for name in arguments}
        self.rows: set[str] = set()
        self.by_row: set[str] = set()
        self.elsewhere: set[str] = set()
        for one in _subscripts(loop.body):
            if isinstance(one.value, ast.Name) and one.value.id in arguments:
                first = [index.id for index in elements(one.slice)[:2] if isinstance(index, ast.Name)]
                (self.by_row if first == row else self.elsewhere).add(one.value.id)
        self.by_row -= self.elsewhere
        for statement in (one for line in loop.body for one in ast.walk(line) if isinstance(one, ast.Assign)):
            for target, value in pairs(statement):
                if isinstance(value, ast.Subscript) and isinstance(target, ast.Name):
                    self._roots[target.id] = self.root(base(value))
                    if self._roots[target.id] in self.by_row:
                        self.rows.add(target.id)

    def root(self, name: str) -> str:
        """The argument of which a name is a view, or the name itself."""
        return self._roots.get(name, name)


def _by_elements(lines: Sequence[ast.stmt], views: set[str], body: FunctionType) -> bool:
    """Whether loops touch the views at their own variable alone, and nothing outside of loops does."""
    walked = [one for line in lines for one in ast.walk(line)]
    loops = [one for one in walked if isinstance(one, ast.For)]
    within = {id(one) for loop in loops for one in ast.walk(loop)}
    outside = [one for one in walked if id(one) not in within]
    fixed = {
        name
        for one in outside
        if isinstance(one, ast.Assign)
        for target in one.targets
        for name in bound(target)
    }
    single = any(isinstance(one, ast.Subscript) and base(one) in views for one in outside)
    calls = [one for one in outside if isinstance(one, ast.Call)]
    return (
        bool(loops or calls)
        and not single
        and all(_own_alone(loop, views, fixed, body) for loop in loops)
        and all(_helps_elements(one, views, body) for one in calls)
    )


def _own_alone(loop: ast.For, views: set[str], fixed: set[str], body: FunctionType) -> bool:
    assert isinstance(loop.target, ast.Name)
    touched = [one for one in _subscripts(loop.body) if base(one) in views]
    own = all(isinstance(one.slice, ast.Name) and one.slice.id == loop.target.id for one in touched)
    passed = any(name in views for name in _given(loop.body, body))
    return own and not passed and not nested(loop) and joins(loop, fixed) == {}


def _helps_elements(call: ast.Call, views: set[str], body: FunctionType) -> bool:
    """Whether a helper that is given views goes by elements too."""
    helper = _helper(call, body)
    if helper is None or not any(isinstance(given, ast.Name) and given.id in views for given in call.args):
        return True
    tree = parsed(helper)
    own = {one.arg for one, given in zip(tree.args.args, call.args, strict=True) if base(given) in views}
    return _by_elements(tree.body, own, helper)
