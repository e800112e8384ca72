"""Which arrays of a graph a C function keeps in memory, and which it computes where they are used.

For one row of data. An array is computed where it is used if that computes each of its numbers once; so what
is elementwise is done in one loop, together with the sum or product that it begins with.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from nettrain.export.c_source.scalars import is_scalar_operation
from nettrain.export.node import OF_TEXTS, ROWS, GraphNode, in_order, is_rows
from nettrain.export.part_names import is_given

MOVES = frozenset({"reshape", "swapaxes", "slice", "take", "expand"})
SUMS = frozenset({"sum", "mean", "max", "min", "matmul"})  # that are computed in a loop of their own


def for_one_row(end: GraphNode) -> GraphNode:
    """The graph for N = 1."""
    new: dict[GraphNode, GraphNode] = {}
    for node in in_order([end]):
        shape = tuple(length // ROWS if is_rows(length) else length for length in node.shape)
        new[node] = replace(node, shape=shape, inputs=tuple(new[one] for one in node.inputs))
    return new[end]


def size(node: GraphNode) -> int:
    """How many numbers an array has."""
    return math.prod(node.shape)


def keeps_order(node: GraphNode) -> bool:
    """Whether a reshape only adds or takes away axes of length 1."""
    before, after = ([n for n in shape if n != 1] for shape in (node.inputs[0].shape, node.shape))
    return before == after


class ArraysInMemory:
    """The arrays that are kept in memory, in the order in which they are computed."""

    def __init__(self, end: GraphNode) -> None:
        order = in_order([end])
        self._consumers: dict[GraphNode, list[GraphNode]] = {node: [] for node in order}
        for node in order:
            for one in node.inputs:
                self._consumers[one].append(node)
        self._end = end
        self._kept: set[GraphNode] = set()
        self._root: dict[GraphNode, GraphNode] = {}  # the kept array in whose loop a node is computed
        self._trips: dict[GraphNode, int] = {}  # how often one of its numbers is computed
        for node in reversed(order):
            self._decide(node)
        self.arrays: Sequence[GraphNode] = [node for node in order if node in self._kept]

    def is_shared(self, node: GraphNode) -> bool:
        """Whether a node that is not kept is used several times, in one loop."""
        return len(self._consumers[node]) > 1

    def _decide(self, node: GraphNode) -> None:
        if is_given(node):
            return
        if node is not self._end and not self._must_be_kept(node):
            self._root[node] = self._root[self._consumers[node][0]]
            self._trips[node] = max(self._asked(node))
            return
        self._kept.add(node)
        self._root[node], self._trips[node] = node, size(node)

    def _asked(self, node: GraphNode) -> list[int]:
        """How often each consumer asks for a number of this node."""
        each = []
        for consumer in self._consumers[node]:
            trips, total = self._trips[consumer], size(consumer)
            if consumer.operation == "concatenate":
                each.append(size(node))
            elif consumer.operation == "matmul":
                each.append(trips * consumer.inputs[0].shape[-1])
            elif consumer.operation in SUMS:
                each.append(trips // max(total, 1) * max(size(node), total))
            else:
                each.append(trips)
        return each

    def _must_be_kept(self, node: GraphNode) -> bool:
        consumers, asked = self._consumers[node], self._asked(node)
        if any(_needs_memory(consumer, node) for consumer in consumers):
            return True
        if node.operation in MOVES:
            return len({self._root[one] for one in consumers}) > 1 and node.operation == "take"
        if not (is_scalar_operation(node) or node.operation in (*SUMS, *OF_TEXTS, "interp")):
            return True
        once = all(trips <= size(node) for trips in asked)
        if len(consumers) == 1:
            return not once
        together = len({self._root[one] for one in consumers}) == 1
        alike = all(is_scalar_operation(one) and size(one) == size(node) for one in consumers)
        return not (once and together and alike and is_scalar_operation(node))


def _needs_memory(consumer: GraphNode, node: GraphNode) -> bool:
    """Whether an operation asks for the numbers of an operand in any order, or again and again."""
    if consumer.operation == "matmul":
        return node.operation not in MOVES
    if consumer.operation == "argmax":
        return True
    return consumer.operation == "reshape" and not keeps_order(consumer)
