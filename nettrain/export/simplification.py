"""A graph with fewer nodes that computes the same numbers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from nettrain.export.evaluation import computed
from nettrain.export.node import GraphNode, constant, in_order, is_rows

NEUTRAL = {"add": 0, "subtract": 0, "multiply": 1, "divide": 1}
Rule = Callable[[GraphNode], GraphNode]


def simplified(ends: Sequence[GraphNode]) -> list[GraphNode]:
    """The same arrays: constants are computed, what is there twice is there once, steps without effect go."""
    known: dict[object, GraphNode] = {}

    def shared(node: GraphNode) -> GraphNode:
        simpler = _simpler(node)
        return known.setdefault(simpler.key, simpler)

    return rewritten(ends, shared)


def rewritten(ends: Sequence[GraphNode], rule: Rule) -> list[GraphNode]:
    """The graph with rule(node) in the place of every node, whose inputs are replaced before."""
    new: dict[GraphNode, GraphNode] = {}
    for node in in_order(ends):
        inputs = tuple(new[one] for one in node.inputs)
        same = all(a is b for a, b in zip(inputs, node.inputs, strict=True))
        new[node] = rule(node if same else replace(node, inputs=inputs))
    return [new[end] for end in ends]


def _simpler(node: GraphNode) -> GraphNode:
    if node.inputs and all(one.is_constant for one in node.inputs) and not any(map(is_rows, node.shape)):
        return _folded(node)
    return next((simpler for rule in RULES for simpler in rule(node)), node)


def _folded(node: GraphNode) -> GraphNode:
    value = computed(node, [one.constant for one in node.inputs])
    names = {one.name for one in node.inputs if one.name}
    name = node.name or (names.pop() if len(names) == 1 else "")
    return constant(value.astype(node.dtype, copy=False), name, node.part)


def _without_effect(node: GraphNode) -> Iterator[GraphNode]:
    """x + 0, x - 0, x·1, x/1, and what keeps shape and dtype."""
    first = node.inputs[0] if node.inputs else node
    kept = first.shape == node.shape and first.dtype == node.dtype
    if node.operation in NEUTRAL and kept and _all_equal(node.inputs[1], NEUTRAL[node.operation]):
        yield first
    if node.operation in ("add", "multiply") and _all_equal(first, NEUTRAL[node.operation]):
        second = node.inputs[1]
        if second.shape == node.shape and second.dtype == node.dtype:
            yield second
    if node.operation in ("reshape", "cast", "expand") and kept:
        yield first


def _decided(node: GraphNode) -> Iterator[GraphNode]:
    """where of a constant that is true, or false, everywhere."""
    if node.operation == "where" and node.inputs[0].is_constant:
        condition = node.inputs[0].constant
        for chosen, everywhere in ((node.inputs[1], condition.all()), (node.inputs[2], not condition.any())):
            if everywhere and chosen.shape == node.shape:
                yield chosen


def _reshaped_again(node: GraphNode) -> Iterator[GraphNode]:
    """A new shape of a new shape."""
    if node.operation == "reshape" and node.inputs[0].operation == "reshape":
        inner = node.inputs[0].inputs[0]
        yield inner if inner.shape == node.shape else replace(node, inputs=(inner,))


def _all_equal(node: GraphNode, number: int) -> bool:
    return node.is_constant and bool(np.all(node.constant == number))


RULES: Sequence[Callable[[GraphNode], Iterator[GraphNode]]] = (_without_effect, _decided, _reshaped_again)
