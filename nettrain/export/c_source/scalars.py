"""An operation on single numbers as an expression of C."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nettrain.export.code import ATOM, Code
from nettrain.export.node import GraphNode

CHOICE, LOGIC, COMPARISON, SUM, PRODUCT, SIGN = range(6)  # what binds, from loosest to tightest


Written = Callable[[GraphNode, Sequence[Code]], Code]
TYPES = {"float32": "float", "float64": "double", "int64": "int", "bool": "int"}
INFIX: Mapping[str, tuple[str, int]] = {
    "add": ("+", SUM),
    "subtract": ("-", SUM),
    "multiply": ("*", PRODUCT),
    "divide": ("/", PRODUCT),
    "less": ("<", COMPARISON),
    "less_equal": ("<=", COMPARISON),
    "greater": (">", COMPARISON),
    "greater_equal": (">=", COMPARISON),
    "equal": ("==", COMPARISON),
    "not_equal": ("!=", COMPARISON),
    "logical_and": ("&&", LOGIC),
    "logical_or": ("||", LOGIC),
}
PREFIX = {"negative": "-", "logical_not": "!"}
LIBRARY = {  # functions of <math.h>, which end with f for float
    **{"absolute": "fabs", "floor": "floor", "sqrt": "sqrt", "exp": "exp", "expm1": "expm1", "log": "log"},
    **{"log1p": "log1p", "tanh": "tanh", "sin": "sin", "cos": "cos", "hypot": "hypot", "power": "pow"},
    **{"erfc": "erfc"},
}
OWN = {"maximum", "minimum", "sign", "square", "remainder", "floor_divide"}  # functions of the file
OTHERS = {"remainder"}  # of these, names that <math.h> gives to something else
KNOWN = frozenset(
    {"expm1", "log1p", "hypot", "erfc", "square", "reciprocal", "interp"}
)  # what needs no formula


def type_of(dtype: np.dtype[np.generic]) -> str:
    """The type of C for the numbers of an array."""
    return TYPES[dtype.name]


def literal(value: Any) -> Code:
    """A number, in the shortest form that is read as this number."""
    if value.dtype.kind != "f":
        return Code(str(int(value)), ATOM if value >= 0 else SIGN)
    word = {"nan": "NAN", "inf": "INFINITY", "-inf": "-INFINITY"}.get(str(float(value)))
    text = word or str(value) + ("f" if value.dtype == np.float32 else "")
    if not word and not set(text) & set(".e"):
        text = text.replace("f", ".0f") if text.endswith("f") else f"{text}.0"
    return Code(text, SIGN if text.startswith("-") else ATOM)


def is_scalar_operation(node: GraphNode) -> bool:
    """Whether a node computes each number from one number of each operand."""
    return node.operation in SCALAR


def term(node: GraphNode, operands: Sequence[Code]) -> Code:
    """One number of a node whose operands are these."""
    if node.operation in INFIX:
        sign, binds = INFIX[node.operation]
        left = operands[0].at_least(binds + (binds <= COMPARISON))
        return Code(f"{left} {sign} {operands[1].at_least(binds + 1)}", binds)
    if node.operation in PREFIX:
        return Code(PREFIX[node.operation] + operands[0].at_least(ATOM), SIGN)
    return WRITTEN.get(node.operation, _function)(node, operands)


def own_function(node: GraphNode) -> str:
    """The function of the file that a node needs, "" for none."""
    if node.operation in OWN:
        ends = {"float": "_f", "int": "_i", "double": "_d" if node.operation in OTHERS else ""}
        return node.operation + ends[type_of(node.inputs[0].dtype)]
    is_whole = node.operation == "absolute" and type_of(node.dtype) == "int"
    return "absolute_i" if is_whole else ""


def function_name(node: GraphNode) -> str:
    """The function of an operation for the type of its operand."""
    ending = "f" if type_of(node.inputs[0].dtype) == "float" else ""
    return own_function(node) or LIBRARY[node.operation] + ending


def _function(node: GraphNode, operands: Sequence[Code]) -> Code:
    return Code(f"{function_name(node)}({', '.join(one.text for one in operands)})")


def _isnan(node: GraphNode, operands: Sequence[Code]) -> Code:
    return Code(f"isnan({operands[0].text})")


def _where(node: GraphNode, operands: Sequence[Code]) -> Code:
    condition, first, second = operands
    return Code(f"{condition.at_least(COMPARISON)} ? {first.at_least(SUM)} : {second.at_least(SUM)}", CHOICE)


def _cast(node: GraphNode, operands: Sequence[Code]) -> Code:
    before, after = type_of(node.inputs[0].dtype), type_of(node.dtype)
    if node.dtype == np.bool_ and node.inputs[0].dtype != np.bool_:
        return Code(f"{operands[0].at_least(SUM)} != 0", COMPARISON)
    return operands[0] if before == after else Code(f"({after}){operands[0].at_least(SIGN)}", SIGN)


def _reciprocal(node: GraphNode, operands: Sequence[Code]) -> Code:
    one = literal(np.ones((), node.dtype)[()])
    return Code(f"{one.text} / {operands[0].at_least(SIGN)}", PRODUCT)


WRITTEN: Mapping[str, Written] = {
    "isnan": _isnan,
    "where": _where,
    "cast": _cast,
    "reciprocal": _reciprocal,
}
SCALAR = frozenset({*INFIX, *PREFIX, *LIBRARY, *OWN, *WRITTEN})
