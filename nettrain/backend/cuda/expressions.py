"""Expressions of a kernel in CUDA C++."""

import ast
import math
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from nettrain.backend.cuda.threads import indices

TYPES = {  # of NumPy, and their names in the prelude
    **{"float32": "float", "float64": "double", "bool": "bool", "int8": "Int8", "int16": "Int16"},
    **{"int32": "Int32", "int64": "Int", "uint8": "UInt8", "uint16": "UInt16", "uint32": "UInt32"},
    "uint64": "UInt",
}
OPERATORS: dict[type[ast.AST], str] = {
    **{ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "/", ast.Mod: "%", ast.Div: "/"},
    **{ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>"},
    **{ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="},
    **{ast.And: "&&", ast.Or: "||", ast.USub: "-", ast.Not: "!"},
}
# defined in the prelude, in a namespace: a variable cannot hide a qualified name
FUNCTIONS = {
    "abs": "prelude::absolute",
    "max": "prelude::larger",
    "min": "prelude::smaller",
    "sign": "prelude::sign",
}
RESERVED = {  # names that C++ keeps for itself
    *("class", "default", "delete", "double", "float", "long", "new", "register", "short", "signed"),
    *("template", "this", "typename", "union", "unsigned", "using", "void"),
}
CallHelper = Callable[[str, list[str]], str]


class Expressions(ast.NodeVisitor):
    """Translates an expression. `known` are the variables that have a value, `scope` the global names."""

    def __init__(
        self, name: str, scope: dict[str, object], parameters: list[str], call_helper: CallHelper
    ) -> None:
        self.name, self.scope, self.call_helper = name, scope, call_helper
        self.known = set(parameters)
        self.types: set[str] = set()  # names that stand for a type
        self.renamed: dict[str, str] = {}

    def visit(self, node: ast.AST) -> str:
        """The expression in C++. Raises NotImplementedError for what C++ has not in this form."""
        operators = [node.op] if isinstance(node, ast.BinOp | ast.UnaryOp) else getattr(node, "ops", [])
        if len(operators) > 1 or any(type(operator) not in OPERATORS for operator in operators):
            return self.generic_visit(node)
        return cast(str, super().visit(node))

    def generic_visit(self, node: ast.AST) -> str:
        raise NotImplementedError(f"{self.name}: no CUDA for {ast.unparse(node)}")

    def variable(self, name: str) -> str:
        """The name of a variable in C++."""
        return self.renamed.get(name, f"{name}_" if name in RESERVED else name)

    def binary(self, op: ast.operator, left: str, right: str) -> str:
        """A binary operation on two translated operands."""
        if isinstance(op, ast.Div):
            return f"prelude::divide({left}, {right})"
        return f"({left} {OPERATORS[type(op)]} {right})"

    def type_of(self, node: ast.expr) -> str:
        """The type named by `x.dtype.type`, `type(x)`, `np.float32` or a variable that stands for one."""
        match node:
            case ast.Call(args=[value]):
                return f"decltype({self.visit(value)})"
            case ast.Attribute(attr="type", value=ast.Attribute(value=value)):
                return f"typename decltype({self.visit(value)})::type"
            case ast.Attribute(attr=name):
                return TYPES[name]
            case ast.Name(id=name):
                return name
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> str:
        return self.variable(node.id) if node.id in self.known else literal(self.scope[node.id])

    def visit_Constant(self, node: ast.Constant) -> str:
        return literal(node.value)

    def visit_BinOp(self, node: ast.BinOp) -> str:
        return self.binary(node.op, self.visit(node.left), self.visit(node.right))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> str:
        return f"({OPERATORS[type(node.op)]}{self.visit(node.operand)})"

    def visit_BoolOp(self, node: ast.BoolOp) -> str:
        return f"({f' {OPERATORS[type(node.op)]} '.join(map(self.visit, node.values))})"

    def visit_Compare(self, node: ast.Compare) -> str:
        (op,), (right,) = node.ops, node.comparators
        return f"({self.visit(node.left)} {OPERATORS[type(op)]} {self.visit(right)})"

    def visit_IfExp(self, node: ast.IfExp) -> str:
        return f"({self.visit(node.test)} ? {self.visit(node.body)} : {self.visit(node.orelse)})"

    def visit_Subscript(self, node: ast.Subscript) -> str:
        if isinstance(node.value, ast.Name) and node.value.id not in self.known:
            constants = cast(Sequence[object], self.scope[node.value.id])
            return literal(constants[ast.literal_eval(node.slice)])
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            return f"{self.visit(node.value.value)}.shape({self.visit(node.slice)})"
        *first, last = indices(node.slice)
        plain = [*first, last] if not isinstance(last, ast.Slice) else first
        of = self.visit(node.value)
        view = f"{of}({', '.join(map(self.visit, plain))})" if plain else of
        return f"{view}.part({self._ends(last)})" if isinstance(last, ast.Slice) else view

    def _ends(self, part: ast.Slice) -> str:
        assert part.upper is not None
        return f"{'0' if part.lower is None else self.visit(part.lower)}, {self.visit(part.upper)}"

    def visit_Attribute(self, node: ast.Attribute) -> str:
        if node.attr == "size":
            return f"{self.visit(node.value)}.size()"
        if node.attr == "itemsize":
            return f"decltype({self.visit(node.value)})::itemsize"
        if isinstance(node.value, ast.Call) and node.attr == "tiny":  # np.finfo(type(x)).tiny
            return f"prelude::tiny<{self.type_of(node.value.args[0])}>()"
        if isinstance(node.value, ast.Name) and node.value.id in self.scope:  # math.tau
            return literal(getattr(self.scope[node.value.id], node.attr))
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> str:
        if self._is_type(node.func):
            return f"{self.type_of(node.func)}({self.visit(node.args[0])})"
        match node.func:
            case ast.Attribute(attr="view", value=value):
                return f"prelude::reinterpreted<{self.type_of(node.args[0])}>({self.visit(value)})"
            case ast.Attribute(attr="reshape", value=value):  # to one axis
                return f"{self.visit(value)}.flat()"
            case ast.Attribute(attr=name) | ast.Name(id=name):
                return self._function_call(node, name)
        return self.generic_visit(node)

    def _function_call(self, node: ast.Call, name: str) -> str:
        arguments = [self.visit(argument) for argument in node.args]
        if name in FUNCTIONS:
            return f"{FUNCTIONS[name]}({', '.join(arguments)})"
        if isinstance(node.func, ast.Attribute):  # of math or NumPy; CUDA has it under the same name
            return f"::{name}({', '.join(arguments)})"
        return self.call_helper(name, arguments)

    def _is_type(self, node: ast.expr) -> bool:
        match node:
            case ast.Call(func=ast.Name(id="type")) | ast.Attribute(attr="type"):
                return True
            case ast.Attribute(attr=name):
                return name in TYPES
            case ast.Name(id=name):
                return name in self.types
        return False


def literal(value: object) -> str:
    """A number of Python or NumPy as a literal of the same type. Raises NotImplementedError for others."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, np.float32):
        return f"{float(value)!r}f"
    if isinstance(value, float) and math.isfinite(value):  # np.float64 is one
        return repr(float(value))
    if isinstance(value, np.uint64):
        return f"UInt({int(value)}ull)"
    if isinstance(value, int | np.integer):
        return str(int(value))
    raise NotImplementedError(f"no CUDA for a constant of type {type(value).__name__}")
