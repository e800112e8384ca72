"""An operation of a graph as an expression of Python."""

import json
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from nettrain.export.code import ATOM, Code
from nettrain.export.node import GraphNode, is_rows

COMPARISON, EITHER, BOTH, SUM, PRODUCT, SIGN, POWER = range(7)  # what binds, from loosest to tightest


Written = Callable[[GraphNode, Sequence[Code]], Code]
INFIX: Mapping[str, tuple[str, int]] = {
    "add": ("+", SUM),
    "subtract": ("-", SUM),
    "multiply": ("*", PRODUCT),
    "divide": ("/", PRODUCT),
    "floor_divide": ("//", PRODUCT),
    "remainder": ("%", PRODUCT),
    "matmul": ("@", PRODUCT),
    "less": ("<", COMPARISON),
    "less_equal": ("<=", COMPARISON),
    "greater": (">", COMPARISON),
    "greater_equal": (">=", COMPARISON),
    "equal": ("==", COMPARISON),
    "not_equal": ("!=", COMPARISON),
    "logical_and": ("&", BOTH),
    "logical_or": ("|", EITHER),
}
PREFIX = {"negative": "-", "logical_not": "~"}
HELPERS = {"expit": "sigmoid", "erfc": "erfc", "ndtri": "normal_quantile"}
TRUTH = {"max": "any", "min": "all"}
DTYPES = {"float64": "float", "float32": "np.float32", "int64": "np.int64", "bool": "bool"}
KNOWN = frozenset(  # what needs no formula
    {
        *("square", "reciprocal", "hypot", "expm1", "log1p", "logaddexp", "interp"),
        *HELPERS,
    }
)

ONE = re.compile(r"(\[(?:\.\.\.|:), \d+):\d+\]$")  # a slice of a single column, at the end of code


def expression(node: GraphNode, operands: Sequence[Code]) -> Code:
    """The code of a node whose inputs are these expressions."""
    if node.operation in INFIX:
        return _infix(node, operands)
    if node.operation in PREFIX:
        return Code(PREFIX[node.operation] + operands[0].at_least(SIGN), SIGN)
    return WRITTEN.get(node.operation, _function)(node, operands)


def dtype_name(dtype: np.dtype[np.generic]) -> str:
    """A dtype in code."""
    return DTYPES[dtype.name]


def _infix(node: GraphNode, operands: Sequence[Code]) -> Code:
    sign, binds = INFIX[node.operation]
    left, right = operands
    loose = binds + (binds == COMPARISON)  # a < b < c means something else
    return Code(f"{left.at_least(loose)} {sign} {right.at_least(binds + 1)}", binds)


def _function(node: GraphNode, operands: Sequence[Code]) -> Code:
    name = HELPERS.get(node.operation, f"np.{node.operation}").replace("absolute", "abs")
    return Code(f"{name}({', '.join(one.text for one in operands)})")


def _reduction(node: GraphNode, operands: Sequence[Code]) -> Code:
    name = TRUTH.get(node.operation, node.operation) if node.dtype == np.bool_ else node.operation
    kept = ", keepdims=True" if node.options.get("keepdims") else ""
    return Code(f"{operands[0].at_least(ATOM)}.{name}(axis={node.axis}{kept})")


def _power(node: GraphNode, operands: Sequence[Code]) -> Code:
    return Code(f"{operands[0].at_least(ATOM)} ** {operands[1].at_least(ATOM)}", POWER)


def _cast(node: GraphNode, operands: Sequence[Code]) -> Code:
    return Code(f"{operands[0].at_least(ATOM)}.astype({dtype_name(node.dtype)})")


def _reshape(node: GraphNode, operands: Sequence[Code]) -> Code:
    before, array = node.inputs[0].shape, operands[0].at_least(ATOM)
    if len(before) == 1 and node.shape == (*before, 1):
        return Code(f"{array}[:, None]")
    if node.shape == (1, *before):
        return Code(f"{array}[None]")
    if before == (*node.shape, 1):
        if ONE.search(array):
            return Code(ONE.sub(r"\1]", array))
        return Code(f"{array}[..., 0]" if len(before) > 2 else f"{array}[:, 0]")
    lengths = ", ".join("-1" if is_rows(length) else str(length) for length in node.shape)
    return Code(f"{array}.reshape({lengths})")


def _swapaxes(node: GraphNode, operands: Sequence[Code]) -> Code:
    array = operands[0].at_least(ATOM)
    if len(node.shape) == 2:
        return Code(f"{array}.T")
    return Code(f"{array}.swapaxes({node.number('first')}, {node.number('second')})")


def _place(node: GraphNode, part: str) -> str:
    """What stands in brackets for a part of an axis."""
    axes = len(node.inputs[0].shape)
    if axes > 2 and node.axis == axes - 1:
        return f"..., {part}"
    return ", ".join([":"] * node.axis + [part])


def _slice(node: GraphNode, operands: Sequence[Code]) -> Code:
    start, stop, step = (node.number(one) for one in ("start", "stop", "step"))
    first = "" if start == 0 and step > 0 and stop > 1 else str(start)
    whole = stop == -1 or (stop == node.inputs[0].shape[node.axis] and stop > start + 1)
    last = "" if whole else str(stop)
    part = f"{first}:{last}" + (f":{step}" if step != 1 else "")
    return Code(f"{operands[0].at_least(ATOM)}[{_place(node, part)}]")


def _take(node: GraphNode, operands: Sequence[Code]) -> Code:
    return Code(f"{operands[0].at_least(ATOM)}[{_place(node, operands[1].text)}]")


def _concatenate(node: GraphNode, operands: Sequence[Code]) -> Code:
    same = len(node.inputs) > 2 and all(one is node.inputs[0] for one in node.inputs)
    if same:
        return joined(node, f"[{operands[0].text}] * {len(operands)}")
    return joined(node, f"[{', '.join(one.text for one in operands)}]")


def joined(node: GraphNode, parts: str) -> Code:
    """The concatenation of a list."""
    if len(node.shape) == 2 and node.axis == 1:
        return Code(f"np.column_stack({parts})")
    return Code(f"np.concatenate({parts}, axis={node.axis})")


def _expand(node: GraphNode, operands: Sequence[Code]) -> Code:
    array, like = operands
    shape = f"{like.at_least(ATOM)}.shape"
    if node.shape != node.inputs[1].shape:
        shape = f"np.broadcast_shapes({array.at_least(ATOM)}.shape, {shape})"
    return Code(f"np.broadcast_to({array.text}, {shape})")


def _lookup(node: GraphNode, operands: Sequence[Code]) -> Code:
    return Code(f"positions({operands[0].text}, {operands[1].text}, {node.number('other')})")


def _has_word(node: GraphNode, operands: Sequence[Code]) -> Code:
    word = json.dumps(node.options["word"], ensure_ascii=False)
    return Code(f"has_word({operands[0].text}, {word})")


WRITTEN: Mapping[str, Written] = {
    **dict.fromkeys(("sum", "mean", "max", "min", "argmax"), _reduction),
    "power": _power,
    "cast": _cast,
    "reshape": _reshape,
    "swapaxes": _swapaxes,
    "slice": _slice,
    "take": _take,
    "concatenate": _concatenate,
    "expand": _expand,
    "has_word": _has_word,
    "lookup": _lookup,
}
