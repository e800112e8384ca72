"""Functions of a kernel in CUDA C++: statements, and the loops that the threads of a team share."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Sequence
from typing import cast

from nettrain.backend.cuda.expressions import OPERATORS, Expressions
from nettrain.backend.cuda.loop_nests import LoopNest, loop_nest
from nettrain.backend.cuda.threads import (
    assignments,
    bound_names,
    has_inner_loop,
    indices,
    loop_variable,
    names,
    reductions,
    shared_arrays,
)
from nettrain.backend.helper import Helper

# how a thread's part of a reduction begins, and how the result of all threads is added to the variable
START = {"Sum": "decltype({0})(0)", "Any": "0", "Largest": "{0}", "Least": "{0}"}
COMBINE = {"Sum": "{0} += {1}", "Any": "{0} |= {1}", "Largest": "{0} = {1}", "Least": "{0} = {1}"}
Lines = list[str]


def parsed(body: Callable[..., object]) -> ast.FunctionDef:
    """The syntax tree of a kernel or helper, without its docstring."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(body))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    if ast.get_docstring(tree) is not None:
        tree.body = tree.body[1:]
    return tree


def indented(lines: Sequence[str]) -> Lines:
    """The lines, indented by one level."""
    return [f"    {line}" for line in lines]


class Function(ast.NodeVisitor):
    """Translates one function. `helpers` collects the sources of those that it calls, in the order of need.

    `axes` has the number of axes of each argument of a kernel; a helper does not know it. Afterwards
    `outermost` says whether threads share the loops directly in the body, rather than the innermost ones, and
    `has_loop_nest` whether there are loops that they share by rows and columns.
    """

    def __init__(
        self,
        tree: ast.FunctionDef,
        scope: dict[str, object],
        helpers: dict[str, str] | None = None,
        axes: dict[str, int] | None = None,
    ) -> None:
        self.parameters = [argument.arg for argument in tree.args.args]
        self.helpers: dict[str, str] = {} if helpers is None else helpers
        self.outermost = True
        self.has_loop_nest = False
        self._name, self._body, self._axes = tree.name, tree.body, axes or {}
        self._expressions = Expressions(tree.name, scope, self.parameters, self._call_helper)
        self._shared_out = False  # inside a loop that the threads share
        self._shared_arrays: set[str] = set()  # in which threads read what others write
        self._sums: set[str] = set()  # arrays whose elements are the sums of a loop nest

    def iteration_source(self) -> str:
        """One iteration of a kernel's prange, as a function of a team and the iteration's number."""
        *first, loop = self._body
        assert isinstance(loop, ast.For)
        lines, variable = self._block(first), loop_variable(loop)
        self._expressions.known.add(variable)
        lines += self._team_block(loop.body)
        return self._template(f"{self._name}_at", [f"Int {variable}"], lines, "void")

    def helper_source(self) -> str:
        """A helper as a template, whose first argument is the team or a single thread."""
        return self._template(self._name, [], self._team_block(self._body), "auto")

    def _template(self, name: str, more: Lines, lines: Lines, result: str) -> str:
        """A function of a team, of `more` and of the parameters, whatever their types are."""
        types = [f"{name.upper()}_" for name in self.parameters]
        parameters = [f"{kind} {name}" for kind, name in zip(types, self.parameters, strict=True)]
        head = (
            f"template <class G, {', '.join(f'class {kind}' for kind in types)}> __device__ {result} {name}"
        )
        arguments = ", ".join(["G team", *more, *parameters])
        return "\n".join([f"{head}({arguments}) {{", *indented(lines), "}", ""])

    def _call_helper(self, name: str, arguments: list[str]) -> str:
        """A call of another function, which is translated at its first call."""
        if name not in self.helpers:
            body = cast(Helper, self._expressions.scope[name]).body
            source = Function(parsed(body), body.__globals__, self.helpers).helper_source()
            self.helpers[name] = source  # after those that it needs itself
        return f"{name}({', '.join(['Solo{}' if self._shared_out else 'team', *arguments])})"

    def _team_block(self, body: list[ast.stmt]) -> Lines:
        loops = [one for one in body if isinstance(one, ast.For)]
        assigned = {
            name
            for line in body
            if isinstance(line, ast.Assign)
            for t in line.targets
            for name in bound_names(t)
        }
        self.outermost = all(
            reductions(loop, self._expressions.known | assigned) is not None for loop in loops
        )
        self._shared_arrays = set() if self.outermost else shared_arrays(body, self.parameters)
        return self._block(body)

    def _block(self, body: list[ast.stmt]) -> Lines:
        return [line for statement in body for line in self.visit(statement)]

    def _scoped(self, body: list[ast.stmt], *more: str) -> Lines:
        """A block in braces: names that are new in it end with it."""
        before = set(self._expressions.known)
        self._expressions.known |= set(more)
        lines = self._block(body)
        self._expressions.known = before
        return indented(lines)

    def generic_visit(self, node: ast.AST) -> Lines:
        raise NotImplementedError(f"{self._name}: no CUDA for {ast.unparse(node)}")

    def visit_Expr(self, node: ast.Expr) -> Lines:
        return [f"{self._expressions.visit(node.value)};", *self._sync()]

    def visit_Return(self, node: ast.Return) -> Lines:
        if isinstance(node.value, ast.Tuple):
            return [f"return prelude::pack({', '.join(map(self._expressions.visit, node.value.elts))});"]
        assert node.value is not None
        return [f"return {self._expressions.visit(node.value)};"]

    def visit_If(self, node: ast.If) -> Lines:
        test = self._expressions.visit(node.test)
        constant = "constexpr " if "::itemsize" in test else ""
        lines = [f"if {constant}({test}) {{", *self._scoped(node.body)]
        return [*lines, "} else {", *self._scoped(node.orelse), "}"] if node.orelse else [*lines, "}"]

    def visit_AugAssign(self, node: ast.AugAssign) -> Lines:
        target, value = self._expressions.visit(node.target), self._expressions.visit(node.value)
        if isinstance(node.target, ast.Name):
            return [f"{target} {OPERATORS[type(node.op)]}= {value};"]
        if names(node.target.value) & self._sums:
            return [f"{names(node.target.value).pop()}_sum += {value};"]
        return self._store(f"{target} = {self._expressions.binary(node.op, target, value)};")

    def visit_Assign(self, node: ast.Assign) -> Lines:
        target, value = node.targets[0], node.value
        if len(node.targets) > 1:
            return [
                self._bind(name, self._expressions.visit(value))
                for one in node.targets
                for name in bound_names(one)
            ]
        if not isinstance(target, ast.Tuple):
            return self._assign(target, value)
        if not isinstance(value, ast.Tuple):
            return self._unpack(target, value)
        if not set(bound_names(target)) & self._expressions.known & names(value):
            return [line for one, part in assignments(node) for line in self._assign(one, part)]
        # all values are computed before any name changes
        parts = [self._expressions.visit(part) for part in value.elts]
        new = [f"auto {name}_next = {part};" for name, part in zip(bound_names(target), parts, strict=True)]
        return ["{", *new, *(self._bind(name, f"{name}_next") for name in bound_names(target)), "}"]

    def _assign(self, target: ast.expr, value: ast.expr) -> Lines:
        if isinstance(target, ast.Subscript):
            return self._assign_element(target, value)
        assert isinstance(target, ast.Name)
        if isinstance(value, ast.Attribute) and value.attr == "type":
            self._expressions.types.add(target.id)
            return [f"using {target.id} = {self._expressions.type_of(value)};"]
        return [self._bind(target.id, self._expressions.visit(value))]

    def _bind(self, name: str, value: str) -> str:
        new = name not in self._expressions.known
        self._expressions.known.add(name)
        return f"{'auto ' if new else ''}{self._expressions.variable(name)} = {value};"

    def _unpack(self, target: ast.Tuple, value: ast.expr) -> Lines:
        """Bind names to the parts of a shape, or of what a helper returns."""
        parts = bound_names(target)
        if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice):
            value = value.value  # the first sizes of a shape
        if isinstance(value, ast.Attribute) and value.attr == "shape":
            of = self._expressions.visit(value.value)
            return [self._bind(name, f"{of}.shape({k})") for k, name in enumerate(parts) if name != "_"]
        self._expressions.known |= set(parts)
        return [f"auto [{', '.join(parts)}] = {self._expressions.visit(value)};"]

    def _assign_element(self, target: ast.Subscript, value: ast.expr) -> Lines:
        """Assign to an element, a whole view, or a row of one of the kernel's arrays."""
        last = indices(target.slice)[-1]
        whole = isinstance(last, ast.Slice) and last.lower is None and last.upper is None
        if not whole and not self._is_row(target):
            return self._store(f"{self._expressions.visit(target)} = {self._expressions.visit(value)};")
        team, to = "Solo{}" if self._shared_out else "team", target.value if whole else target
        sync = self._sync(target) if whole else self._sync()
        return [
            f"prelude::assign({team}, {self._expressions.visit(to)}, {self._expressions.visit(value)});",
            *sync,
        ]

    def _is_row(self, target: ast.Subscript) -> bool:
        of = target.value.id if isinstance(target.value, ast.Name) else ""
        return self._axes.get(of, 0) > len(indices(target.slice))

    def _store(self, line: str) -> Lines:
        """A write to an array, by one thread even where all of them execute the line."""
        return [line] if self._shared_out else [f"if (team.thread == 0) {line}", *self._sync()]

    def _sync(self, *touched: ast.AST) -> Lines:
        """A barrier, unless every thread only accesses its own elements of what has been touched."""
        if self._shared_out or (touched and self._safe(*touched)):
            return []
        return ["team.sync();"]

    def _safe(self, *touched: ast.AST) -> bool:
        return not self.outermost and not any(names(one) & self._shared_arrays for one in touched)

    def visit_For(self, node: ast.For) -> Lines:
        combined = None
        if not self._shared_out and not self.outermost:
            nest = loop_nest(node, self._expressions.known)
            if nest is not None:
                return self._shared_loop_nest(nest)
        if not self._shared_out and (self.outermost or not has_inner_loop(node)):
            combined = reductions(node, self._expressions.known)
        if combined is not None:
            return self._shared_loop(node, combined)
        return [self._head(node, "", ""), *self._scoped(node.body, loop_variable(node)), "}"]

    def _shared_loop(self, node: ast.For, combined: dict[str, str]) -> Lines:
        """Every thread takes its share, with partial results that are combined at the end."""
        partial = {name: f"{name}_of_thread" for name in combined}
        begin = [f"auto {partial[name]} = {START[kind].format(name)};" for name, kind in combined.items()]
        self._shared_out, self._expressions.renamed = True, partial
        lines = [
            self._head(node, "team.thread", "team.size"),
            *self._scoped(node.body, loop_variable(node)),
            "}",
        ]
        self._shared_out, self._expressions.renamed = False, {}
        end = [
            f"{COMBINE[kind].format(name, f'team.template reduce<{kind}>({partial[name]})')};"
            for name, kind in combined.items()
        ]
        lines += [*end, *self._sync(node)]
        return ["{", *indented([*begin, *lines]), "}"] if begin else lines

    def _shared_loop_nest(self, nest: LoopNest) -> Lines:
        """Columns are shared out among adjacent threads, rows among groups of these.

        Other loops assign the elements to threads differently: hence a barrier before and after.
        """
        self.has_loop_nest = True
        assert isinstance(nest.columns.iter, ast.Call)
        width, sums = self._expressions.visit(nest.columns.iter.args[0]), sorted(nest.sums)
        j = loop_variable(nest.columns)
        store = [f"if ({j} < {width} && grid.group == 0) {name}({j}) += {name}_sum;" for name in sums]
        column = [
            f"Int {j} = first_column + grid.column;",
            *(f"typename decltype({name})::type {name}_sum = 0;" for name in sums),
            *[f"if ({j} < {width})", *indented(self._rows(nest))],
            *(f"{name}_sum = team.total(grid, {name}_sum);" for name in sums),
            *store,
        ]
        over = f"for (Int first_column = 0; first_column < {width}; first_column += grid.across) {{"
        lines = [f"Grid grid = team.grid({width});", over, *indented(column), "}"]
        return ["team.sync();", "{", *indented(lines), "}", "team.sync();"]

    def _rows(self, nest: LoopNest) -> Lines:
        """What a thread does in the rows of its group, at its column."""
        *before, columns = nest.rows.body
        assert isinstance(columns, ast.For)
        self._shared_out, self._sums = True, nest.sums
        head = self._head(nest.rows, "grid.group", "grid.groups")
        i, j = loop_variable(nest.rows), loop_variable(columns)
        lines = [head, *self._scoped([*before, *columns.body], i, j), "}"]
        self._shared_out, self._sums = False, set()
        return lines

    def _head(self, node: ast.For, thread: str, threads: str) -> str:
        assert isinstance(node.iter, ast.Call)
        ends = [self._expressions.visit(argument) for argument in node.iter.args]
        start, stop, step = ("0", ends[0], "1") if len(ends) == 1 else (*ends, "1")[:3]
        name = loop_variable(node)
        if thread:
            first = thread if (start, step) == ("0", "1") else f"{start} + {thread} * {step}"
            increment = threads if step == "1" else f"{step} * {threads}"
        else:
            first, increment = start, step
        return f"for (Int {name} = {first}; {name} < {stop}; {name} += {increment}) {{"
