"""Each operation of a graph as operators of ONNX."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from nettrain.data.columns.words import LETTERS
from nettrain.errors import SpecError
from nettrain.export.node import GraphNode, is_rows
from nettrain.export.onnx_model.builder import Attribute, OnnxBuilder

TEXT_DOMAIN = "ai.onnx.ml"


def added(builder: OnnxBuilder, node: GraphNode, inputs: Sequence[str]) -> str:
    """The name of the array of a node, whose operators are added; `inputs` are those that it takes.

    Raises SpecError for an operation that ONNX models lack.
    """
    if node.operation in SAME:
        return builder.add(SAME[node.operation], node, inputs)
    if node.operation not in OPERATORS:
        raise SpecError(f"an ONNX model cannot hold {node.operation}, which {node.part or 'the graph'} needs")
    return OPERATORS[node.operation](builder, node, inputs)


def _reduced(operator: str) -> "Operator":
    def add(builder: OnnxBuilder, node: GraphNode, inputs: Sequence[str]) -> str:
        keepdims = int(bool(node.options["keepdims"]))
        if builder.opset >= (13 if operator == "ReduceSum" else 18):  # axes are an input, as a constant
            axes = builder.constant(np.array([node.axis], np.int64), "axes")
            return builder.add(operator, node, [inputs[0], axes], {"keepdims": keepdims})
        return builder.add(operator, node, inputs, {"axes": [node.axis], "keepdims": keepdims})

    return add


def _along(operator: str, **others: int) -> "Operator":
    def add(builder: OnnxBuilder, node: GraphNode, inputs: Sequence[str]) -> str:
        return builder.add(operator, node, inputs, {"axis": node.axis, **others})

    return add


def _not_equal(builder: OnnxBuilder, node: GraphNode, inputs: Sequence[str]) -> str:
    return builder.add("Not", node, [builder.add("Equal", node, inputs, inner=True)])


def _cast(builder: OnnxBuilder, node: GraphNode, inputs: Sequence[str]) -> str:
    return builder.add("Cast", node, inputs, {"to": builder.element_type(node.dtype)})


def _reshaped(builder: OnnxBuilder, node: GraphNode, inputs: Sequence[str]) -> str:
    shape = [_length(k, length, node.inputs[0].shape) for k, length in enumerate(node.shape)]
    return builder.add("Reshape", node, [inputs[0], builder.constant(np.array(shape, np.int64), "shape")])


def _length(k: int, length: int, before: Sequence[int]) -> int:
    """The length of an axis for Reshape: 0 is that of before, -1 what remains."""
    if not is_rows(length):
        return length
    return 0 if k < len(before) and before[k] == length else -1


def _transposed(builder: OnnxBuilder, node: GraphNode, inputs: Sequence[str]) -> str:
    axes = list(range(len(node.shape)))
    first, second = node.number("first"), node.number("second")
    axes[first], axes[second] = axes[second], axes[first]
    return builder.add("Transpose", node, inputs, {"perm": axes})


def _sliced(builder: OnnxBuilder, node: GraphNode, inputs: Sequence[str]) -> str:
    stop = node.number("stop")
    numbers = (node.number("start"), stop if stop >= 0 else -(1 << 31), node.axis, node.number("step"))
    kinds = zip(numbers, ("start", "stop", "axes", "step"), strict=True)
    return builder.add(
        "Slice", node, [inputs[0], *(builder.constant(np.array([n], np.int64), name) for n, name in kinds)]
    )


def _tiled(builder: OnnxBuilder, node: GraphNode, inputs: Sequence[str]) -> str:
    times = np.ones(len(node.shape), np.int64)
    times[node.axis] = node.number("times")
    return builder.add("Tile", node, [inputs[0], builder.constant(times, "times")])


def _expanded(builder: OnnxBuilder, node: GraphNode, inputs: Sequence[str]) -> str:
    if any(map(is_rows, node.shape)):
        shape = builder.add("Shape", node, [inputs[1]], inner=True)
    else:
        shape = builder.constant(np.array(node.shape, np.int64), "shape")
    return builder.add("Expand", node, [inputs[0], shape])


def _looked_up(builder: OnnxBuilder, node: GraphNode, inputs: Sequence[str]) -> str:
    assert node.table is not None, "every lookup has a table"
    table: dict[str, Attribute] = {
        "keys_strings": list(node.table),
        "values_int64s": list(node.table.values()),
        "default_int64": node.number("other"),
    }
    return builder.add("LabelEncoder", node, inputs, table, domain=TEXT_DOMAIN)


def _with_word(builder: OnnxBuilder, node: GraphNode, inputs: Sequence[str]) -> str:
    """A match of the whole text: no operator splits one into words and makes letters lower."""
    word = str(node.options["word"])
    spelled = "".join(f"[{one.upper()}{one}]" if "a" <= one <= "z" else one for one in word)
    pattern = f"(?s)(.*[^{LETTERS}])?{spelled}([^{LETTERS}].*)?"
    return builder.add("RegexFullMatch", node, inputs, {"pattern": pattern})


Operator = Callable[[OnnxBuilder, GraphNode, Sequence[str]], str]
SAME: Mapping[str, str] = {
    **{"add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "power": "Pow"},
    **{"negative": "Neg", "absolute": "Abs", "sign": "Sign", "floor": "Floor", "sqrt": "Sqrt"},
    **{"reciprocal": "Reciprocal", "exp": "Exp", "log": "Log", "tanh": "Tanh", "sin": "Sin", "cos": "Cos"},
    **{"maximum": "Max", "minimum": "Min", "isnan": "IsNaN", "remainder": "Mod"},
    **{"less": "Less", "less_equal": "LessOrEqual", "greater": "Greater", "greater_equal": "GreaterOrEqual"},
    **{"equal": "Equal", "logical_and": "And", "logical_or": "Or", "logical_not": "Not"},
    **{"where": "Where", "matmul": "MatMul"},
    **{name: name for name in ("Sigmoid", "Softplus", "Erf", "Relu", "Gemm")},
}
OPERATORS: Mapping[str, Operator] = {
    "not_equal": _not_equal,
    "cast": _cast,
    **{name: _reduced(f"Reduce{name.capitalize()}") for name in ("sum", "mean", "max", "min")},
    "argmax": _along("ArgMax", keepdims=0),
    "take": _along("Gather"),
    "concatenate": _along("Concat"),
    "Softmax": _along("Softmax"),
    "LogSoftmax": _along("LogSoftmax"),
    "reshape": _reshaped,
    "swapaxes": _transposed,
    "slice": _sliced,
    "Tile": _tiled,
    "expand": _expanded,
    "has_word": _with_word,
    "lookup": _looked_up,
}
