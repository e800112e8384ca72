"""`model.c` and `model.h`: the prediction of one row in C99, without allocation, weights as constants."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from nettrain import __version__
from nettrain.export.c_source.constants import KEYWORDS, ConstantArrays, comment_text, quoted
from nettrain.export.c_source.functions import definition
from nettrain.export.c_source.loops import RowFunction
from nettrain.export.c_source.scalars import KNOWN
from nettrain.export.columns import MATRIX, ColumnInput
from nettrain.export.identifiers import Identifiers, identifier
from nettrain.export.prediction import PredictionGraph
from nettrain.export.readable import PREDICTIONS, readable, text_values, typical_cells

WIDTH = 96
MOST_SHOWN = 6  # columns in the example
KINDS = {
    "number": "NaN is a gap",
    "text": 'NULL or "" is a gap',
    "date": "seconds since 1970 UTC, NaN is a gap",
}


def files(graph: PredictionGraph, stem: str) -> Mapping[str, bytes]:
    """The source `stem`.c, and its header."""
    source = CSource(graph, stem)
    return {f"{stem}.c": source.source.encode(), f"{stem}.h": source.header.encode()}


@dataclass(frozen=True)
class CField:
    """A member of a struct: its declaration, and what a comment says of it."""

    declaration: str
    comment: str

    def line(self, width: int) -> str:
        """The declaration with its comment behind it."""
        return f"    {self.declaration + ';':{width}} /* {comment_text(self.comment)} */"


class CSource:
    """The two files of a graph."""

    def __init__(self, graph: PredictionGraph, stem: str) -> None:
        self._graph, self._stem = graph, stem
        base = identifier(stem) or "model"
        self._name = f"{base}_model" if base in KEYWORDS else base
        names = Identifiers(KEYWORDS)
        self._fields = {one.name: names.new(one.name, one.kind) for one in graph.columns}
        parts = readable(graph, KNOWN)
        self._constants = ConstantArrays([f"{self._name}_{end}" for end in ("row", "prediction", "classes")])
        self._network = RowFunction(parts.predictions, self._constants, self._inputs, self._predicted)
        self._decisions: RowFunction | None = None
        if parts.decisions is not None:
            given = {PREDICTIONS: self._predicted}
            self._decisions = RowFunction(
                parts.decisions, self._constants, given, self._decided, "prediction"
            )

    @property
    def _inputs(self) -> dict[str, str]:
        if self._graph.matrix:
            return {MATRIX: "row->x" if len(self._graph.columns) > 1 else "row->x[0]"}
        return {column: f"row->{field}" for column, field in self._fields.items()}

    @property
    def _count(self) -> int:
        """How many numbers are predicted."""
        return self._graph.predictions.shape[1]

    @property
    def _values(self) -> str:
        """The field of the predictions."""
        if self._graph.task.targets == "numbers":
            return "value" if self._count == 1 else "values"
        return "probabilities" if self._graph.task.probabilities else "scores"

    @property
    def _predicted(self) -> str:
        single = self._count == 1 and self._graph.task.targets != "numbers"
        return f"out->{self._values}[0]" if single else f"out->{self._values}"

    @property
    def _decided(self) -> str:
        if self._graph.task.targets != "labels":
            return "out->label"
        return "out->labels" if self._count > 1 else "out->labels[0]"

    @cached_property
    def header(self) -> str:
        """The text of the header."""
        guard = f"{self._name.upper()}_H"
        task = self._graph.task
        lines = [
            *self._comment(),
            f"#ifndef {guard}",
            f"#define {guard}",
            "",
            "#ifdef __cplusplus",
            'extern "C" {',
            "#endif",
            "",
            *self._sizes(),
            "",
            *_struct(f"{self._name}_row", self._row()),
            "",
            *_struct(f"{self._name}_prediction", self._prediction()),
            "",
        ]
        if task.classes:
            lines += [f"extern const char *const {self._name}_classes[{len(task.classes)}];", ""]
        lines += [
            f"void {self._name}_predict(const {self._name}_row *row, {self._name}_prediction *out);",
            "",
            "#ifdef __cplusplus",
            "}",
            "#endif",
            "",
            "#endif",
            "",
        ]
        return "\n".join(lines)

    @cached_property
    def source(self) -> str:
        """The text of the source."""
        task = self._graph.task
        functions = self._network.functions | (self._decisions.functions if self._decisions else set())
        lines = [
            f"/* See {self._stem}.h. Written by nettrain {__version__}. */",
            f'#include "{self._stem}.h"',
            "",
            "#include <math.h>",
            "#include <string.h>",
            "",
        ]
        if task.classes:
            count = len(task.classes)
            lines += [
                f"const char *const {self._name}_classes[{count}] = {{",
                *(f"    {quoted(one)}," for one in task.classes),
                "};",
                "",
            ]
        lines += [*self._constants.definitions(), ""]
        lines += [definition(one) for one in sorted(functions - {""})]
        lines += [
            f"void {self._name}_predict(const {self._name}_row *row, {self._name}_prediction *out)",
            "{",
            *self._network.lines,
            *(["", "    /* decision */", *self._decisions.lines] if self._decisions else []),
            "}",
            "",
        ]
        return "\n".join(lines)

    def _sizes(self) -> Iterator[str]:
        task, name = self._graph.task, self._name.upper()
        words = {"numbers": "TARGETS", "labels": "LABELS"}
        sizes = {
            f"{name}_COLUMNS": len(self._graph.columns),
            f"{name}_{words.get(task.targets, 'CLASSES')}": self._count,
        }
        yield f"enum {{ {', '.join(f'{one} = {size}' for one, size in sizes.items())} }};"

    def _row(self) -> Sequence[CField]:
        if self._graph.matrix:
            count = len(self._graph.columns)
            shown = ", ".join(one.name for one in self._graph.columns[:MOST_SHOWN])
            more = ", …" if count > MOST_SHOWN else ""
            return [CField(f"double x[{count}]", f"{shown}{more}; NaN is a gap")]
        return [self._cell(one) for one in self._graph.columns]

    def _cell(self, column: ColumnInput) -> CField:
        field = self._fields[column.name]
        kind = "const char *" if column.kind == "text" else "double "
        named = "" if column.name == field else f"{column.name}: "
        return CField(f"{kind}{field}", f"{named}{KINDS[column.kind]}")

    def _prediction(self) -> Iterator[CField]:
        task = self._graph.task
        if task.targets == "numbers":
            count = "" if self._count == 1 else f"[{self._count}]"
            yield CField(f"double {self._values}{count}", ", ".join(task.names))
            return
        if task.targets == "labels":
            names = ", ".join(task.names)
            yield CField(f"int labels[{self._count}]", f"0 or 1: {names}")
            yield CField(f"double {self._values}[{self._count}]", "of 1")
            return
        yield CField("int label", f"{task.names[0]}: a place in {self._name}_classes")
        yield CField(f"double {self._values}[{self._count}]", "of each class")

    def _comment(self) -> Iterator[str]:
        """The comment at the top of the header."""
        task, bytes_of = self._graph.task, self._constants.bytes
        kind = "float" if self._graph.dtype == "float32" else "double"
        stack = self._network.stack + (self._decisions.stack if self._decisions else 0)
        text = (
            f"Predicts {' and '.join(task.names)} of one row: a neural network in C99, written by nettrain"
            f" {__version__}. It allocates nothing and writes to *out alone, so threads may share it. Inside"
            f" the network numbers are {kind}; constants take"
            f" {_kilobytes(bytes_of)}, arrays on the stack {stack} bytes."
        )
        lines = textwrap.wrap(comment_text(text), WIDTH)
        yield f"/* {lines[0]}"
        yield from (f" * {line}" for line in lines[1:])
        yield " *"
        yield f" *     cc -std=c99 -O2 main.c {self._stem}.c -lm"
        yield " *"
        yield from (f" *     {comment_text(line)}" for line in self.example())
        yield " */"

    def example(self) -> Iterator[str]:
        """Statements that predict a row and print what is predicted."""
        task, name = self._graph.task, self._name
        cells = list(self._cells())
        short = f"{name}_row row = {{{', '.join(cells)}}};"
        if len(short) <= WIDTH and "//" not in short:
            yield short
        else:
            yield f"{name}_row row = {{"
            yield from (f"    {cell}" if cell.startswith("//") else f"    {cell}," for cell in cells)
            yield "};"
        yield f"{name}_prediction out;"
        yield f"{name}_predict(&row, &out);"
        if task.classes:
            values = f"out.{self._values}[out.label]"
            yield f'printf("%s %g\\n", {name}_classes[out.label], {values});'
        elif task.targets == "labels":
            yield f'printf("%d %g\\n", out.labels[0], out.{self._values}[0]);'
        else:
            yield f'printf("%g\\n", out.{self._values}{"" if self._count == 1 else "[0]"});'

    def _cells(self) -> Iterator[str]:
        """The initializers of a typical row."""
        numbers = typical_cells(self._graph)
        values = text_values(self._graph)
        shown = self._graph.columns[:MOST_SHOWN]
        cells = []
        for one in shown:
            value = {"number": f"{numbers.get(one.name, 1.0):.6g}", "date": "1709164800"}.get(one.kind)
            value = value or quoted(next(iter(values.get(one.name, [])), ""))
            cells.append(value if self._graph.matrix else f".{self._fields[one.name]} = {value}")
        more = ["// and the others"] if len(self._graph.columns) > MOST_SHOWN else []
        yield from [f"{{{', '.join(cells)}}}"] if self._graph.matrix else cells
        yield from more


def _struct(name: str, fields: "Sequence[CField] | Iterator[CField]") -> Iterator[str]:
    members = list(fields)
    width = max(len(one.declaration) for one in members) + 1
    yield "typedef struct {"
    yield from (one.line(width) for one in members)
    yield f"}} {name};"


def _kilobytes(count: int) -> str:
    return f"{count} bytes" if count < 10_000 else f"{count / 1000:.0f} kB"
