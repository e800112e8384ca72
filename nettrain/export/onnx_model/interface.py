"""What an ONNX model takes and gives, as nodes of the graph.

Every column is an input (N, 1) under its own name: numbers in the dtype of the model, text as strings, and
dates as float64 in every model, since float32 cannot hold seconds since 1970. A matrix is (N, C).

Of classes the outputs are `label` (N,), of labels (N, L), and `probabilities`, or `scores` where the loss
has no probabilities, (N, K); of numbers they are the targets, each (N, 1) under its own name.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nettrain.backend.base import HostArray
from nettrain.export.columns import MATRIX
from nettrain.export.node import ROWS, GraphNode, constant
from nettrain.export.prediction import PredictionGraph
from nettrain.export.simplification import rewritten
from nettrain.export.traced import Traced, part_of
from nettrain.store.predictions import as_spelled_numbers

FLOAT64 = np.dtype(np.float64)


@dataclass(frozen=True, eq=False)
class NamedOutput:
    """An array that the model gives, and its name."""

    name: str
    node: GraphNode


def inputs_of(graph: PredictionGraph) -> list[GraphNode]:
    """The arrays that the model takes, in the order of the columns."""
    number = np.dtype(graph.dtype)
    if graph.matrix:
        return [_input(MATRIX, len(graph.columns), number)]
    dtypes = {"number": number, "date": FLOAT64, "text": np.dtype(np.str_)}
    return [_input(one.name, 1, dtypes[one.kind]) for one in graph.columns]


def _input(name: str, columns: int, dtype: np.dtype[np.generic]) -> GraphNode:
    return GraphNode("input", (ROWS, columns), dtype, options={"column": name}, name=name)


def outputs_of(graph: PredictionGraph) -> list[NamedOutput]:
    """The arrays that the model gives, computed from `inputs_of`."""
    given = {str(one.options["column"]): one for one in inputs_of(graph)}

    def rule(node: GraphNode) -> GraphNode:
        if node.operation != "input":
            return node
        source = Traced(given[str(node.options["column"])])
        return (source if node.dtype.kind == "U" else source.astype(node.dtype)).reshape(node.shape).node

    predictions, *decisions = rewritten(graph.ends, rule)
    found = list(_outputs(graph, predictions, decisions))
    names = _distinct([one.name for one in found], set(given))
    return [replace(one, name=name) for one, name in zip(found, names, strict=True)]


def _outputs(
    graph: PredictionGraph, predictions: GraphNode, decisions: Sequence[GraphNode]
) -> Iterator[NamedOutput]:
    task = graph.task
    with part_of("prediction"):
        values = Traced(predictions).astype(graph.dtype)
        for decided in decisions:
            yield NamedOutput("label", decided if task.targets == "labels" else _classes(graph, decided))
        if decisions:
            yield NamedOutput("probabilities" if task.probabilities else "scores", values.node)
        else:
            for k, name in enumerate(task.names):
                yield NamedOutput(name, values[:, k : k + 1].node)


def class_values(graph: PredictionGraph) -> HostArray:
    """The classes (K,) as `nettrain predict` has them: text, or numbers if all are spelled as numbers."""
    import polars as pl

    names = pl.Series(graph.task.classes, dtype=pl.String)
    values = as_spelled_numbers(names) if graph.numeric_classes else names
    return np.array(values.to_list())


def _classes(graph: PredictionGraph, positions: GraphNode) -> GraphNode:
    """The classes (N,) at these positions."""
    classes = class_values(graph)
    if classes.dtype == np.int64 and np.array_equal(classes, np.arange(len(classes))):
        return positions
    found = replace(positions, operation="take", dtype=classes.dtype, options={"axis": 0})
    return replace(found, inputs=(constant(classes, "classes", positions.part), positions))


def _distinct(names: Sequence[str], taken: set[str]) -> Iterator[str]:
    """Each name, or `predicted_` before it where a column has that name already."""
    for name in names:
        free = name
        while free in taken:
            free = f"predicted_{free}"
        yield free
