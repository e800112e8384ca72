"""Every operation of a graph in ONNX's operators of opset 17."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nettrain.errors import SpecError
from nettrain.export.node import ELEMENTWISE, GraphNode, is_rows
from nettrain.export.onnx_model.writer import ML, OnnxWriter

if TYPE_CHECKING:
    pass

OPERATORS = {
    **{"add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "power": "Pow"},
    **{"negative": "Neg", "absolute": "Abs", "sign": "Sign", "floor": "Floor", "sqrt": "Sqrt"},
    **{"exp": "Exp", "log": "Log", "tanh": "Tanh", "sin": "Sin", "cos": "Cos"},
    **{"maximum": "Max", "minimum": "Min", "isnan": "IsNaN", "where": "Where", "matmul": "MatMul"},
    **{"less": "Less", "less_equal": "LessOrEqual", "greater": "Greater", "greater_equal": "GreaterOrEqual"},
    **{"relu": "Relu", "gemm": "Gemm", "softmax": "Softmax"},
    **{"equal": "Equal", "logical_and": "And", "logical_or": "Or", "logical_not": "Not"},
}
REDUCTIONS = {"sum": "ReduceSum", "mean": "ReduceMean", "max": "ReduceMax", "min": "ReduceMin"}

Names = Sequence[str]
Rule = Callable[[OnnxWriter, GraphNode, Names], str]


def written(writer: OnnxWriter, node: GraphNode, inputs: Names) -> str:
    """Add a node, whose inputs have these names; returns the name of its array."""
    if node.operation in OPERATORS:
        return writer.add(OPERATORS[node.operation], *inputs, name=node.name)
    if node.operation in REDUCTIONS:
        return _reduced(writer, node, inputs)
    if node.operation not in RULES:
        raise SpecError(f"FILE: ONNX has no operator for {node.operation}")
    return RULES[node.operation](writer, node, inputs)


def elem_type(dtype: np.dtype[np.generic]) -> int:
    """The number of a dtype in ONNX."""
    from onnx import TensorProto, helper

    if dtype.kind == "U":
        return int(TensorProto.STRING)
    return int(helper.np_dtype_to_tensor_dtype(dtype))


def cast(writer: OnnxWriter, source: str, dtype: np.dtype[np.generic], name: str = "") -> str:
    """The same as another dtype."""
    return writer.add("Cast", source, to=elem_type(dtype), name=name)


def _reduced(writer: OnnxWriter, node: GraphNode, inputs: Names) -> str:
    """Truth values, which the operators do not take, are whole numbers meanwhile."""
    (source,), of_truth = inputs, node.inputs[0].dtype.kind == "b"
    if of_truth:
        source = cast(writer, source, np.dtype(np.int32))
    keep = int(bool(node.options["keepdims"]))
    if node.operation == "sum":
        axis = _vector(writer, node.axis)
        reduced = writer.add("ReduceSum", source, axis, name=node.name, keepdims=keep)
    else:
        kind = REDUCTIONS[node.operation]
        reduced = writer.add(kind, source, axes=[node.axis], name=node.name, keepdims=keep)
    return cast(writer, reduced, node.dtype) if of_truth else reduced


def _not_equal(writer: OnnxWriter, node: GraphNode, inputs: Names) -> str:
    return writer.add("Not", writer.add("Equal", *inputs))


def _floor_divide(writer: OnnxWriter, node: GraphNode, inputs: Names) -> str:
    return writer.add("Floor", writer.add("Div", *inputs), name=node.name)


def _remainder(writer: OnnxWriter, node: GraphNode, inputs: Names) -> str:
    """With the sign of the divisor, as in NumPy."""
    if node.dtype.kind != "f":
        return writer.add("Mod", *inputs, name=node.name)
    whole = writer.add("Floor", writer.add("Div", *inputs))
    return writer.add("Sub", inputs[0], writer.add("Mul", whole, inputs[1]), name=node.name)


def _erfc(writer: OnnxWriter, node: GraphNode, inputs: Names) -> str:
    return writer.add("Sub", writer.constant(np.array(1, node.dtype)), writer.add("Erf", *inputs))


def _argmax(writer: OnnxWriter, node: GraphNode, inputs: Names) -> str:
    (source,) = inputs
    if node.inputs[0].dtype.kind == "b":
        source = cast(writer, source, np.dtype(np.int32))
    return writer.add("ArgMax", source, axis=node.axis, keepdims=0, name=node.name)


def _reshape(writer: OnnxWriter, node: GraphNode, inputs: Names) -> str:
    return writer.add("Reshape", inputs[0], _shape(writer, node.shape), name=node.name)


def _shape(writer: OnnxWriter, shape: Sequence[int]) -> str:
    """A shape, with -1 for the axis of rows."""
    lengths = [-1 if is_rows(length) else length for length in shape]
    return writer.constant(np.array(lengths, np.int64), "shape")


def _swapaxes(writer: OnnxWriter, node: GraphNode, inputs: Names) -> str:
    order = list(range(len(node.shape)))
    first, second = node.number("first"), node.number("second")
    order[first], order[second] = second, first
    return writer.add("Transpose", inputs[0], perm=order, name=node.name)


def _slice(writer: OnnxWriter, node: GraphNode, inputs: Names) -> str:
    stop = node.number("stop")
    last = np.iinfo(np.int64).min if stop < 0 else stop
    ends = [_vector(writer, one) for one in (node.number("start"), last, node.axis, node.number("step"))]
    return writer.add("Slice", inputs[0], *ends, name=node.name)


def _take(writer: OnnxWriter, node: GraphNode, inputs: Names) -> str:
    return writer.add("Gather", *inputs, axis=node.axis, name=node.name)


def _concatenate(writer: OnnxWriter, node: GraphNode, inputs: Names) -> str:
    if len(inputs) > 1 and len({*inputs}) == 1:
        repeats = np.ones(len(node.shape), np.int64)
        repeats[node.axis] = len(inputs)
        return writer.add("Tile", inputs[0], writer.constant(repeats, "repeats"), name=node.name)
    return writer.add("Concat", *inputs, axis=node.axis, name=node.name)


def _expand(writer: OnnxWriter, node: GraphNode, inputs: Names) -> str:
    return writer.add("Expand", inputs[0], writer.add("Shape", inputs[1]), name=node.name)


def _lookup(writer: OnnxWriter, node: GraphNode, inputs: Names) -> str:
    assert node.table is not None, "every lookup has a table"
    return writer.add(
        "LabelEncoder",
        *inputs,
        domain=ML,
        name=node.name,
        keys_strings=list(node.table),
        values_int64s=list(node.table.values()),
        default_int64=node.number("other"),
    )


def _vector(writer: OnnxWriter, number: int) -> str:
    return writer.constant(np.array([number], np.int64), "axis")


RULES: Mapping[str, Rule] = {
    "constant": lambda writer, node, inputs: writer.constant(node.constant, node.name),
    "cast": lambda writer, node, inputs: cast(writer, inputs[0], node.dtype, node.name),
    "not_equal": _not_equal,
    "floor_divide": _floor_divide,
    "remainder": _remainder,
    "erfc": _erfc,
    "argmax": _argmax,
    "reshape": _reshape,
    "swapaxes": _swapaxes,
    "slice": _slice,
    "take": _take,
    "concatenate": _concatenate,
    "expand": _expand,
    "lookup": _lookup,
}
KNOWN = (ELEMENTWISE & {*OPERATORS, *RULES}) | {*OPERATORS, *REDUCTIONS, *RULES}
