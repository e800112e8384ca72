"""Several operations that ONNX has one operator for: a reader knows it at a glance, and it is faster."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from nettrain.export.node import GraphNode
from nettrain.export.simplification import rewritten


def with_idioms(ends: Sequence[GraphNode]) -> list[GraphNode]:
    """The graph with `relu`, `gemm` and `softmax` nodes where the same is there in parts."""
    return rewritten(ends, lambda node: next((one for rule in RULES for one in rule(node)), node))


def _relu(node: GraphNode) -> Iterator[GraphNode]:
    """max(x, 0)."""
    if node.operation != "maximum" or node.dtype.kind != "f":
        return
    x, bound = node.inputs
    if bound.is_constant and not np.any(bound.constant) and x.shape == node.shape:
        yield replace(node, operation="relu", inputs=(x,))


def _gemm(node: GraphNode) -> Iterator[GraphNode]:
    """x @ W + b of matrices."""
    if node.operation != "add" or node.inputs[0].operation != "matmul":
        return
    product, bias = node.inputs
    shapes = {len(one.shape) for one in product.inputs}
    if bias.is_constant and product.shape == node.shape and shapes == {2}:
        yield replace(node, operation="gemm", inputs=(*product.inputs, bias))


def _softmax(node: GraphNode) -> Iterator[GraphNode]:
    """e / sum(e) with e = e^(z - max z), along the last axis."""
    if node.operation != "divide" or node.inputs[0].operation != "exp" or node.inputs[1].operation != "sum":
        return
    powers, total = node.inputs
    (shifted,) = powers.inputs
    last = len(node.shape) - 1
    if total.inputs != (powers,) or total.axis != last or shifted.operation != "subtract":
        return
    z, largest = shifted.inputs
    if largest.operation == "max" and largest.inputs == (z,) and largest.axis == last:
        yield replace(node, operation="softmax", inputs=(z,))


RULES: Sequence[Callable[[GraphNode], Iterator[GraphNode]]] = (_relu, _gemm, _softmax)
