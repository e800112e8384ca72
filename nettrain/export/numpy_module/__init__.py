"""`model.py`: the prediction as a module of Python that needs NumPy alone, written to be read."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from nettrain.data.tables.names import distinct_names
from nettrain.export.columns import MATRIX
from nettrain.export.identifiers import Identifiers
from nettrain.export.numpy_module.docstring import docstring
from nettrain.export.numpy_module.functions import BY_KIND, helpers, imports
from nettrain.export.numpy_module.infix import KNOWN
from nettrain.export.numpy_module.literals import WIDTH, definition, filled, in_numbers
from nettrain.export.numpy_module.program import (
    classes_of,
    matrix_reader,
    predict_functions,
    program,
    table_reader,
)
from nettrain.export.numpy_module.statements import Constants, Statements, quoted
from nettrain.export.prediction import PredictionGraph
from nettrain.export.readable import PREDICTIONS, readable

RESERVED = ("NUMBERS", "TEXTS", "DATES", "CLASSES", "TARGETS", "GAPS", "HEADER")
KINDS = {"number": "numbers", "text": "texts", "date": "dates"}
MOST_LINES = 30  # names, one in each line; more of them fill lines


def files(graph: PredictionGraph, stem: str) -> Mapping[str, bytes]:
    """The module `stem`.py."""
    return {f"{stem}.py": NumpyModule(graph, stem).text.encode()}


class NumpyModule:
    """The text of a module that predicts what a graph does."""

    def __init__(self, graph: PredictionGraph, stem: str) -> None:
        self._graph, self._stem = graph, stem
        names = {kind: tuple(one.name for one in graph.columns if one.kind == kind) for kind in BY_KIND}
        self._kinds = {kind: columns for kind, columns in names.items() if columns}
        self._constants = Constants(Identifiers(RESERVED), {names["number"]: "NUMBERS"})
        parts = readable(graph, KNOWN)
        inputs = {MATRIX: "cells"} if graph.matrix else {}
        self._network = Statements(parts.predictions, self._constants, inputs)
        self._decisions = (
            Statements(parts.decisions, self._constants, {PREDICTIONS: "predicted"})
            if parts.decisions
            else None
        )

    @property
    def text(self) -> str:
        """The whole module."""
        code = "".join(
            [*self._functions(), *self._constant_lines(), 'if __name__ == "__main__":\n    main()\n']
        )
        head = [docstring(self._graph, self._stem), "", *imports(code), "", "import numpy as np", ""]
        return "\n".join([*head, *self._columns(), ""]) + code

    def _columns(self) -> Iterator[str]:
        for kind, columns in self._kinds.items():
            yield from _tuple(KINDS[kind].upper(), columns)
        task = self._graph.task
        if task.classes:
            yield f"CLASSES = np.array({classes_of(self._graph)})"
        elif len(task.names) > 1:
            yield from _tuple("TARGETS", task.names)
        kind = "probability" if task.probabilities else "score"
        scores = () if task.targets == "numbers" else task.classes or task.names
        header = distinct_names([*task.names, *(f"{kind}_{name}" for name in scores)])
        if len(header) > 1:
            yield from _tuple("HEADER", header)

    def _functions(self) -> Iterator[str]:
        """All functions, each behind two blank lines."""
        packed = any(not in_numbers(one, self._total) for one in self._constants.arrays.values())
        operations = self._network.operations | (self._decisions.operations if self._decisions else set())
        body = "\n".join(f"    {line}" if line else "" for line in self._network.lines)
        network = f'''
@np.errstate(all="ignore")
def network(cells):
    """{self._what()}"""
{body}
'''
        reader = matrix_reader() if self._graph.matrix else table_reader(self._kinds)
        kinds = () if self._graph.matrix else tuple(self._kinds)
        several = (
            *predict_functions(self._graph, self._decisions.lines if self._decisions else ()),
            network,
            reader,
            *helpers(kinds, operations, packed=packed),
            program(self._graph),
        )
        yield from (f"\n{one}" for one in several)

    def _what(self) -> str:
        task, count = self._graph.task, self._graph.predictions.shape[1]
        if task.targets == "numbers":
            return f"What is predicted (N, {count}) of the rows whose cells these are."
        kind = "probabilities" if task.probabilities else "scores"
        return f"The {kind} (N, {count}) of the rows whose cells these are."

    @property
    def _total(self) -> int:
        return sum(one.size for one in self._constants.arrays.values())

    def _constant_lines(self) -> Iterator[str]:
        yield "\n\n# what was fitted, in the order in which it is used\n# fmt: off\n"
        if not self._graph.matrix:
            gaps = {"": None, **dict.fromkeys(self._graph.experiment.data.missing)}
            gaps |= dict.fromkeys(("None", "nan", "NaT", "<NA>"))
            yield "\n".join(_lines("GAPS = {", [quoted(one) for one in gaps], "}")) + "\n"
        for name, table in self._constants.tables.items():
            yield (
                "\n".join(_lines(f"{name} = {{", [f"{quoted(k)}: {v}" for k, v in table.items()], "}")) + "\n"
            )
        for name, columns in self._constants.columns.items():
            yield "\n".join(_lines(f"{name} = (", [quoted(one) for one in columns], ")")) + "\n"
        for name, array in self._constants.arrays.items():
            yield definition(name, np.asarray(array), self._total) + "\n"
        yield "# fmt: on\n\n"


def _tuple(name: str, texts: Sequence[str]) -> Iterator[str]:
    """The definition of a tuple as formatters leave it, or in full lines where it is long."""
    words = [quoted(one) for one in texts]
    short = f"{name} = ({', '.join(words)}{',' if len(words) == 1 else ''})"
    if len(short) <= WIDTH:
        yield short
    elif len(words) <= MOST_LINES:
        yield from (f"{name} = (", *(f"    {one}," for one in words), ")")
    else:
        yield from ("# fmt: off", *_lines(f"{name} = (", words, ")"), "# fmt: on")


def _lines(opening: str, words: Sequence[str], closing: str) -> list[str]:
    short = f"{opening}{', '.join(words)}{closing}"
    if len(short) <= WIDTH and len(words) > 1:
        return [short]
    return [opening, *filled(words, "    "), closing]
