"""Loops over rows and columns, which the threads of a team share out in two dimensions.

A loop nest is a loop over rows whose body creates views and then loops over columns. Each pair of row and
column may only write private elements: those of the row's views at the column. What a column sums up over the
rows, in an element of an array from outside, is combined after the loop. As in `threads`, only the form of
the code is analysed: names that are not views of each other's rows are taken for different memory.
"""

import ast
from dataclasses import dataclass

from nettrain.backend.cuda.threads import (
    assignments,
    bound_names,
    has_inner_loop,
    indices,
    loop_variable,
    names,
    stores,
    walk,
)


@dataclass(frozen=True)
class LoopNest:
    """Two loops, and the arrays of which element j is a sum over the rows."""

    rows: ast.For
    columns: ast.For
    sums: set[str]


def loop_nest(loop: ast.For, known: set[str]) -> LoopNest | None:
    """The loop as a loop nest, if it is one. `known` are the names that have a value before it."""
    *before, inner = loop.body
    if not isinstance(inner, ast.For) or has_inner_loop(inner) or not all(map(_only_names, before)):
        return None
    row_names = {name for statement in before for name in _assigned(statement)}
    local_names = {name for node in walk(inner.body) for name in _assigned(node)}
    assert isinstance(inner.iter, ast.Call)
    if (row_names | local_names) & known or names(inner.iter) & row_names or len(inner.iter.args) != 1:
        return None
    views = _row_views(loop, before)
    nest = LoopNest(loop, inner, _written_arrays(inner) - views)
    if nest.sums & row_names:  # the elements that rows add to depend on the row
        return None
    return nest if all(_is_private_or_sum(element, nest, views) for element in stores(inner)) else None


def _only_names(statement: ast.stmt) -> bool:
    """Whether a statement only gives names to views and numbers."""
    return isinstance(statement, ast.Assign) and not any(
        isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) for node in ast.walk(statement)
    )


def _assigned(node: ast.AST) -> set[str]:
    """The names that a statement binds or changes."""
    if isinstance(node, ast.Assign):
        return {name for target in node.targets for name in bound_names(target)}
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        return {node.target.id}
    return set()


def _row_views(loop: ast.For, before: list[ast.stmt]) -> set[str]:
    """Names of views at the row's number, which is one of the indices or in a slice."""
    row, views = loop_variable(loop), set()
    for statement in before:
        assert isinstance(statement, ast.Assign)
        for target, value in assignments(statement):
            if isinstance(value, ast.Subscript) and any(
                _has_row(index, row) for index in indices(value.slice)
            ):
                views |= set(bound_names(target))
    return views


def _has_row(index: ast.expr, row: str) -> bool:
    return row in names(index) if isinstance(index, ast.Slice) else _is_name(index, row)


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _written_arrays(inner: ast.For) -> set[str]:
    return {element.value.id for element in stores(inner) if isinstance(element.value, ast.Name)}


def _is_private_or_sum(element: ast.Subscript, nest: LoopNest, views: set[str]) -> bool:
    """Whether a written element belongs to its row and column, or is a column's sum."""
    if not isinstance(element.value, ast.Name) or not _at_column(element, nest):
        return False
    name, accesses = element.value.id, _accesses(element.value.id, nest)
    if name in views:
        return all(_at_column(access, nest) for access in accesses)
    return len(accesses) == 1 and any(
        isinstance(statement, ast.AugAssign)
        and isinstance(statement.op, ast.Add)
        and statement.target is element
        for statement in nest.columns.body
    )


def _at_column(element: ast.Subscript, nest: LoopNest) -> bool:
    return _is_name(element.slice, loop_variable(nest.columns))


def _accesses(name: str, nest: LoopNest) -> list[ast.Subscript]:
    """Every element of the array of this name that the inner loop reads or writes."""
    nodes = walk(nest.columns.body)
    return [node for node in nodes if isinstance(node, ast.Subscript) and name in names(node.value)]
