"""A graph in operators that onnxruntime has for the dtypes of their operands."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from nettrain.backend.base import HostArray
from nettrain.export.node import ELEMENTWISE, GraphNode, constant
from nettrain.export.onnx_model.patterns import AFTER, BEFORE, Pattern, fused
from nettrain.export.primitives import lowered
from nettrain.export.selection import selected
from nettrain.export.simplification import simplified
from nettrain.export.traced import Traced, record

# functions that opset 17 lacks, or that onnxruntime lacks in float64
MISSING = frozenset({"square", "hypot", "expm1", "log1p", "logaddexp", "expit", "erfc", "ndtr", "ndtri"})


def in_operators(ends: Sequence[GraphNode]) -> list[GraphNode]:
    """The same arrays in operators of ONNX."""
    ends = fused(selected(fused(simplified(ends), BEFORE)), KINDS)
    return fused(lowered(ends, ELEMENTWISE - MISSING), AFTER)


def rounded_points(node: GraphNode) -> Iterator[GraphNode]:
    """Points of np.interp of a float32 column that are cells of the data, so that equal ones still are."""
    if node.operation == "interp" and _was_float32(node.inputs[0]):
        x, points, values = node.inputs
        rounded = _as_cells(points.constant)
        if not np.array_equal(rounded, points.constant):
            yield replace(node, inputs=(x, constant(rounded, points.name, points.part), values))


def _as_cells(points: HostArray) -> HostArray:
    """Rising points; those that float32 tells by their digits are what it has for such a cell."""
    cells = [float(np.float32(one)) if float(f"{one:.7g}") == one else one for one in points.tolist()]
    rising: HostArray = np.maximum.accumulate(np.array(cells))
    return rising


def _was_float32(node: GraphNode) -> bool:
    """Whether an array holds numbers of a float32 array, or their negatives."""
    while node.operation in ("negative", "reshape", "slice", "take"):
        node = node.inputs[0]
    return node.operation == "cast" and node.inputs[0].dtype == np.float32


def choice_of_booleans(node: GraphNode) -> Iterator[GraphNode]:
    """Where, which takes no booleans."""
    if node.operation == "where" and node.dtype == np.bool_:
        condition, first, second = map(Traced, node.inputs)
        yield ((condition & first) | (~condition & second)).node


def reduction_of_booleans(node: GraphNode) -> Iterator[GraphNode]:
    """ReduceMax, ReduceMin and ArgMax, which take no booleans."""
    if node.operation in ("max", "min", "argmax") and node.inputs[0].dtype == np.bool_:
        numbers = Traced(node.inputs[0]).astype(np.float32)
        dtype = node.dtype if node.operation == "argmax" else numbers.dtype
        options = dict(node.options)
        yield record(node.operation, node.shape, dtype, numbers, **options).astype(node.dtype).node


def normal_distribution(node: GraphNode) -> Iterator[GraphNode]:
    """Φ(x) and erfc by Erf, which onnxruntime has in float32: as accurate as their values near 1."""
    if node.operation not in ("ndtr", "erfc") or node.dtype != np.float32:
        return
    x = Traced(node.inputs[0])
    if node.operation == "erfc":
        yield (1.0 - record("Erf", x.shape, x.dtype, x)).node
    else:
        scaled = x * math.sqrt(0.5)
        yield (0.5 * (1.0 + record("Erf", x.shape, x.dtype, scaled))).node


def division(node: GraphNode) -> Iterator[GraphNode]:
    """Whole quotients and remainders of floats; whole numbers have Mod, with the sign of the divisor too."""
    if node.operation in ("floor_divide", "remainder") and node.dtype.kind == "f":
        x, y = map(Traced, node.inputs)
        whole = np.floor(x / y)
        yield (whole if node.operation == "floor_divide" else x - whole * y).node


KINDS: Sequence[Pattern] = (
    *(rounded_points, choice_of_booleans, reduction_of_booleans),
    *(normal_distribution, division),
)
