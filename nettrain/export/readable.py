"""A graph as people read it: without needless axes, moves of columns and operations that a language lacks."""

from collections.abc import Collection
from dataclasses import dataclass

from nettrain.export.node import GraphNode, in_order
from nettrain.export.prediction import PredictionGraph
from nettrain.export.primitives import lowered
from nettrain.export.selection import selected
from nettrain.export.simplification import rewritten, simplified
from nettrain.export.squeezing import squeezed

PREDICTIONS = "predictions"  # the column by which decisions take what was predicted


@dataclass(frozen=True, eq=False)
class ReadableGraph:
    """The predictions of a run, and the decisions, which take the predictions as an input of that name."""

    predictions: GraphNode
    decisions: GraphNode | None


def readable(graph: PredictionGraph, known: Collection[str]) -> ReadableGraph:
    """The same numbers in operations that are `known`."""
    decisions = None
    if graph.decisions is not None:
        given = GraphNode(
            "input",
            graph.predictions.shape,
            graph.predictions.dtype,
            options={"column": PREDICTIONS},
            name=PREDICTIONS,
        )
        (end,) = rewritten([graph.decisions], lambda node: given if node is graph.predictions else node)
        decisions = _shorter(end, known)
    return ReadableGraph(_shorter(graph.predictions, known), decisions)


def _shorter(end: GraphNode, known: Collection[str]) -> GraphNode:
    (node,) = simplified(squeezed(selected(lowered([end], known))))
    return node


def typical_cells(graph: PredictionGraph) -> dict[str, float]:
    """A number for each column of numbers whose gaps are filled with it."""
    found = {one.name: 1.0 for one in graph.columns if one.kind == "number"}
    for node in in_order([graph.predictions]):
        if node.operation != "where" or node.inputs[0].operation != "isnan" or not node.inputs[1].is_constant:
            continue
        filled, cells = node.inputs[1].constant.reshape(-1), node.inputs[2]
        parts = cells.inputs if cells.operation == "concatenate" else (cells,)
        for part, value in zip(parts, filled, strict=False):
            one = part.inputs[0] if part.operation == "reshape" else part
            if one.options.get("column") in found:
                found[str(one.options["column"])] = float(value)
    return found


def text_values(graph: PredictionGraph) -> dict[str, list[str]]:
    """The categories of each column of text, as they are spelled in the data."""
    found: dict[str, list[str]] = {}
    for node in in_order([graph.predictions]):
        if node.table is None:
            continue
        gap = node.table[""]
        spelled: dict[int, str] = {}
        for text, position in node.table.items():
            if position != gap:
                spelled.setdefault(position, text)
        found.setdefault(str(node.inputs[0].options["column"]), list(spelled.values()))
    return found
