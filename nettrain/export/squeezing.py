"""A graph whose arrays have no needless first axes: those of length 1, such as that of a single network.

Arrays that broadcast are aligned by their last axes, so that first axes of length 1 can be left out where an
operation asks for no particular number of them. An array may lose several.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from nettrain.export.node import ELEMENTWISE, GraphNode, constant, in_order

Squeezed = Callable[[GraphNode, Sequence[GraphNode]], GraphNode]


def squeezed(ends: Sequence[GraphNode]) -> list[GraphNode]:
    """Arrays with the shapes of `ends` and the same numbers."""
    new: dict[GraphNode, GraphNode] = {}
    for node in in_order(ends):
        inputs = [new[one] for one in node.inputs]
        new[node] = RULES.get(node.operation, _as_it_was)(node, inputs)
    return [shaped(new[end], end.shape) for end in ends]


def shaped(node: GraphNode, shape: tuple[int, ...]) -> GraphNode:
    """The same elements in another shape."""
    if node.shape == shape:
        return node
    if node.is_constant:
        return constant(node.constant.reshape(shape), node.name, node.part)
    return GraphNode("reshape", shape, node.dtype, (node,), part=node.part)


def _lost(old: GraphNode, new: GraphNode) -> int:
    """How many axes an array has lost."""
    return len(old.shape) - len(new.shape)


def _without_ones(shape: tuple[int, ...], least: int = 0) -> tuple[int, ...]:
    first = next((k for k, length in enumerate(shape) if length != 1), len(shape))
    return shape[min(first, max(len(shape) - least, 0)) :]


def _as_it_was(node: GraphNode, inputs: Sequence[GraphNode]) -> GraphNode:
    """The operation on arrays in their old shapes."""
    old = [shaped(new, old.shape) for old, new in zip(node.inputs, inputs, strict=True)]
    return replace(node, inputs=tuple(old))


def _constant(node: GraphNode, inputs: Sequence[GraphNode]) -> GraphNode:
    return shaped(node, _without_ones(node.shape)) if np.size(node.constant) else node


def _broadcast(node: GraphNode, inputs: Sequence[GraphNode]) -> GraphNode:
    axes = max(len(one.shape) for one in inputs)
    return replace(node, inputs=tuple(inputs), shape=node.shape[len(node.shape) - axes :])


def _matmul(node: GraphNode, inputs: Sequence[GraphNode]) -> GraphNode:
    """A product takes matrices."""
    matrices = [
        shaped(new, old.shape[-2:]) if len(new.shape) < 2 else new
        for old, new in zip(node.inputs, inputs, strict=True)
    ]
    return _broadcast(node, matrices)


def _reshape(node: GraphNode, inputs: Sequence[GraphNode]) -> GraphNode:
    (array,), shape = inputs, _without_ones(node.shape)
    # an array that becomes a matrix stays one, whatever its number of rows
    return array if shape == array.shape else replace(node, inputs=(array,), shape=shape)


def _along_axis(node: GraphNode, inputs: Sequence[GraphNode]) -> GraphNode:
    """A reduction, or a part of an axis, where the axis is still there."""
    lost = _lost(node.inputs[0], inputs[0])
    if node.axis < lost:
        return _as_it_was(node, inputs)
    options = {**node.options, "axis": node.axis - lost}
    others = [shaped(new, old.shape) for old, new in zip(node.inputs[1:], inputs[1:], strict=True)]
    return replace(node, inputs=(inputs[0], *others), shape=node.shape[lost:], options=options)


def _reduction(node: GraphNode, inputs: Sequence[GraphNode]) -> GraphNode:
    """Of an axis that is gone, its one number is the sum, the mean and the largest."""
    return _along_axis(node, inputs) if node.axis >= _lost(node.inputs[0], inputs[0]) else inputs[0]


def _concatenate(node: GraphNode, inputs: Sequence[GraphNode]) -> GraphNode:
    pairs = list(zip(node.inputs, inputs, strict=True))
    lost = min(node.axis, *(_lost(old, new) for old, new in pairs))
    parts = [shaped(new, old.shape[lost:]) for old, new in pairs]
    options = {**node.options, "axis": node.axis - lost}
    return replace(node, inputs=tuple(parts), shape=node.shape[lost:], options=options)


def _swapaxes(node: GraphNode, inputs: Sequence[GraphNode]) -> GraphNode:
    lost, first = _lost(node.inputs[0], inputs[0]), node.number("first")
    if first < lost:
        return _as_it_was(node, inputs)
    options = {"first": first - lost, "second": node.number("second") - lost}
    return replace(node, inputs=tuple(inputs), shape=node.shape[lost:], options=options)


def _expand(node: GraphNode, inputs: Sequence[GraphNode]) -> GraphNode:
    new = _broadcast(node, inputs)
    return inputs[0] if new.shape == inputs[0].shape else new


def _interp(node: GraphNode, inputs: Sequence[GraphNode]) -> GraphNode:
    points = [shaped(new, old.shape) for old, new in zip(node.inputs[1:], inputs[1:], strict=True)]
    return replace(node, inputs=(inputs[0], *points), shape=inputs[0].shape)


RULES: Mapping[str, Squeezed] = {
    **dict.fromkeys((*ELEMENTWISE, "where", "cast"), _broadcast),
    **dict.fromkeys(("sum", "mean", "max", "min"), _reduction),
    **dict.fromkeys(("argmax", "slice", "take"), _along_axis),
    "constant": _constant,
    "matmul": _matmul,
    "reshape": _reshape,
    "concatenate": _concatenate,
    "swapaxes": _swapaxes,
    "expand": _expand,
    "interp": _interp,
}
