"""Loops over rows and columns, which the lanes of a team share out in two dimensions.

Such a nest is a loop whose body takes views and then goes through the columns. Each pair of row and column
must write only elements of its own: those of the row's views at the column. What a column sums up over the
rows, in an element of an array from outside, is put together behind the loop. As in `lanes` the shape of the
code alone is seen: names that are not views of each other's rows stand for different memory.
"""

import ast
from dataclasses import dataclass

from nettrain.backend.cuda.threads import bound, elements, names, nested, pairs, stored


@dataclass(frozen=True)
class Nest:
    """Two loops, and the arrays of which element j gets a sum over the rows."""

    rows: ast.For
    columns: ast.For
    sums: set[str]


def nest(loop: ast.For, known: set[str]) -> Nest | None:
    """The loop as a nest, if it is one. `known` are the names that have a value before it."""
    *before, inner = loop.body
    if not isinstance(inner, ast.For) or nested(inner) or not all(map(_binds, before)):
        return None
    fresh = {name for line in before for name in _assigned(line)}
    local = {name for line in inner.body for one in ast.walk(line) for name in _assigned(one)}
    assert isinstance(inner.iter, ast.Call)
    if (fresh | local) & known or names(inner.iter) & fresh or len(inner.iter.args) != 1:
        return None
    views = _views(loop, before)
    found = Nest(loop, inner, _outside(inner) - views)
    return found if all(_fits(one, found, views) for one in stored(inner)) else None


def _binds(statement: ast.stmt) -> bool:
    """Whether a statement only gives names to views and numbers."""
    return isinstance(statement, ast.Assign) and not any(
        isinstance(one, ast.Subscript) and isinstance(one.ctx, ast.Store) for one in ast.walk(statement)
    )


def _assigned(node: ast.AST) -> set[str]:
    """The names that a statement binds or changes."""
    if isinstance(node, ast.Assign):
        return {name for target in node.targets for name in bound(target)}
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        return {node.target.id}
    return set()


def _views(loop: ast.For, before: list[ast.stmt]) -> set[str]:
    """Names of views that are taken by the row's number: alone among the indices, or in a slice."""
    assert isinstance(loop.target, ast.Name)
    number, found = loop.target.id, set()
    for statement in before:
        assert isinstance(statement, ast.Assign)
        for target, value in pairs(statement):
            if isinstance(value, ast.Subscript) and any(
                _of_row(one, number) for one in elements(value.slice)
            ):
                found |= set(bound(target))
    return found


def _of_row(index: ast.expr, number: str) -> bool:
    return number in names(index) if isinstance(index, ast.Slice) else _is(index, number)


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _outside(inner: ast.For) -> set[str]:
    """Arrays that are written in the inner loop."""
    return {one.value.id for one in stored(inner) if isinstance(one.value, ast.Name)}


def _fits(element: ast.Subscript, found: Nest, views: set[str]) -> bool:
    """Whether an element that is stored belongs to its row and column, or is a column's sum."""
    if not isinstance(element.value, ast.Name) or not _at_column(element, found):
        return False
    name, mentions = element.value.id, _mentions(element.value.id, found)
    if name in views:
        return all(_at_column(one, found) for one in mentions)
    return len(mentions) == 1 and any(
        isinstance(line, ast.AugAssign) and isinstance(line.op, ast.Add) and line.target is element
        for line in found.columns.body
    )


def _at_column(element: ast.Subscript, found: Nest) -> bool:
    assert isinstance(found.columns.target, ast.Name)
    return _is(element.slice, found.columns.target.id)


def _mentions(name: str, found: Nest) -> list[ast.Subscript]:
    """Every element of the array of this name that the inner loop reads or writes."""
    everything = [one for line in found.columns.body for one in ast.walk(line)]
    return [one for one in everything if isinstance(one, ast.Subscript) and name in names(one.value)]
