"""Functions of a kernel in CUDA C++: statements, and which loops the lanes of a team share."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from nettrain.backend.cuda.expressions import OPERATORS, Expressions
from nettrain.backend.cuda.loop_nests import Nest, nest
from nettrain.backend.cuda.threads import bound, crossed, elements, joins, names, nested, pairs

START = {"Sum": "decltype({0})(0)", "Any": "0", "Largest": "{0}", "Least": "{0}"}
INTO = {"Sum": "{0} += {1}", "Any": "{0} |= {1}", "Largest": "{0} = {1}", "Least": "{0} = {1}"}
Lines = list[str]


def parsed(body: Callable[..., Any]) -> ast.FunctionDef:
    """The syntax tree of a kernel or helper, without its docstring."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(body))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    if ast.get_docstring(tree) is not None:
        tree.body = tree.body[1:]
    return tree


def indented(lines: Sequence[str]) -> Lines:
    """The lines, a step to the right."""
    return [f"    {line}" for line in lines]


class Function(ast.NodeVisitor):
    """One function. `helpers` collects the sources of those that it calls, in the order of need.

    `axes` are the numbers of axes of a kernel's arguments; a helper does not know its own.
    """

    def __init__(
        self,
        tree: ast.FunctionDef,
        scope: dict[str, Any],
        helpers: dict[str, str] | None = None,
        axes: dict[str, int] | None = None,
    ) -> None:
        self.parameters = [argument.arg for argument in tree.args.args]
        self.helpers: dict[str, str] = {} if helpers is None else helpers
        self.outermost = True  # whether the loops directly in the body are shared out, or the innermost ones
        self.nested = False  # whether there are loops that are shared out by rows and columns
        self._name, self._body, self._axes = tree.name, tree.body, axes or {}
        self._in = Expressions(tree.name, scope, self.parameters, self._helped)
        self._shared_out = False  # whether we are inside a loop that the lanes share
        self._unsafe: set[str] = set()  # arrays of which lanes read what others write
        self._sums: set[str] = set()  # arrays whose elements a nest sums up

    def iteration_source(self) -> str:
        """One iteration of a kernel's prange, for a team that is given its number."""
        *first, loop = self._body
        assert isinstance(loop, ast.For)
        lines, variable = self._block(first), self._variable(loop)
        self._in.known.add(variable)
        lines += self._team_lines(loop.body)
        return self._template(f"{self._name}_at", [f"Int {variable}"], lines, "void")

    def helper_source(self) -> str:
        """A helper as a template, whose first argument is the team or a lane alone."""
        return self._template(self._name, [], self._team_lines(self._body), "auto")

    def _template(self, name: str, more: Lines, lines: Lines, result: str) -> str:
        """A function of a team, of numbers and of what the parameters are, whatever their types."""
        kinds = [f"class {name.upper()}_" for name in self.parameters]
        given = [
            f"{kind.removeprefix('class ')} {name}" for kind, name in zip(kinds, self.parameters, strict=True)
        ]
        head = f"template <class G, {', '.join(kinds)}> __device__ {result} {name}"
        return "\n".join([f"{head}({', '.join(['G team', *more, *given])}) {{", *indented(lines), "}", ""])

    def _helped(self, name: str, given: list[str]) -> str:
        """A call of another function, which is translated when it is first met."""
        if name not in self.helpers:
            body = self._in.scope[name].py_func
            source = Function(parsed(body), body.__globals__, self.helpers).helper_source()
            self.helpers[name] = source  # behind those that it needs itself
        return f"{name}({', '.join(['Solo{}' if self._shared_out else 'team', *given])})"

    def _team_lines(self, body: list[ast.stmt]) -> Lines:
        loops = [one for one in body if isinstance(one, ast.For)]
        assigned = {
            name for line in body if isinstance(line, ast.Assign) for t in line.targets for name in bound(t)
        }
        self.outermost = all(joins(loop, self._in.known | assigned) is not None for loop in loops)
        self._unsafe = set() if self.outermost else crossed(body, self.parameters)
        return self._block(body)

    def _block(self, body: list[ast.stmt]) -> Lines:
        return [line for statement in body for line in self.visit(statement)]

    def _scoped(self, body: list[ast.stmt], *more: str) -> Lines:
        """A block in braces: what is new in it ends with it."""
        before = set(self._in.known)
        self._in.known |= set(more)
        lines = self._block(body)
        self._in.known = before
        return indented(lines)

    def generic_visit(self, node: ast.AST) -> Lines:
        raise NotImplementedError(f"{self._name}: no CUDA for {ast.unparse(node)}")

    def visit_Expr(self, node: ast.Expr) -> Lines:
        return [f"{self._in.visit(node.value)};", *self._sync()]

    def visit_Return(self, node: ast.Return) -> Lines:
        if isinstance(node.value, ast.Tuple):
            return [f"return of::pack({', '.join(map(self._in.visit, node.value.elts))});"]
        assert node.value is not None
        return [f"return {self._in.visit(node.value)};"]

    def visit_If(self, node: ast.If) -> Lines:
        test = self._in.visit(node.test)
        constant = "constexpr " if "::itemsize" in test else ""
        lines = [f"if {constant}({test}) {{", *self._scoped(node.body)]
        return [*lines, "} else {", *self._scoped(node.orelse), "}"] if node.orelse else [*lines, "}"]

    def visit_AugAssign(self, node: ast.AugAssign) -> Lines:
        target, value = self._in.visit(node.target), self._in.visit(node.value)
        if isinstance(node.target, ast.Name):
            return [f"{target} {OPERATORS[type(node.op)]}= {value};"]
        if names(node.target.value) & self._sums:
            return [f"{names(node.target.value).pop()}_sum += {value};"]
        return self._store(f"{target} = {self._in.joined(node.op, target, value)};")

    def visit_Assign(self, node: ast.Assign) -> Lines:
        target, value = node.targets[0], node.value
        if len(node.targets) > 1:
            return [self._bind(name, self._in.visit(value)) for one in node.targets for name in bound(one)]
        if not isinstance(target, ast.Tuple):
            return self._one(target, value)
        if not isinstance(value, ast.Tuple):
            return self._unpacked(target, value)
        if not set(bound(target)) & self._in.known & names(value):
            return [line for one, part in pairs(node) for line in self._one(one, part)]
        # all values are taken before any name changes
        parts = [self._in.visit(part) for part in value.elts]
        kept = [f"auto {name}_next = {part};" for name, part in zip(bound(target), parts, strict=True)]
        return ["{", *kept, *(self._bind(name, f"{name}_next") for name in bound(target)), "}"]

    def _one(self, target: ast.expr, value: ast.expr) -> Lines:
        if isinstance(target, ast.Subscript):
            return self._filled(target, value)
        assert isinstance(target, ast.Name)
        if isinstance(value, ast.Attribute) and value.attr == "type":
            self._in.types.add(target.id)
            return [f"using {target.id} = {self._in.type_of(value)};"]
        return [self._bind(target.id, self._in.visit(value))]

    def _bind(self, name: str, value: str) -> str:
        new = name not in self._in.known
        self._in.known.add(name)
        return f"{'auto ' if new else ''}{self._in.called(name)} = {value};"

    def _unpacked(self, target: ast.Tuple, value: ast.expr) -> Lines:
        """Names for the parts of a shape, or of what a helper returns."""
        parts = bound(target)
        if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice):
            value = value.value  # the first sizes of a shape
        if isinstance(value, ast.Attribute) and value.attr == "shape":
            of = self._in.visit(value.value)
            return [self._bind(name, f"{of}.shape({k})") for k, name in enumerate(parts) if name != "_"]
        self._in.known |= set(parts)
        return [f"auto [{', '.join(parts)}] = {self._in.visit(value)};"]

    def _filled(self, target: ast.Subscript, value: ast.expr) -> Lines:
        """An element, a whole view, or a row of one of the kernel's arrays."""
        last = elements(target.slice)[-1]
        whole = isinstance(last, ast.Slice) and last.lower is None and last.upper is None
        if not whole and not self._is_row(target):
            return self._store(f"{self._in.visit(target)} = {self._in.visit(value)};")
        team, to = "Solo{}" if self._shared_out else "team", target.value if whole else target
        sync = self._sync(target) if whole else self._sync()
        return [f"of::assign({team}, {self._in.visit(to)}, {self._in.visit(value)});", *sync]

    def _is_row(self, target: ast.Subscript) -> bool:
        of = target.value.id if isinstance(target.value, ast.Name) else ""
        return self._axes.get(of, 0) > len(elements(target.slice))

    def _store(self, line: str) -> Lines:
        """A write to an array: once, also where all lanes come by."""
        return [line] if self._shared_out else [f"if (team.lane == 0) {line}", *self._sync()]

    def _sync(self, *touched: ast.AST) -> Lines:
        """A barrier, unless every lane keeps to its own elements of what has been touched."""
        if self._shared_out or (touched and self._safe(*touched)):
            return []
        return ["team.sync();"]

    def _safe(self, *touched: ast.AST) -> bool:
        return not self.outermost and not any(names(one) & self._unsafe for one in touched)

    def visit_For(self, node: ast.For) -> Lines:
        found = None
        if not self._shared_out and not self.outermost:
            both = nest(node, self._in.known)
            if both is not None:
                return self._shared_nest(both)
        if not self._shared_out and (self.outermost or not nested(node)):
            found = joins(node, self._in.known)
        if found is not None:
            return self._shared_loop(node, found)
        return [self._head(node, "", ""), *self._scoped(node.body, self._variable(node)), "}"]

    def _shared_loop(self, node: ast.For, found: dict[str, str]) -> Lines:
        """Every lane takes its share, with partial sums of its own that are put together at the end."""
        own = {name: f"{name}_of_lane" for name in found}
        begin = [f"auto {own[name]} = {START[join].format(name)};" for name, join in found.items()]
        self._shared_out, self._in.renamed = True, own
        lines = [
            self._head(node, "team.lane", "team.size"),
            *self._scoped(node.body, self._variable(node)),
            "}",
        ]
        self._shared_out, self._in.renamed = False, {}
        end = [
            f"{INTO[join].format(name, f'team.template reduce<{join}>({own[name]})')};"
            for name, join in found.items()
        ]
        lines += [*end, *self._sync(node)]
        return ["{", *indented([*begin, *lines]), "}"] if begin else lines

    def _shared_nest(self, both: Nest) -> Lines:
        """Columns are shared out among lanes side by side, rows among groups of these.

        Other loops leave elements to other lanes: hence a barrier before and behind.
        """
        self.nested = True
        assert isinstance(both.columns.iter, ast.Call)
        width, sums = self._in.visit(both.columns.iter.args[0]), sorted(both.sums)
        j = self._variable(both.columns)
        put = [f"if ({j} < {width} && grid.group == 0) {name}({j}) += {name}_sum;" for name in sums]
        column = [
            f"Int {j} = first_column + grid.column;",
            *(f"typename decltype({name})::type {name}_sum = 0;" for name in sums),
            *[f"if ({j} < {width})", *indented(self._rows(both))],
            *(f"{name}_sum = team.total(grid, {name}_sum);" for name in sums),
            *put,
        ]
        over = f"for (Int first_column = 0; first_column < {width}; first_column += grid.across) {{"
        lines = [f"Grid grid = team.grid({width});", over, *indented(column), "}"]
        return ["team.sync();", "{", *indented(lines), "}", "team.sync();"]

    def _rows(self, both: Nest) -> Lines:
        """What a lane does in the rows of its group, at its column."""
        *before, columns = both.rows.body
        assert isinstance(columns, ast.For)
        self._shared_out, self._sums = True, both.sums
        head = self._head(both.rows, "grid.group", "grid.groups")
        i, j = self._variable(both.rows), self._variable(columns)
        lines = [head, *self._scoped([*before, *columns.body], i, j), "}"]
        self._shared_out, self._sums = False, set()
        return lines

    def _head(self, node: ast.For, lane: str, lanes: str) -> str:
        assert isinstance(node.iter, ast.Call)
        ends = [self._in.visit(argument) for argument in node.iter.args]
        start, stop, step = ("0", ends[0], "1") if len(ends) == 1 else (*ends, "1")[:3]
        name = self._variable(node)
        if lane:
            first = lane if (start, step) == ("0", "1") else f"{start} + {lane} * {step}"
            pace = lanes if step == "1" else f"{step} * {lanes}"
        else:
            first, pace = start, step
        return f"for (Int {name} = {first}; {name} < {stop}; {name} += {pace}) {{"

    def _variable(self, node: ast.For) -> str:
        assert isinstance(node.target, ast.Name)
        return node.target.id
