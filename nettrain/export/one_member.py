"""A graph without the axis of members, where a run has a single network: (1, N, H) becomes (N, H)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from nettrain.export.node import ELEMENTWISE, GraphNode, constant, in_order

REDUCTIONS = frozenset({"sum", "mean", "max", "min"})


def without_member_axis(ends: Sequence[GraphNode]) -> list[GraphNode]:
    """The same arrays: what is a mean over one member is computed without that axis, as far as it can be."""
    new: dict[GraphNode, GraphNode] = {}
    flat = _Flat(new)
    for node in in_order(ends):
        inputs = tuple(new[one] for one in node.inputs)
        new[node] = replace(node, inputs=inputs) if inputs != node.inputs else node
        if node.operation == "mean" and _has_one_member(node.inputs[0]) and _is_over_members(node):
            new[node] = flat.of(node.inputs[0]) or new[node]
    return [new[end] for end in ends]


def _has_one_member(node: GraphNode) -> bool:
    return len(node.shape) > 2 and node.shape[0] == 1


def _is_over_members(node: GraphNode) -> bool:
    return node.axis == 0 and not node.options["keepdims"]


class _Flat:
    """Nodes (1, ...) without their first axis; of nodes before them, their successors in `new`."""

    def __init__(self, new: Mapping[GraphNode, GraphNode]) -> None:
        self._new = new
        self._flat: dict[GraphNode, GraphNode | None] = {}

    def of(self, end: GraphNode) -> GraphNode | None:
        """The node without its first axis; None where an operation on the way needs it."""
        for node in in_order([end]):
            if node not in self._flat and node.shape[:1] == (1,) and len(node.shape) > 1:
                self._flat[node] = self._made(node)
        return self._flat[end]

    def _made(self, node: GraphNode) -> GraphNode | None:
        rule = RULES.get("elementwise" if node.operation in ELEMENTWISE else node.operation)
        return rule(self, node) if rule else None

    def _input(self, one: GraphNode, axes: int) -> GraphNode | None:
        """An operand of something with so many axes: flat if it has as many, else as it is."""
        return self._flat[one] if len(one.shape) == axes and one in self._flat else self._new[one]

    def same(self, node: GraphNode, **changed: int) -> GraphNode | None:
        """The same operation on what is flat."""
        axes = len(node.shape)
        inputs = [self._input(one, max(axes, len(one.shape))) for one in node.inputs]
        known = [one for one in inputs if one is not None]
        if len(known) < len(inputs):
            return None
        return replace(node, shape=node.shape[1:], inputs=tuple(known), options={**node.options, **changed})

    def along(self, node: GraphNode) -> GraphNode | None:
        """An operation along an axis, which is another one now; None if it is that of the members."""
        first, *others = node.inputs
        if node.axis == 0 or first not in self._flat:
            return None
        operands = (self._flat[first], *(self._new[one] for one in others))
        if node.operation == "concatenate":
            operands = tuple(self._flat.get(one) for one in node.inputs)
        known = tuple(one for one in operands if one is not None)
        if len(known) < len(operands):
            return None
        return replace(
            node, shape=node.shape[1:], inputs=known, options={**node.options, "axis": node.axis - 1}
        )

    def exchanged(self, node: GraphNode) -> GraphNode | None:
        """Axes that are exchanged."""
        first, second = node.number("first"), node.number("second")
        return self.same(node, first=first - 1, second=second - 1) if min(first, second) > 0 else None

    def reshaped(self, node: GraphNode) -> GraphNode:
        """A new shape, of what is flat or not."""
        (one,) = node.inputs
        source = self._flat.get(one) or self._new[one]
        return (
            source
            if source.shape == node.shape[1:]
            else replace(node, shape=node.shape[1:], inputs=(source,))
        )

    def fixed(self, node: GraphNode) -> GraphNode:
        """A constant."""
        return constant(node.constant[0], node.name, node.part)


Rule = Callable[[_Flat, GraphNode], GraphNode | None]
RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("elementwise", "where", "cast", "matmul", "expand"), _Flat.same),
    **dict.fromkeys((*sorted(REDUCTIONS), "argmax", "slice", "take", "concatenate"), _Flat.along),
    "swapaxes": _Flat.exchanged,
    "reshape": _Flat.reshaped,
    "constant": _Flat.fixed,
}
