"""The statements of a C function that computes a graph for one row, in loops over arrays."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from nettrain.errors import SpecError
from nettrain.export.c_source.constants import LETTERS, WIDTH, ConstantArrays, filled, quoted
from nettrain.export.c_source.memory import SUMS, ArraysInMemory, for_one_row, size
from nettrain.export.c_source.scalars import (
    PRODUCT,
    SUM,
    is_scalar_operation,
    literal,
    own_function,
    term,
    type_of,
)
from nettrain.export.code import ATOM, Code
from nettrain.export.node import GraphNode, in_order
from nettrain.export.part_names import PartNames

Index = tuple[str, ...]
LONGEST = 72  # characters of an expression inside a loop


@dataclass
class CodeBlock:
    """Statements inside braces, and what has been computed there or around it."""

    depth: int = 0  # loops around it
    indent: int = 1
    lines: list[str] = field(default_factory=list)
    sums: int = 0  # whose results are named, here or around it
    known: dict[tuple[GraphNode, Index], Code] = field(default_factory=dict)

    def add(self, line: str) -> None:
        """One more statement."""
        self.lines.append("    " * self.indent + line)

    def loop(self, variable: str, count: int) -> "CodeBlock":
        """The body of a loop that begins here."""
        self.add(f"for (int {variable} = 0; {variable} < {count}; {variable}++) {{")
        return CodeBlock(self.depth + 1, self.indent + 1, self.lines, self.sums, dict(self.known))

    def end(self) -> None:
        """Closes the loop whose body this is."""
        self.lines.append("    " * (self.indent - 1) + "}")


class RowFunction:
    """The body of a function that writes one array to `target`; `inputs` are expressions, by column."""

    def __init__(
        self,
        end: GraphNode,
        constants: ConstantArrays,
        inputs: Mapping[str, str],
        target: str,
        part: str = "",
    ) -> None:
        self._end, self._constants, self._inputs, self._target = for_one_row(end), constants, inputs, target
        self._memory = ArraysInMemory(self._end)
        order = in_order([self._end])
        self._words, self._names = PartNames(order), constants.names
        self._arrays: dict[GraphNode, str] = {}
        self._part = part  # under whose heading the first statements stand
        self.functions = {own_function(node) for node in order}
        self.functions |= {_helper(node) for node in order if node.operation in HELPERS}
        self.stack = 0  # bytes of arrays
        self.block = CodeBlock()
        for node in self._memory.arrays:
            self._compute(node)

    @property
    def lines(self) -> list[str]:
        """The statements."""
        return self.block.lines

    def _compute(self, node: GraphNode) -> None:
        self._head(node)
        if node is self._end:
            self._arrays[node] = self._target
            self._fill(node, self._target)
            return
        if size(node) == 1 and node.operation not in ("concatenate", "argmax"):
            value = self._value(node, ("0",) * len(node.shape), self.block, kept=True)
            if value.text.isidentifier():
                self._arrays[node] = value.text
                return
            name = self._arrays[node] = self._names.new(self._words.called(node))
            self.block.add(f"const {type_of(node.dtype)} {name} = {value.text};")
            return
        name = self._arrays[node] = self._names.new(self._words.called(node))
        self.stack += size(node) * (8 if node.dtype == np.float64 else 4)
        if node.operation == "concatenate" and all(size(one) == 1 for one in node.inputs):
            self._list(node, name)
            return
        count = "" if size(node) == 1 else f"[{max(size(node), 1)}]"
        self.block.add(f"{type_of(node.dtype)} {name}{count};")
        self._fill(node, name)

    def _list(self, node: GraphNode, name: str) -> None:
        """An array of single numbers."""
        block = self.block
        each = [self._value(one, ("0",) * len(one.shape), block).text for one in node.inputs]
        head = f"const {type_of(node.dtype)} {name}[{len(each)}] = {{"
        if len(head) + sum(len(one) + 2 for one in each) < WIDTH - 4:
            block.add(f"{head}{', '.join(each)}}};")
            return
        block.add(head)
        block.lines += [f"    {line}" for line in filled(each)]
        block.add("};")

    def _fill(self, node: GraphNode, name: str) -> None:
        if node.operation == "concatenate":
            first = 0
            for part in node.inputs:
                if size(part):
                    self._loops(part, node, name, first)
                first += part.shape[node.axis]
        elif node.operation == "argmax":
            self._argmax(node, name)
        else:
            self._loops(node, node, name, 0)

    def _loops(self, part: GraphNode, whole: GraphNode, name: str, first: int) -> None:
        """Loops over the numbers of a part, which begins at `first` of the axis of a concatenation."""
        blocks, index = [self.block], []
        for length in part.shape:
            if length == 1:
                index.append("0")
                continue
            variable = LETTERS[blocks[-1].depth]
            blocks.append(blocks[-1].loop(variable, length))
            index.append(variable)
        value = self._value(part, tuple(index), blocks[-1], kept=part is whole)
        if first:
            index[whole.axis] = _sum(index[whole.axis], str(first))
        target = name if size(whole) == 1 else _element(name, index, whole.shape)
        blocks[-1].add(f"{target} = {value.text};")
        for block in reversed(blocks[1:]):
            block.end()

    def _argmax(self, node: GraphNode, name: str) -> None:
        array = node.inputs[0]
        blocks, index = [self.block], []
        for axis, length in enumerate(array.shape):
            if axis == node.axis:
                continue
            if length == 1:
                index.append("0")
                continue
            variable = LETTERS[blocks[-1].depth]
            blocks.append(blocks[-1].loop(variable, length))
            index.append(variable)
        own = name if size(node) == 1 else _element(name, index, node.shape)
        inner, k = blocks[-1], LETTERS[blocks[-1].depth]
        inner.add(f"{own} = 0;")
        body = inner.loop(k, array.shape[node.axis])
        one, best = (
            self._value(array, (*index[: node.axis], at, *index[node.axis :]), body).text for at in (k, own)
        )
        body.add(f"if ({one} > {best}) {own} = {k};")
        for block in (body, *reversed(blocks[1:])):
            block.end()

    def _head(self, node: GraphNode) -> None:
        """A comment where a new part begins."""
        part = self._words.parts[node.inputs[0] if node.operation == "cast" else node]
        if part and part != self._part:
            self.block.lines += [*([""] if self.block.lines else []), f"    /* {part} */"]
            self._part = part

    def _value(self, node: GraphNode, index: Index, block: CodeBlock, *, kept: bool = False) -> Code:
        """One number of an array, from statements of the block where one expression would be long."""
        if node.is_constant:
            return self._constant(node, index)
        if node.operation == "input":
            return Code(self._input(node, index))
        if node in self._arrays and not kept:
            name = self._arrays[node]
            return Code(name if size(node) == 1 else _element(name, index, node.shape))
        if (node, index) in block.known:
            return block.known[node, index]
        value = self._computed(node, index, block)
        shared = self._memory.is_shared(node)
        if is_scalar_operation(node) and not kept and (shared or len(value.text) > LONGEST):
            name = self._names.new(self._words.called(node))
            block.add(f"const {type_of(node.dtype)} {name} = {value.text};")
            value = Code(name)
        block.known[node, index] = value
        return value

    def _computed(self, node: GraphNode, index: Index, block: CodeBlock) -> Code:
        if is_scalar_operation(node):
            operands = [self._value(one, _broadcast(index, one.shape), block) for one in node.inputs]
            return term(node, operands)
        if node.operation in SUMS:
            return self._total(node, index, block)
        if node.operation in MOVED:
            return MOVED[node.operation](self, node, index, block)
        raise SpecError(f"model.c: {node.operation} cannot be written in C")

    def _total(self, node: GraphNode, index: Index, block: CodeBlock) -> Code:
        """A sum, product or largest, by a loop in front."""
        kind = type_of(node.dtype)
        word = {"matmul": "sum", "mean": "sum"}.get(node.operation, node.operation)
        k = LETTERS[block.depth]
        # a name inside braces may be that of others elsewhere
        own = word if block.depth and not block.sums else ""
        name = own or self._names.new("total" if word == "sum" else self._words.called(node))
        block.sums += 1
        array = node.inputs[0]
        count = array.shape[-1] if node.operation == "matmul" else array.shape[node.axis]
        start = {"max": "-INFINITY", "min": "INFINITY"}.get(word, literal(np.zeros((), node.dtype)[()]).text)
        if kind == "int":
            start = "1" if word == "min" else "0"
        block.add(f"{kind} {name} = {start};")
        body = block.loop(k, count)
        if node.operation == "matmul":
            *batch, row, column = index
            left = self._value(array, _broadcast((*batch, row, k), array.shape), body)
            other = node.inputs[1]
            right = self._value(other, _broadcast((*batch, k, column), other.shape), body)
            body.add(f"{name} += {left.at_least(PRODUCT)} * {right.at_least(PRODUCT + 1)};")
        else:
            value = self._value(array, _with_axis(node, index, k), body)
            body.add(_gathered(node, name, value))
        body.end()
        if node.operation == "mean":
            return Code(f"{name} / {literal(node.dtype.type(count)).text}", PRODUCT)
        return Code(name)

    def _constant(self, node: GraphNode, index: Index) -> Code:
        if size(node) == 1:
            return literal(node.constant.reshape(-1)[0])
        if node.dtype.kind == "i" and np.array_equal(node.constant.reshape(-1), np.arange(size(node))):
            return Code(_offset(index, node.shape), SUM)
        name = self._constants.array(node.constant, self._word_of(node))
        return Code(_element(name, index, node.shape))

    def _word_of(self, node: GraphNode) -> str:
        if node.name:
            return node.name
        for one in in_order([self._end]):
            if node in one.inputs:
                return self._words.purpose(one, one.inputs.index(node))
        return "numbers"

    def _input(self, node: GraphNode, index: Index) -> str:
        name = self._inputs[str(node.options["column"])]
        return name if size(node) == 1 else _element(name, index, node.shape)

    # moves

    def _reshape(self, node: GraphNode, index: Index, block: CodeBlock) -> Code:
        array = node.inputs[0]
        known = [at for at, length in zip(index, node.shape, strict=True) if length != 1]
        lengths = [length for length in array.shape if length != 1]
        if lengths == [length for length in node.shape if length != 1]:
            rest = iter(known)
            own = tuple("0" if length == 1 else next(rest) for length in array.shape)
            return self._value(array, own, block)
        flat = replace(node, inputs=()) if array.is_constant else array
        if flat not in self._arrays and array.operation != "input":
            raise SpecError(f"model.c: reshape of {array.operation} cannot be written in C")
        name = self._arrays[array] if array in self._arrays else self._input(array, ("0",) * len(array.shape))
        return Code(_element(name, index, node.shape))

    def _swapaxes(self, node: GraphNode, index: Index, block: CodeBlock) -> Code:
        own = list(index)
        first, second = node.number("first"), node.number("second")
        own[first], own[second] = own[second], own[first]
        return self._value(node.inputs[0], tuple(own), block)

    def _slice(self, node: GraphNode, index: Index, block: CodeBlock) -> Code:
        own = list(index)
        own[node.axis] = _sum(_product(own[node.axis], node.number("step")), str(node.number("start")))
        return self._value(node.inputs[0], tuple(own), block)

    def _take(self, node: GraphNode, index: Index, block: CodeBlock) -> Code:
        array, positions = node.inputs
        axes = len(positions.shape)
        at = self._value(positions, index[node.axis : node.axis + axes], block)
        own = (*index[: node.axis], at.at_least(ATOM), *index[node.axis + axes :])
        return self._value(array, own, block)

    def _expand(self, node: GraphNode, index: Index, block: CodeBlock) -> Code:
        return self._value(node.inputs[0], _broadcast(index, node.inputs[0].shape), block)

    def _interp(self, node: GraphNode, index: Index, block: CodeBlock) -> Code:
        x, *points = node.inputs
        value = self._value(x, index, block)
        names = [
            self._constants.array(one.constant, self._words.purpose(node, k + 1))
            for k, one in enumerate(points)
        ]
        return Code(f"interpolated({value.text}, {', '.join(names)}, {size(points[0])})")

    def _lookup(self, node: GraphNode, index: Index, block: CodeBlock) -> Code:
        text = self._value(node.inputs[0], index, block)
        name = self._constants.table(node)
        return Code(f"position_of({text.text}, {name}, {len(node.table or ())}, {node.number('other')})")

    def _has_word(self, node: GraphNode, index: Index, block: CodeBlock) -> Code:
        text = self._value(node.inputs[0], index, block)
        return Code(f"has_word({text.text}, {quoted(str(node.options['word']))})")


MOVED = {
    "reshape": RowFunction._reshape,
    "swapaxes": RowFunction._swapaxes,
    "slice": RowFunction._slice,
    "take": RowFunction._take,
    "expand": RowFunction._expand,
    "interp": RowFunction._interp,
    "lookup": RowFunction._lookup,
    "has_word": RowFunction._has_word,
}
HELPERS = {"max", "min", "interp", "lookup", "has_word"}


def _helper(node: GraphNode) -> str:
    """The function of the file that an operation needs besides those named like it; "" for none."""
    if node.operation in ("max", "min"):
        kind = type_of(node.dtype)
        name = {"max": "maximum", "min": "minimum"}[node.operation]
        return "" if kind == "int" else name + ("_f" if kind == "float" else "")
    return {"interp": "interpolated", "lookup": "position_of", "has_word": "has_word"}[node.operation]


def _gathered(node: GraphNode, name: str, value: Code) -> str:
    if node.operation in ("sum", "mean"):
        return f"{name} += {value.text};"
    if type_of(node.dtype) == "int":
        return (
            f"if ({value.text}) {name} = {int(node.operation == 'max')};"
            if node.operation == "max"
            else (f"if (!{value.at_least(ATOM)}) {name} = 0;")
        )
    function = _helper(node)
    return f"{name} = {function}({name}, {value.text});"


def _with_axis(node: GraphNode, index: Index, k: str) -> Index:
    """The index of a reduced array with the axis that is gone."""
    before = index[: node.axis]
    return (*before, k, *index[node.axis + (1 if node.options.get("keepdims") else 0) :])


def _broadcast(index: Index, shape: Sequence[int]) -> Index:
    """The index of an operand of this shape."""
    last = index[len(index) - len(shape) :] if shape else ()
    return tuple("0" if length == 1 else at for at, length in zip(last, shape, strict=True))


def _element(name: str, index: Sequence[str], shape: Sequence[int]) -> str:
    return f"{name}[{_offset(index, shape)}]"


def _offset(index: Sequence[str], shape: Sequence[int]) -> str:
    """The place of an element in an array that lies row by row."""
    terms = []
    for axis, at in enumerate(index):
        if shape[axis] != 1 and at != "0":
            terms.append(_product(at, math.prod(shape[axis + 1 :])))
    return " + ".join(terms) or "0"


def _product(at: str, factor: int) -> str:
    if factor == 1 or at == "0":
        return at
    if at.lstrip("-").isdigit():
        return str(int(at) * factor)
    return f"({at}) * {factor}" if " " in at else f"{at} * {factor}"


def _sum(at: str, other: str) -> str:
    if at.lstrip("-").isdigit() and other.isdigit():
        return str(int(at) + int(other))
    return at if other == "0" else f"{at} + {other}"
