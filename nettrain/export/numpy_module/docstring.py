"""The docstring of an exported module: what it predicts, from which columns, and how it is called."""

import textwrap
from collections.abc import Iterator

from nettrain import __version__
from nettrain.export.columns import ColumnInput
from nettrain.export.prediction import PredictionGraph
from nettrain.export.readable import text_values, typical_cells

MOST_COLUMNS, MOST_VALUES = 12, 6
WIDTH = 88


def docstring(graph: PredictionGraph, stem: str) -> str:
    """The docstring, in its quotes."""
    text = "\n".join(_lines(graph, stem)).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{text}\n"""'


def targets(graph: PredictionGraph) -> str:
    """What is predicted, in words."""
    return textwrap.shorten(" and ".join(graph.task.names), 40, placeholder=" …")


def example(graph: PredictionGraph) -> dict[str, str]:
    """A cell of each column in code."""
    numbers, values = typical_cells(graph), text_values(graph)
    cells = {"date": '"2024-02-29"'}
    return {
        one.name: cells.get(one.kind)
        or (
            f"{numbers[one.name]:.6g}"
            if one.kind == "number"
            else '"' + next(iter(values.get(one.name, [])), "") + '"'
        )
        for one in graph.columns
    }


def _lines(graph: PredictionGraph, stem: str) -> Iterator[str]:
    task = graph.task
    yield f"Predicts {targets(graph)}: a neural network in NumPy, written by nettrain {__version__}."
    yield ""
    yield from _call(graph, stem)
    yield ""
    if graph.matrix:
        yield f"The columns of the matrix, in this order, NaN in gaps; {graph.dtype} inside the network:"
    else:
        yield "It takes a sequence of each of these columns, such as a data frame; None, NaN or"
        yield f'"" is a gap. Inside the network numbers are {graph.dtype}.'
    yield ""
    yield from _columns(graph)
    yield ""
    results = {
        "numbers": f"predict returns numbers (N,){' or (N, T)' if len(task.names) > 1 else ''}",
        "labels": "predict returns 0 or 1 for each label (N, L)",
    }
    kind = "probabilities" if task.probabilities else "scores"
    more = "" if task.targets == "numbers" else f", {kind} a number for each of {_each(graph)}"
    if len(task.names) > 1 and task.targets == "numbers":
        results["numbers"] = "predict returns numbers (N, T), one for each of TARGETS"
    result = results.get(task.targets, "predict returns one of CLASSES for each row")
    yield from textwrap.wrap(f"{result}{more}. As a program it takes a CSV file:", WIDTH)
    yield ""
    yield f"    python {stem}.py rows.csv"


def _each(graph: PredictionGraph) -> str:
    return "TARGETS" if graph.task.targets == "labels" and len(graph.task.names) > 1 else "them"


def _call(graph: PredictionGraph, stem: str) -> Iterator[str]:
    cells = example(graph)
    yield f"    from {stem} import predict"
    yield ""
    if graph.matrix:
        numbers = ", ".join(list(cells.values())[:MOST_COLUMNS])
        yield f"    predict([[{numbers}{', …' if len(cells) > MOST_COLUMNS else ''}]])"
        return
    pairs = [f'"{name}": [{cell}]' for name, cell in cells.items()]
    shown = ", ".join(pairs[:MOST_COLUMNS]) + (", …" if len(pairs) > MOST_COLUMNS else "")
    short = f"    predict({{{shown}}})"
    if len(short) <= WIDTH:
        yield short
        return
    yield "    predict({"
    yield from (f"        {pair}," for pair in pairs[:MOST_COLUMNS])
    yield from ["        …"] if len(pairs) > MOST_COLUMNS else []
    yield "    })"


def _columns(graph: PredictionGraph) -> Iterator[str]:
    shown = graph.columns[:MOST_COLUMNS]
    width = min(max(len(one.name) for one in shown), 30)
    values = text_values(graph)
    for one in shown:
        yield textwrap.shorten(f"{_kind(one, values)}", WIDTH - width - 8, placeholder=" …").join(
            [f"    {one.name:{width}}   ", ""]
        )
    if len(graph.columns) > MOST_COLUMNS:
        yield f"    and {len(graph.columns) - MOST_COLUMNS} more, see NUMBERS and so on below"


def _kind(column: ColumnInput, values: dict[str, list[str]]) -> str:
    if column.kind == "number":
        return "number"
    if column.kind == "date":
        return "date: datetime64, or text such as 2024-02-29 or 2024-02-29 13:45"
    known = values.get(column.name, [])
    return f"text: {', '.join(known[:MOST_VALUES])}{', …' if len(known) > MOST_VALUES else ''}"
