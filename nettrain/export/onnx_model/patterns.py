"""What several operations of a graph are together, as one operator of ONNX.

The nodes that are made here have the operator's name as their operation, with a capital letter.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from nettrain.export.node import ELEMENTWISE, OF_TEXTS, GraphNode, constant
from nettrain.export.selection import positions_of
from nettrain.export.simplification import rewritten, simplified
from nettrain.export.traced import broadcast, part_of

Pattern = Callable[[GraphNode], Iterator[GraphNode]]


def fused(ends: Sequence[GraphNode], patterns: Sequence[Pattern]) -> list[GraphNode]:
    """The same arrays, with one node in the place of those that match a pattern."""

    def rule(node: GraphNode) -> GraphNode:
        with part_of(node.part):
            return next((one for pattern in patterns for one in pattern(node)), node)

    return simplified(rewritten(ends, rule))


def _operator(name: str, node: GraphNode, *inputs: GraphNode, **options: int) -> GraphNode:
    return replace(node, operation=name, inputs=inputs, options=options)


def softmax(node: GraphNode) -> Iterator[GraphNode]:
    """e/Σe of e = exp(x - max x)."""
    if node.operation != "divide":
        return
    top, total = node.inputs
    if top.operation == "exp" and _is_reduction(total, "sum", top) and (x := _shifted(top.inputs[0])):
        yield _operator("Softmax", node, x, axis=total.axis)


def log_softmax(node: GraphNode) -> Iterator[GraphNode]:
    """d - log Σ exp d, of d = x - max x."""
    if node.operation != "subtract" or node.inputs[1].operation != "log":
        return
    shifted, total = node.inputs[0], node.inputs[1].inputs[0]
    if total.operation != "sum" or total.inputs[0].operation != "exp":
        return
    top = total.inputs[0]
    if top.inputs[0] is shifted and _is_reduction(total, "sum", top) and (x := _shifted(shifted)):
        yield _operator("LogSoftmax", node, x, axis=total.axis)


def _shifted(node: GraphNode) -> GraphNode | None:
    """The x of x - max x along the last axis."""
    if node.operation != "subtract":
        return None
    x, most = node.inputs
    return x if _is_reduction(most, "max", x) else None


def _is_reduction(node: GraphNode, operation: str, of: GraphNode) -> bool:
    """Whether a node reduces the last axis of another and keeps it."""
    return (
        node.operation == operation
        and node.inputs[0] is of
        and bool(node.options["keepdims"])
        and node.axis == len(of.shape) - 1
    )


def sigmoid(node: GraphNode) -> Iterator[GraphNode]:
    """expit within a network, where it is close to 0 or 1 or matters little.

    onnxruntime's Sigmoid has no relative accuracy near 0, which a small probability needs.
    """
    if node.operation == "expit" and node.part != "prediction":
        yield _operator("Sigmoid", node, *node.inputs)


def softplus(node: GraphNode) -> Iterator[GraphNode]:
    """log(e^x + e^0), of which onnxruntime has no float64."""
    if node.operation == "logaddexp" and node.dtype == np.float32:
        first, second = node.inputs
        for x, other in ((first, second), (second, first)):
            if is_number(other, 0) and x.shape == node.shape:
                yield _operator("Softplus", node, x)
    if node.operation == "add" and node.dtype == np.float32:
        for small, large in (node.inputs, node.inputs[::-1]):
            source = _rest_of_softplus(small) if large.operation == "maximum" else None
            from_zero = any(is_number(one, 0) for one in large.inputs)
            if source is not None and from_zero and source in large.inputs and source.shape == node.shape:
                yield _operator("Softplus", node, source)


def _rest_of_softplus(node: GraphNode) -> GraphNode | None:
    """The x of log(1 + e^-|x|), which with max(x, 0) is log(1 + e^x)."""
    for operation in ("log1p", "exp", "negative", "absolute"):
        if node.operation != operation:
            return None
        node = node.inputs[0]
    return node


def relu(node: GraphNode) -> Iterator[GraphNode]:
    """max(x, 0)."""
    if node.operation == "maximum" and node.dtype.kind == "f":
        first, second = node.inputs
        for x, other in ((first, second), (second, first)):
            if is_number(other, 0) and x.shape == node.shape:
                yield _operator("Relu", node, x)


def gemm(node: GraphNode) -> Iterator[GraphNode]:
    """x·W + b of two axes."""
    if node.operation != "add" or len(node.shape) != 2:
        return
    for product, bias in (node.inputs, node.inputs[::-1]):
        if product.operation != "matmul" or not bias.is_constant or product.shape != node.shape:
            continue
        x, weight = product.inputs
        if len(x.shape) == 2 and weight.is_constant and bias.shape[:-1] in ((), (1,)):
            own = np.broadcast_to(bias.constant.reshape(-1), node.shape[1:])
            flat = constant(own, bias.name, bias.part)
            yield _operator("Gemm", node, x, weight, flat)
            return


def tile(node: GraphNode) -> Iterator[GraphNode]:
    """One array several times."""
    if node.operation == "concatenate" and len(node.inputs) > 1 and len({*node.inputs}) == 1:
        yield _operator("Tile", node, node.inputs[0], axis=node.axis, times=len(node.inputs))


def cast_together(node: GraphNode) -> Iterator[GraphNode]:
    """Columns side by side, and then in another dtype: one cast for all."""
    if node.operation != "concatenate" or any(one.operation != "cast" for one in node.inputs):
        return
    sources = tuple(one.inputs[0] for one in node.inputs)
    if len({one.dtype for one in sources}) == 1:
        yield _operator("cast", node, replace(node, dtype=sources[0].dtype, inputs=sources, name=""))


def gap_before_cast(node: GraphNode) -> Iterator[GraphNode]:
    """Gaps are filled before numbers become float64."""
    if node.operation == "isnan" and (x := _widened(node.inputs[0])):
        yield replace(node, inputs=(x,))
    if node.operation == "where" and (x := _widened(node.inputs[2])) and node.inputs[1].is_constant:
        gap, fill, _ = node.inputs
        if gap.operation == "isnan" and gap.inputs[0] is x:
            filled = constant(fill.constant.astype(x.dtype), "fill", node.part)
            yield _operator("cast", node, replace(node, dtype=x.dtype, inputs=(gap, filled, x), name=""))


def _widened(node: GraphNode) -> GraphNode | None:
    """The float32 array that a node is in float64."""
    one = node.inputs[0] if node.operation == "cast" and node.dtype == np.float64 else None
    return one if one is not None and one.dtype == np.float32 else None


def lookup_before_reshape(node: GraphNode) -> Iterator[GraphNode]:
    """What is looked up in texts keeps any shape, so that a column may keep that of its input."""
    if node.operation in OF_TEXTS and node.inputs[0].operation == "reshape":
        inner = node.inputs[0].inputs[0]
        yield _operator("reshape", node, replace(node, shape=inner.shape, inputs=(inner,)))


def without_expansion(node: GraphNode) -> Iterator[GraphNode]:
    """Operands that broadcast need not be expanded before."""
    if node.operation not in ELEMENTWISE | {"where"}:
        return
    inputs = tuple(one.inputs[0] if one.operation == "expand" else one for one in node.inputs)
    if inputs != node.inputs and broadcast(*(one.shape for one in inputs)) == node.shape:
        yield replace(node, inputs=inputs)


def is_number(node: GraphNode, value: float) -> bool:
    """Whether a node is this number."""
    return node.is_constant and node.constant.size == 1 and bool(node.constant.reshape(-1)[0] == value)


def scaled_columns(node: GraphNode) -> Iterator[GraphNode]:
    """Columns x of which some are scaled, (x - c)/s: all are, the others with c = 0 and s = 1."""
    if (own := positions_of(node)) is None or node.inputs[0].operation != "concatenate":
        return
    joined = node.inputs[0]
    if len(joined.inputs) != 2 or joined.axis != node.axis or node.axis != len(node.shape) - 1:
        return
    plain, scaled = joined.inputs
    affine = _affine(scaled)
    if affine is None:
        return
    source, center, scale = affine
    inner = positions_of(source) if source is not plain else np.arange(plain.shape[-1])
    if inner is None or (source is not plain and source.inputs[0] is not plain):
        return
    width = plain.shape[-1]
    every = np.concatenate([np.arange(width), inner])[own]
    c = np.concatenate([np.zeros(width), np.broadcast_to(center, inner.shape)])[own]
    s = np.concatenate([np.ones(width), np.broadcast_to(scale, inner.shape)])[own]
    x = _taken(plain, every, node)
    moved = replace(x, operation="subtract", inputs=(x, constant(c, "center", node.part)), options={})
    yield _operator("divide", node, moved, constant(s, "scale", node.part))


def named_scaling(node: GraphNode) -> Iterator[GraphNode]:
    """(x - c)/s of columns: a viewer shows what c and s are."""
    if node.part == "columns" and (affine := _affine(node)) and not node.inputs[1].name:
        x, center, scale = affine
        moved = replace(node.inputs[0], inputs=(x, constant(center, "center", node.part)))
        yield replace(node, inputs=(moved, constant(scale, "scale", node.part)))


def _affine(node: GraphNode) -> tuple[GraphNode, np.ndarray, np.ndarray] | None:
    """The x, c and s of (x - c)/s with constant c and s."""
    if node.operation != "divide" or not node.inputs[1].is_constant:
        return None
    moved = node.inputs[0]
    if moved.operation != "subtract" or not moved.inputs[1].is_constant:
        return None
    return moved.inputs[0], moved.inputs[1].constant, node.inputs[1].constant


def _taken(source: GraphNode, own: np.ndarray, like: GraphNode) -> GraphNode:
    """Parts of the axis of `like`."""
    if np.array_equal(own, np.arange(source.shape[like.axis])):
        return source
    shape = (*source.shape[: like.axis], len(own), *source.shape[like.axis + 1 :])
    return replace(
        like,
        operation="take",
        shape=shape,
        inputs=(source, constant(own.astype(np.int64))),
        options={"axis": like.axis},
        name="",
    )


BEFORE: Sequence[Pattern] = (
    *(softmax, log_softmax, sigmoid, softplus),
    *(
        cast_together,
        gap_before_cast,
        scaled_columns,
        named_scaling,
        lookup_before_reshape,
        without_expansion,
    ),
)
AFTER: Sequence[Pattern] = (relu, gemm, tile)
