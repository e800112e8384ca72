"""The statements that compute a graph: an infix expression where it is short, variables where it is not."""

import builtins
import keyword
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from nettrain.backend.base import HostArray
from nettrain.export.code import Code
from nettrain.export.identifiers import Identifiers
from nettrain.export.node import ELEMENTWISE, GraphNode, in_order
from nettrain.export.numpy_module.infix import expression, joined
from nettrain.export.numpy_module.literals import scalar
from nettrain.export.part_names import PartNames, is_given

TAKEN = (
    "np",
    "cells",
    "name",
    "numbers",
    "texts",
    "dates",
    "positions",
    "sigmoid",
    "erfc",
    "normal_quantile",
)
LONGEST = 80  # characters of a statement behind its indent
SHORT_LIST = 8  # positions that are written where they are used


class Constants:
    """The arrays and tables that a module defines by name, in the order in which they are used."""

    def __init__(self, names: Identifiers, known: Mapping[tuple[str, ...], str]) -> None:
        self._names, self._own = names, dict[object, str]()
        self._own.update(known.items())
        self.arrays: dict[str, HostArray] = {}
        self.tables: dict[str, dict[str, int]] = {}
        self.columns: dict[str, tuple[str, ...]] = {}

    def array(self, node: GraphNode, purpose: str) -> str:
        """The name of a constant."""
        key = (node.name, node.shape, node.dtype, node.constant.tobytes())
        if key not in self._own:
            self._own[key] = self._names.new(node.name or purpose, upper=True)
            self.arrays[self._own[key]] = node.constant
        return self._own[key]

    def table(self, node: GraphNode) -> str:
        """The name of the table of a lookup."""
        assert node.table is not None, "every lookup has a table"
        key = tuple(node.table.items())
        if key not in self._own:
            self._own[key] = self._names.new(f"{node.name.removesuffix(' position')} positions", upper=True)
            self.tables[self._own[key]] = dict(node.table)
        return self._own[key]

    def names_of(self, columns: tuple[str, ...], purpose: str) -> str:
        """The name of a list of columns."""
        if columns not in self._own:
            self._own[columns] = self._names.new(purpose, upper=True)
            self.columns[self._own[columns]] = columns
        return self._own[columns]


class Statements:
    """The body of a function that computes one array, part by part; `inputs` are variables, by column."""

    def __init__(self, end: GraphNode, constants: Constants, inputs: Mapping[str, str]) -> None:
        self._constants, self._inputs = constants, inputs
        self._names = Identifiers((*keyword.kwlist, *dir(builtins), *TAKEN, *inputs.values()))
        self._end, order = end, in_order([end])
        self._uses = Counter(one for node in order for one in node.inputs)
        self._words = PartNames(order)
        self._variables: dict[GraphNode, str] = {}
        self._inline: dict[GraphNode, Code] = {}
        self.operations = {node.operation for node in order}
        self._seen, self._part = Counter[str](), ""
        self.lines: list[str] = []
        for node in order:
            self._add(node)

    def _add(self, node: GraphNode) -> None:
        if node.is_constant:
            return
        written = self._written(node)
        if node is self._end:
            self._head(node)
            self.lines.append(f"return {written.text}")
        elif self._is_variable(node):
            self._assign(node, written)
        else:
            self._inline[node] = written

    def _is_variable(self, node: GraphNode) -> bool:
        if node.operation == "input":
            return self._uses[node] > 2 and self._written(node).text.endswith("]")
        return self._uses[node] > 1 or node in self._words.leaves or node.name == "x"

    def _assign(self, node: GraphNode, written: Code) -> None:
        self._head(node)
        name = self._rebound(node) or self._names.new(self._words.called(node))
        self._variables[node] = name
        self.lines.append(f"{name} = {written.text}")

    def _rebound(self, node: GraphNode) -> str:
        """The variable whose array is moved or becomes another dtype, if nothing else reads it."""
        before = node.inputs[0] if node.inputs else node
        alone = (
            node.operation in ("cast", "take", "slice")
            and before in self._variables
            and self._uses[before] == 1
        )
        return self._variables[before] if alone else ""

    def _head(self, node: GraphNode) -> None:
        """A comment where a new part begins."""
        part = self._words.parts[node]
        if part == self._part or not part:
            return
        self._seen[part] += 1
        again = f", network {self._seen[part]}" if self._seen[part] > 1 else ""
        self.lines += [*([""] if self.lines else []), f"# {part}{again}"]
        self._part = part

    def _written(self, node: GraphNode) -> Code:
        """The code of a node; operands become variables until it is short."""
        while True:
            operands = [self._operand(node, k) for k in range(len(node.inputs))]
            if node.operation == "lookup":
                operands.append(Code(self._constants.table(node)))
            written = self._input(node) if node.operation == "input" else self._whole(node, operands)
            longest = max(
                (one for one in node.inputs if one in self._inline and not is_given(one)),
                key=lambda one: len(self._inline[one].text),
                default=None,
            )
            if longest is None or len(written.text) + len(self._words.called(node)) + 3 <= LONGEST:
                return written
            self._assign(longest, self._inline.pop(longest))

    def _whole(self, node: GraphNode, operands: Sequence[Code]) -> Code:
        columns = _columns_of(node) if node.operation == "concatenate" else ()
        if len(columns) > 1:
            name = self._constants.names_of(columns, "measured")
            return Code(f"np.column_stack([cells[name] for name in {name}])")
        if node.operation == "concatenate" and sum(len(one.text) + 2 for one in operands) > LONGEST - 30:
            parts = self._names.new("parts")
            self._head(node)
            self.lines += [f"{parts} = [", *(f"    {one.text}," for one in operands), "]"]
            return joined(node, parts)
        return expression(node, operands)

    def _input(self, node: GraphNode) -> Code:
        column = str(node.options["column"])
        return Code(self._inputs.get(column, f"cells[{quoted(column)}]"))

    def _operand(self, node: GraphNode, k: int) -> Code:
        one = node.inputs[k]
        if one.is_constant:
            return self._constant(node, k)
        if one in self._variables:
            return Code(self._variables[one])
        stacked = node.operation == "concatenate" and node.axis == 1 and len(node.shape) == 2
        if stacked and one.operation == "reshape" and len(one.inputs[0].shape) == 1:
            return self._operand(one, 0)
        return self._inline[one]

    def _constant(self, node: GraphNode, k: int) -> Code:
        one = node.inputs[k]
        value = one.constant
        if value.ndim == 0 and node.operation in (*ELEMENTWISE, "where"):
            numbers = node.inputs[1:] if node.operation == "where" else node.inputs
            return scalar(value[()], typed=all(other.is_constant for other in numbers))
        if value.ndim == 1 and value.dtype.kind == "i":
            if len(value) > 1 and np.array_equal(value, np.arange(len(value))):
                return Code(f"np.arange({len(value)})")
            if len(value) <= SHORT_LIST and node.operation == "take":
                return Code(str(value.tolist()))
        return Code(self._constants.array(one, self._words.purpose(node, k)))


def quoted(text: object) -> str:
    """A text in double quotes where that needs no escapes."""
    plain = repr(text) == f"'{text}'" and '"' not in str(text)
    return f'"{text}"' if plain else repr(text)


def _columns_of(node: GraphNode) -> tuple[str, ...]:
    """The columns that a concatenation puts side by side, if it does nothing else."""
    columns = []
    for one in node.inputs:
        cells = one.inputs[0] if one.operation == "reshape" else one
        if cells.operation != "input" or len(cells.shape) != 1:
            return ()
        columns.append(str(cells.options["column"]))
    return tuple(columns)
