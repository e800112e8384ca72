"""Which loops of a kernel may be shared out among the lanes of a team.

A loop's iterations are independent when each writes only elements that no other iteration touches, and
changes no variable from outside, but for sums and the like that are put together behind the loop. What is
seen here is the shape of the code alone: an element is an iteration's own when the loop's variable stands
among its indices, or among those of the view through which it is written.
"""

import ast
from collections.abc import Iterator

JOINS: dict[type[ast.operator], str] = {ast.Add: "Sum", ast.Sub: "Sum", ast.BitOr: "Any"}
EXTREMES = {"max": "Largest", "min": "Least"}


def names(node: ast.AST) -> set[str]:
    """Every name that occurs below a node."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def elements(index: ast.expr) -> list[ast.expr]:
    """The indices of a subscript, one per axis."""
    return list(index.elts) if isinstance(index, ast.Tuple) else [index]


def bound(target: ast.expr) -> list[str]:
    """The names that an assignment to this target binds."""
    parts = target.elts if isinstance(target, ast.Tuple) else [target]
    return [part.id for part in parts if isinstance(part, ast.Name)]


def pairs(statement: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Each target and its value; the parts of a tuple one by one where both sides have them."""
    for target in statement.targets:
        if isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
            yield from zip(target.elts, statement.value.elts, strict=True)
        else:
            yield target, statement.value


def nested(loop: ast.For) -> bool:
    """Whether there is a loop inside the loop."""
    return any(isinstance(one, ast.For) for statement in loop.body for one in ast.walk(statement))


def joins(loop: ast.For, known: set[str]) -> dict[str, str] | None:
    """How the variables from outside are put together behind the loop; None when it has to run in order.

    `known` are the names that have a value before the loop.
    """
    found: dict[str, str] = {}
    own = _Own(loop)
    for statement in (one for line in loop.body for one in ast.walk(line)):
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            if statement.target.id in known:
                found[statement.target.id] = JOINS.get(type(statement.op), "")
        elif isinstance(statement, ast.Assign):
            for target, value in pairs(statement):
                found |= {name: _extreme(name, value) for name in set(bound(target)) & known}
    alone = all(own.writes(target) for target in stored(loop))
    read_once = all(_mentions(loop, name) == _needed(join) for name, join in found.items())
    return found if alone and read_once and all(found.values()) else None


def _extreme(name: str, value: ast.expr) -> str:
    """The join of `x = max(x, …)` and `x = min(x, …)`."""
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
        return ""
    first = value.args[0]
    return EXTREMES.get(value.func.id, "") if isinstance(first, ast.Name) and first.id == name else ""


def _mentions(loop: ast.For, name: str) -> int:
    return sum(isinstance(one, ast.Name) and one.id == name for line in loop.body for one in ast.walk(line))


def _needed(join: str) -> int:
    """How often a joined variable is mentioned in its own statement; once more, and somebody reads it."""
    return 2 if join in EXTREMES.values() else 1


def stored(loop: ast.For) -> Iterator[ast.Subscript]:
    """Every element that a loop writes."""
    for one in (one for line in loop.body for one in ast.walk(line)):
        if isinstance(one, ast.Subscript) and isinstance(one.ctx, ast.Store):
            yield one


class _Own:
    """What belongs to one iteration of a loop: views that were taken by its variable."""

    def __init__(self, loop: ast.For) -> None:
        assert isinstance(loop.target, ast.Name)
        self._variable = loop.target.id
        self._views: set[str] = set()
        for statement in (one for line in loop.body for one in ast.walk(line)):
            if isinstance(statement, ast.Assign):
                for target, value in pairs(statement):
                    if isinstance(value, ast.Subscript) and self.writes(value):
                        self._views |= set(bound(target))

    def writes(self, target: ast.Subscript) -> bool:
        """Whether no other iteration can reach what this subscript names."""
        base = target.value
        if isinstance(base, ast.Name) and base.id in self._views:
            return True
        if isinstance(base, ast.Subscript) and self.writes(base):
            return True
        return any(self._by_variable(index) for index in elements(target.slice))

    def _by_variable(self, index: ast.expr) -> bool:
        if isinstance(index, ast.Slice):
            return any(self._variable in names(end) for end in (index.lower, index.upper) if end is not None)
        return isinstance(index, ast.Name) and index.id == self._variable


def crossed(body: list[ast.stmt], parameters: list[str]) -> set[str]:
    """Arrays, and views of them, that are written and not always by the innermost loop's own variable.

    Where the innermost loops are shared out, a lane meets again only elements that it has written itself,
    unless they belong to such an array.
    """
    everything = [one for line in body for one in ast.walk(line)]
    roots, defining = _views(everything, parameters)
    own = {id(one) for loop in everything if isinstance(loop, ast.For) for one in _by_lane(loop)}
    written, strange = set(), set()
    for one in everything:
        if isinstance(one, ast.Subscript) and id(one) not in defining:
            root = roots.get(base(one), base(one))
            if isinstance(one.ctx, ast.Store):
                written.add(root)
            if id(one) not in own and not isinstance(one.slice, ast.Slice):
                strange.add(root)
    return {name for name, root in roots.items() if root in written & strange}


def base(node: ast.expr) -> str:
    """The name that a chain of subscripts begins with."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _views(everything: list[ast.AST], parameters: list[str]) -> tuple[dict[str, str], set[int]]:
    """Of which argument each name is a view, and the subscripts that make views."""
    indexed = {base(one) for one in everything if isinstance(one, ast.Subscript)}
    roots, defining = {name: name for name in parameters}, set()
    for statement in (one for one in everything if isinstance(one, ast.Assign)):
        for target, value in pairs(statement):
            if isinstance(value, ast.Subscript) and isinstance(target, ast.Name) and target.id in indexed:
                roots[target.id] = roots.get(base(value), base(value))
                defining.add(id(value))
    return roots, defining


def _by_lane(loop: ast.For) -> Iterator[ast.Subscript]:
    """In an innermost loop from 0 on, the elements that its variable alone names."""
    assert isinstance(loop.target, ast.Name)
    if nested(loop) or not isinstance(loop.iter, ast.Call) or len(loop.iter.args) > 1:
        return
    for one in ast.walk(loop):
        index = one.slice if isinstance(one, ast.Subscript) else None
        if isinstance(one, ast.Subscript) and isinstance(index, ast.Name) and index.id == loop.target.id:
            yield one
