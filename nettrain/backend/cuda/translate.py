"""From the Python body of a kernel to CUDA C++.

Kernels are written in a small part of Python, which Numba compiles for the host: scalars first, then one
loop over `prange`, inside it views, scalars, loops over `range` and helpers. Each iteration of the prange
becomes the work of a team of lanes. Where every loop directly below has independent iterations, these are
shared out among the lanes; otherwise the innermost ones are. What is left is run by every lane alike, but for
writes to arrays, which one lane does. Numbers keep the types that they have on the host, except that a whole
number does not turn a float32 into a float64.
"""

import ast
import inspect
import math
import textwrap
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from nettrain.backend.cuda.lanes import bound, elements, joins, names, nested, pairs

TYPES = {  # of NumPy, and what the prelude calls them
    **{"float32": "float", "float64": "double", "bool": "bool", "int8": "Int8", "int16": "Int16"},
    **{"int32": "Int32", "int64": "Int", "uint8": "UInt8", "uint16": "UInt16", "uint32": "UInt32"},
    "uint64": "UInt",
}
TAKEN = {
    "new",
    "delete",
    "this",
    "class",
    "register",
    "short",
    "long",
    "double",
    "float",
    "template",
    "default",
}
OPERATORS: dict[type[ast.AST], str] = {
    **{ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "/", ast.Mod: "%", ast.Div: "/"},
    **{ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>"},
    **{ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="},
    **{ast.And: "&&", ast.Or: "||", ast.USub: "-", ast.Not: "!"},
}
FUNCTIONS = {  # of the prelude; a qualified name is never hidden by a variable
    **{"abs": "of::absolute", "max": "of::larger", "min": "of::smaller", "sign": "of::sign"}
}
MODULES = (math, np)
START = {"Sum": "decltype({0})(0)", "Any": "0", "Largest": "{0}", "Least": "{0}"}
INTO = {"Sum": "{0} += {1}", "Any": "{0} |= {1}", "Largest": "{0} = {1}", "Least": "{0} = {1}"}


def parsed(body: Callable[..., Any]) -> ast.FunctionDef:
    """The syntax tree of a kernel or helper, without its docstring."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(body))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    if ast.get_docstring(tree) is not None:
        tree.body = tree.body[1:]
    return tree


def kernel_source(body: FunctionType, arguments: Sequence[tuple[str, int]]) -> str:
    """A kernel in CUDA C++, with its helpers, for arguments of these types and numbers of axes.

    A whole number on the host has the type "int". Each array arrives as a pointer and its shape, behind the
    number of iterations.
    """
    tree = parsed(body)
    axes_of = {one.arg: axes for one, (_, axes) in zip(tree.args.args, arguments, strict=True)}
    writer = _Function(tree, body.__globals__, axes=axes_of)
    heads, views = [], []
    for (kind, axes), name in zip(arguments, writer.parameters, strict=True):
        head, view = _argument(name, kind, axes)
        heads += head
        views += view
    lines = writer.kernel_lines()
    text = [f'extern "C" __global__ void {body.__name__}({", ".join(["Int iterations", *heads])}) {{']
    return "\n".join([*writer.helpers.values(), *text, *_indented([*views, *lines]), "}", ""])


def shares_outermost(body: FunctionType) -> bool:
    """Whether the loops directly in the prange are shared out, not the innermost ones."""
    tree = parsed(body)
    writer = _Function(tree, body.__globals__, axes={one.arg: 9 for one in tree.args.args})
    writer.kernel_lines()
    return writer.outermost


def extent(body: FunctionType, arrays: Sequence[Any]) -> int:
    """How many iterations the kernel's prange has for these arrays; only their shapes are read."""
    tree = parsed(body)
    loop = tree.body[-1]
    assert isinstance(loop, ast.For) and isinstance(loop.iter, ast.Call)
    tree.body[-1] = ast.copy_location(ast.Return(loop.iter.args[0]), loop)
    tree.decorator_list = []
    tree.returns = None
    for argument in tree.args.args:
        argument.annotation = None
    scope: dict[str, Any] = {}
    module = ast.fix_missing_locations(ast.Module([tree], []))
    exec(compile(module, body.__name__, "exec"), dict(body.__globals__), scope)
    return int(scope[body.__name__](*arrays))


def _argument(name: str, kind: str, axes: int) -> tuple[list[str], list[str]]:
    """Its part of the parameter list, and the line that makes a view of it."""
    if kind == "int":
        return [f"Int {name}"], []
    sizes = [f"{name}_{axis}" for axis in range(axes)]
    view = f"View<{TYPES[kind]}, {axes}> {name}{{{name}_at, {{{', '.join(sizes)}}}}};"
    return [f"{TYPES[kind]} *{name}_at", *(f"Int {size}" for size in sizes)], [view]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]


class _Function:
    """One function on its way to C++. `helpers` collects those that it calls, in the order of need."""

    def __init__(
        self,
        tree: ast.FunctionDef,
        scope: dict[str, Any],
        helpers: dict[str, str] | None = None,
        axes: dict[str, int] | None = None,
    ) -> None:
        self.name = tree.name
        self._axes = axes or {}
        self.parameters = [argument.arg for argument in tree.args.args]
        self.helpers: dict[str, str] = {} if helpers is None else helpers
        self._body, self._scope = tree.body, scope
        self._known = set(self.parameters)
        self._types: set[str] = set()  # names that stand for a type
        self._renamed: dict[str, str] = {}
        self._shared_out = False  # whether we are inside a loop that the lanes share
        self.outermost = True

    def kernel_lines(self) -> list[str]:
        """Scalars, the team, and one iteration of the prange."""
        *first, loop = self._body
        assert isinstance(loop, ast.For) and isinstance(loop.target, ast.Name)
        begin = self._block(first)
        team = "Team team{Int(threadIdx.x), Int(blockDim.x)};"
        place = f"Int {loop.target.id} = Int(blockIdx.x) * blockDim.y + threadIdx.y;"
        self._known.add(loop.target.id)
        leave = f"if ({loop.target.id} >= iterations) return;"
        return [*begin, team, place, leave, *self._team_lines(loop.body)]

    def helper_source(self) -> str:
        """A helper as a template, whose first argument is the team or a lane alone."""
        kinds = "".join(f", class {name.upper()}_" for name in self.parameters)
        given = "".join(f", {name.upper()}_ {name}" for name in self.parameters)
        head = f"template <class G{kinds}> __device__ auto {self.name}(G team{given}) {{"
        return "\n".join([head, *_indented(self._team_lines(self._body)), "}", ""])

    def _team_lines(self, body: list[ast.stmt]) -> list[str]:
        loops = [one for one in body if isinstance(one, ast.For)]
        known = self._known | {name for line in body for name in _assigned(line)}
        self.outermost = all(joins(loop, known) is not None for loop in loops)
        return self._block(body)

    def _block(self, body: list[ast.stmt]) -> list[str]:
        return [line for statement in body for line in self._statement(statement)]

    def _scoped(self, body: list[ast.stmt]) -> list[str]:
        """A block in braces: what is new in it ends with it."""
        before = set(self._known)
        lines = self._block(body)
        self._known = before
        return _indented(lines)

    def _statement(self, node: ast.stmt) -> list[str]:
        match node:
            case ast.Assign():
                return self._assignment(node)
            case ast.AugAssign(target=ast.Name(), op=op):
                return [f"{self._text(node.target)} {OPERATORS[type(op)]}= {self._text(node.value)};"]
            case ast.AugAssign(op=op):
                target = self._text(node.target)
                joined = self._operation(op, target, self._text(node.value))
                return self._store(f"{target} = {joined};")
            case ast.For():
                return self._loop(node)
            case ast.If():
                return self._branch(node)
            case ast.Return(value=ast.Tuple(elts=parts)):
                return [f"return of::pack({', '.join(map(self._text, parts))});"]
            case ast.Return(value=value) if value is not None:
                return [f"return {self._text(value)};"]
            case ast.Expr(value=ast.Call() as call):
                return [f"{self._text(call)};", *self._sync()]
        raise NotImplementedError(f"{self.name}: line {node.lineno}: {ast.unparse(node)}")

    def _store(self, line: str) -> list[str]:
        """A write to an array: once, also where all lanes come by."""
        return [line] if self._shared_out else [f"if (team.lane == 0) {line}", *self._sync()]

    def _sync(self) -> list[str]:
        return [] if self._shared_out else ["team.sync();"]

    def _assignment(self, node: ast.Assign) -> list[str]:
        target = node.targets[0]
        if isinstance(target, ast.Subscript):
            return self._filled(target, node.value)
        if len(node.targets) > 1:
            return [self._bind(name, self._text(node.value)) for part in node.targets for name in bound(part)]
        if not isinstance(target, ast.Tuple):
            return [self._defined(target, node.value)]
        if not isinstance(node.value, ast.Tuple):
            return self._unpacked(target, node.value)
        changed = [name for name in bound(target) if name in self._known]
        if not set(changed) & names(node.value):
            return [line for one, value in pairs(node) for line in self._part(one, value)]
        # all values are taken before any name changes
        values = [self._text(value) for value in node.value.elts]
        kept = [f"auto {name}_next = {value};" for name, value in zip(bound(target), values, strict=True)]
        return ["{", *kept, *(f"{self._bind(name, f'{name}_next')}" for name in bound(target)), "}"]

    def _part(self, target: ast.expr, value: ast.expr) -> list[str]:
        if isinstance(target, ast.Subscript):
            return self._filled(target, value)
        return [self._defined(target, value)]

    def _defined(self, target: ast.expr, value: ast.expr) -> str:
        assert isinstance(target, ast.Name)
        if isinstance(value, ast.Attribute) and value.attr == "type":
            self._types.add(target.id)
            return f"using {target.id} = {self._type(value)};"
        return self._bind(target.id, self._text(value))

    def _bind(self, name: str, value: str) -> str:
        new = name not in self._known
        self._known.add(name)
        return f"{'auto ' if new else ''}{self._called(name)} = {value};"

    def _called(self, name: str) -> str:
        """What a variable of the body is called in C++."""
        if name in self._renamed:
            return self._renamed[name]
        return f"{name}_" if name in TAKEN else name

    def _unpacked(self, target: ast.Tuple, value: ast.expr) -> list[str]:
        """Names for the parts of a shape, or of what a helper returns."""
        parts = bound(target)
        if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice):
            value = value.value  # shape[:3]
        if isinstance(value, ast.Attribute) and value.attr == "shape":
            of = self._text(value.value)
            return [self._bind(name, f"{of}.shape({k})") for k, name in enumerate(parts) if name != "_"]
        self._known |= set(parts)
        return [f"auto [{', '.join(parts)}] = {self._text(value)};"]

    def _filled(self, target: ast.Subscript, value: ast.expr) -> list[str]:
        """An element, a whole view, or a row of the array."""
        index = elements(target.slice)
        whole = isinstance(index[-1], ast.Slice) and index[-1].lower is None and index[-1].upper is None
        if whole or self._is_row(target):
            team = "Solo{}" if self._shared_out else "team"
            to = self._text(target.value) if whole else self._text(target)
            return [f"of::assign({team}, {to}, {self._text(value)});", *self._sync()]
        return self._store(f"{self._text(target)} = {self._text(value)};")

    def _is_row(self, target: ast.Subscript) -> bool:
        """Whether the target is a row of one of the kernel's arrays, not an element."""
        if not isinstance(target.value, ast.Name):
            return False
        return self._axes.get(target.value.id, 0) > len(elements(target.slice))

    def _branch(self, node: ast.If) -> list[str]:
        sized = isinstance(node.test, ast.Compare) and ast.unparse(node.test.left).endswith(".itemsize")
        lines = [f"if {'constexpr ' if sized else ''}({self._text(node.test)}) {{", *self._scoped(node.body)]
        return [*lines, "} else {", *self._scoped(node.orelse), "}"] if node.orelse else [*lines, "}"]

    def _loop(self, node: ast.For) -> list[str]:
        assert isinstance(node.target, ast.Name) and isinstance(node.iter, ast.Call)
        if self._shared_out:
            return self._plain_loop(node)
        found = joins(node, self._known) if self.outermost or not nested(node) else None
        return self._plain_loop(node) if found is None else self._shared_loop(node, found)

    def _plain_loop(self, node: ast.For) -> list[str]:
        return [self._head(node, "", ""), *self._scoped_loop(node), "}"]

    def _shared_loop(self, node: ast.For, found: dict[str, str]) -> list[str]:
        """Every lane takes its share, with partial sums of its own that are put together at the end."""
        partial = {name: f"{name}_of_lane" for name in found}
        begin = [f"auto {partial[name]} = {START[join].format(name)};" for name, join in found.items()]
        self._shared_out, self._renamed = True, partial
        lines = [self._head(node, "team.lane", "team.size"), *self._scoped_loop(node), "}"]
        self._shared_out, self._renamed = False, {}
        end = [
            f"{INTO[join].format(name, f'team.template reduce<{join}>({partial[name]})')};"
            for name, join in found.items()
        ]
        return ["{", *_indented([*begin, *lines, *end, "team.sync();"]), "}"]

    def _scoped_loop(self, node: ast.For) -> list[str]:
        assert isinstance(node.target, ast.Name)
        fresh = node.target.id not in self._known
        self._known.add(node.target.id)
        lines = self._scoped(node.body)
        if fresh:
            self._known.discard(node.target.id)
        return lines

    def _head(self, node: ast.For, lane: str, lanes: str) -> str:
        assert isinstance(node.target, ast.Name) and isinstance(node.iter, ast.Call)
        ends = [self._text(argument) for argument in node.iter.args]
        start, stop, step = ("0", ends[0], "1") if len(ends) == 1 else (*ends, "1")[:3]
        name = node.target.id
        first = f"{start} + {lane} * {step}" if lane else start
        pace = f"{step} * {lanes}" if lanes else step
        return f"for (Int {name} = {first}; {name} < {stop}; {name} += {pace}) {{"

    def _text(self, node: ast.expr) -> str:
        """An expression."""
        match node:
            case ast.Name(id=name):
                return self._called(name) if name in self._known else _literal(self._scope[name])
            case ast.Constant(value=value):
                return _literal(value)
            case ast.BinOp(left=left, op=op, right=right):
                return self._operation(op, self._text(left), self._text(right))
            case ast.UnaryOp(op=op, operand=operand):
                return f"({OPERATORS[type(op)]}{self._text(operand)})"
            case ast.BoolOp(op=op, values=values):
                return f"({f' {OPERATORS[type(op)]} '.join(map(self._text, values))})"
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return f"({self._text(left)} {OPERATORS[type(op)]} {self._text(right)})"
            case ast.IfExp(test=test, body=yes, orelse=no):
                return f"({self._text(test)} ? {self._text(yes)} : {self._text(no)})"
            case ast.Subscript():
                return self._subscript(node)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Call():
                return self._call(node)
        raise NotImplementedError(f"{self.name}: line {node.lineno}: {ast.unparse(node)}")

    def _operation(self, op: ast.operator, left: str, right: str) -> str:
        if isinstance(op, ast.Div):
            return f"of::divide({left}, {right})"
        return f"({left} {OPERATORS[type(op)]} {right})"

    def _subscript(self, node: ast.Subscript) -> str:
        if isinstance(node.value, ast.Name) and node.value.id not in self._known:
            return _literal(self._scope[node.value.id][ast.literal_eval(node.slice)])
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            return f"{self._text(node.value.value)}.shape({self._text(node.slice)})"
        of, index = self._text(node.value), elements(node.slice)
        plain = [self._text(one) for one in index if not isinstance(one, ast.Slice)]
        view = f"{of}({', '.join(plain)})" if plain else of
        if not isinstance(index[-1], ast.Slice):
            return view
        lower, upper = index[-1].lower, index[-1].upper
        assert upper is not None
        return f"{view}.part({'0' if lower is None else self._text(lower)}, {self._text(upper)})"

    def _attribute(self, node: ast.Attribute) -> str:
        if node.attr == "size":
            return f"{self._text(node.value)}.size()"
        if node.attr == "itemsize":
            return f"decltype({self._text(node.value)})::itemsize"
        if node.attr == "tiny":  # np.finfo(type(x)).tiny
            assert isinstance(node.value, ast.Call) and isinstance(node.value.args[0], ast.Call)
            return f"of::tiny<{self._type(node.value.args[0])}>()"
        assert isinstance(node.value, ast.Name)
        return _literal(getattr(self._scope[node.value.id], node.attr))

    def _type(self, node: ast.expr) -> str:
        """`x.dtype.type`, or `type(x)`."""
        if isinstance(node, ast.Call):
            return f"decltype({self._text(node.args[0])})"
        assert isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute)
        return f"typename decltype({self._text(node.value.value)})::type"

    def _call(self, node: ast.Call) -> str:
        given = [self._text(argument) for argument in node.args if not _is_type(argument)]
        match node.func:
            case ast.Attribute(attr="type") | ast.Call():
                return f"{self._cast(node.func)}({given[0]})"
            case ast.Attribute(attr="view", value=value):
                return f"of::reinterpreted<{self._numpy_type(node.args[0])}>({self._text(value)})"
            case ast.Attribute(attr="reshape", value=value):
                return f"{self._text(value)}.flat()"
            case ast.Attribute(attr=name) if name in TYPES:
                return f"{TYPES[name]}({given[0]})"
            case ast.Attribute(attr=name):
                return f"{FUNCTIONS.get(name, f'::{name}')}({', '.join(given)})"
            case ast.Name(id=name) if name in self._types:
                return f"{name}({given[0]})"
            case ast.Name(id=name) if name in FUNCTIONS:
                return f"{FUNCTIONS[name]}({', '.join(given)})"
            case ast.Name(id=name):
                return self._helped(name, given)
        raise NotImplementedError(f"{self.name}: line {node.lineno}: {ast.unparse(node)}")

    def _cast(self, node: ast.expr) -> str:
        kind = self._type(node)
        return kind.removeprefix("typename ") if kind.startswith("decltype") else kind

    def _numpy_type(self, node: ast.expr) -> str:
        assert isinstance(node, ast.Attribute)
        return TYPES[node.attr]

    def _helped(self, name: str, given: list[str]) -> str:
        if name not in self.helpers:
            body = self._scope[name].py_func
            helper = _Function(parsed(body), body.__globals__, self.helpers)
            source = helper.helper_source()
            self.helpers[name] = source  # behind those that it needs itself
        return f"{name}({', '.join(['Solo{}' if self._shared_out else 'team', *given])})"


def _assigned(statement: ast.stmt) -> list[str]:
    """Names that get a value in this statement, unless it is a loop or a branch."""
    if not isinstance(statement, ast.Assign):
        return []
    return [name for target in statement.targets for name in bound(target)]


def _is_type(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Attribute) and argument.attr in TYPES


def _literal(value: Any) -> str:
    """A number of Python or NumPy with its type."""
    match value:
        case bool():
            return "true" if value else "false"
        case np.float32():
            return f"{float(value)!r}f"
        case float():  # np.float64 is one
            return repr(float(value))
        case np.uint64():
            return f"UInt({int(value)}ull)"
        case int() | np.integer():
            return str(int(value))
    raise NotImplementedError(f"a constant of type {type(value).__name__}")
