"""Which loops of a kernel can be shared out among the threads of a team.

The iterations of a loop are independent if each writes only elements that no other iteration accesses, and
changes no variable from outside except in reductions such as sums, which are combined after the loop. Only
the form of the code is analysed: an element is private to an iteration if the loop variable is one of its
indices, or one of the indices of the view through which it is written.
"""

import ast
from collections.abc import Iterator, Sequence

REDUCTIONS: dict[type[ast.operator], str] = {ast.Add: "Sum", ast.Sub: "Sum", ast.BitOr: "Any"}
EXTREMES = {"max": "Largest", "min": "Least"}


def walk(statements: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Every node below some statements."""
    return (node for statement in statements for node in ast.walk(statement))


def names(node: ast.AST) -> set[str]:
    """Every name that occurs below a node."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def indices(index: ast.expr) -> list[ast.expr]:
    """The indices of a subscript, one per axis."""
    return list(index.elts) if isinstance(index, ast.Tuple) else [index]


def bound_names(target: ast.expr) -> list[str]:
    """The names that an assignment to this target binds."""
    parts = target.elts if isinstance(target, ast.Tuple) else [target]
    return [part.id for part in parts if isinstance(part, ast.Name)]


def assignments(statement: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Each target and its value; the parts of a tuple one by one where both sides have them."""
    for target in statement.targets:
        if isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
            yield from zip(target.elts, statement.value.elts, strict=True)
        else:
            yield target, statement.value


def has_inner_loop(loop: ast.For) -> bool:
    """Whether there is a loop inside the loop."""
    return any(isinstance(node, ast.For) for node in walk(loop.body))


def loop_variable(loop: ast.For) -> str:
    """The name of the variable that counts the iterations."""
    assert isinstance(loop.target, ast.Name)
    return loop.target.id


def reductions(loop: ast.For, known: set[str]) -> dict[str, str] | None:
    """How each variable from outside is combined after the loop; None if the loop has to run in order.

    `known` are the names that have a value before the loop.
    """
    combined: dict[str, str] = {}
    private = _PrivateElements(loop)
    for statement in walk(loop.body):
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            if statement.target.id in known:
                combined[statement.target.id] = REDUCTIONS.get(type(statement.op), "")
        elif isinstance(statement, ast.Assign):
            for target, value in assignments(statement):
                combined |= {name: _extreme(name, value) for name in set(bound_names(target)) & known}
    independent = all(private.contain(target) for target in stores(loop))
    not_read = all(_mentions(loop, name) == _mentions_in(kind) for name, kind in combined.items())
    return combined if independent and not_read and all(combined.values()) else None


def _extreme(name: str, value: ast.expr) -> str:
    """The reduction of `x = max(x, …)` and `x = min(x, …)`."""
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
        return ""
    first = value.args[0]
    return EXTREMES.get(value.func.id, "") if isinstance(first, ast.Name) and first.id == name else ""


def _mentions(loop: ast.For, name: str) -> int:
    return sum(isinstance(node, ast.Name) and node.id == name for node in walk(loop.body))


def _mentions_in(reduction: str) -> int:
    """How often the statement of a reduction mentions its variable; if it occurs more often, it is read."""
    return 2 if reduction in EXTREMES.values() else 1


def stores(loop: ast.For) -> Iterator[ast.Subscript]:
    """Every element that a loop writes."""
    for node in walk(loop.body):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            yield node


class _PrivateElements:
    """The elements that only one iteration of a loop can access: at its variable, and in views there."""

    def __init__(self, loop: ast.For) -> None:
        self._variable = loop_variable(loop)
        self._views: set[str] = set()
        for statement in walk(loop.body):
            if isinstance(statement, ast.Assign):
                for target, value in assignments(statement):
                    if isinstance(value, ast.Subscript) and self.contain(value):
                        self._views |= set(bound_names(target))

    def contain(self, target: ast.Subscript) -> bool:
        """Whether no other iteration can access what this subscript names."""
        array = target.value
        if isinstance(array, ast.Name) and array.id in self._views:
            return True
        return any(self._at_variable(index) for index in indices(target.slice))

    def _at_variable(self, index: ast.expr) -> bool:
        if isinstance(index, ast.Slice):
            return any(self._variable in names(end) for end in (index.lower, index.upper) if end is not None)
        return isinstance(index, ast.Name) and index.id == self._variable


def shared_arrays(body: list[ast.stmt], parameters: list[str]) -> set[str]:
    """Arrays, and views of them, that are written and not always indexed by the innermost loop's variable.

    Where the innermost loops are shared out, a thread only meets elements that it has written itself, except
    in these arrays.
    """
    nodes = list(walk(body))
    roots, defining = _views(nodes, parameters)
    private = {id(one) for loop in nodes if isinstance(loop, ast.For) for one in _at_loop_variable(loop)}
    written, shared = set(), set()
    for node in nodes:
        if isinstance(node, ast.Subscript) and id(node) not in defining:
            root = roots.get(root_name(node), root_name(node))
            if isinstance(node.ctx, ast.Store):
                written.add(root)
            if id(node) not in private and not isinstance(node.slice, ast.Slice):
                shared.add(root)
    return {name for name, root in roots.items() if root in written & shared}


def root_name(node: ast.expr) -> str:
    """The name that a chain of subscripts begins with."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _views(nodes: list[ast.AST], parameters: list[str]) -> tuple[dict[str, str], set[int]]:
    """Of which argument each name is a view, and the subscripts that create views."""
    indexed = {root_name(node) for node in nodes if isinstance(node, ast.Subscript)}
    roots, defining = {name: name for name in parameters}, set()
    for statement in (node for node in nodes if isinstance(node, ast.Assign)):
        for target, value in assignments(statement):
            if isinstance(value, ast.Subscript) and isinstance(target, ast.Name) and target.id in indexed:
                roots[target.id] = roots.get(root_name(value), root_name(value))
                defining.add(id(value))
    return roots, defining


def _at_loop_variable(loop: ast.For) -> Iterator[ast.Subscript]:
    """In an innermost loop that starts at 0, the elements whose only index is its variable."""
    variable = loop_variable(loop)
    if has_inner_loop(loop) or not isinstance(loop.iter, ast.Call) or len(loop.iter.args) > 1:
        return
    for node in ast.walk(loop):
        index = node.slice if isinstance(node, ast.Subscript) else None
        if isinstance(node, ast.Subscript) and isinstance(index, ast.Name) and index.id == variable:
            yield node
