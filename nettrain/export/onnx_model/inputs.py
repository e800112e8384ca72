"""The inputs of an ONNX model: one (N, 1) for each column, or a matrix."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from nettrain.export.columns import MATRIX
from nettrain.export.node import GraphNode
from nettrain.export.onnx_model.operations import cast, elem_type
from nettrain.export.onnx_model.writer import OnnxWriter
from nettrain.export.prediction import PredictionGraph
from nettrain.export.simplification import rewritten

if TYPE_CHECKING:
    from onnx import ValueInfoProto

Dtypes: TypeAlias = Mapping[str, "np.dtype[np.generic]"]
TEXT, SECONDS = np.dtype(np.str_), np.dtype(np.float64)


def input_dtypes(graph: PredictionGraph) -> dict[str, np.dtype[np.generic]]:
    """The dtype of each input: text, or that of the networks; dates have more digits than float32."""
    number = np.dtype(graph.dtype)
    kinds = {"text": TEXT, "date": SECONDS, "number": number}
    return {MATRIX: number} if graph.matrix else {one.name: kinds[one.kind] for one in graph.columns}


def input_infos(graph: PredictionGraph) -> "list[ValueInfoProto]":
    """The declarations of the inputs."""
    from onnx import helper

    width = len(graph.columns) if graph.matrix else 1
    return [
        helper.make_tensor_value_info(name, elem_type(dtype), ["N", width])
        for name, dtype in input_dtypes(graph).items()
    ]


def with_columns_joined(ends: Sequence[GraphNode], graph: PredictionGraph) -> list[GraphNode]:
    """The graph with one `columns` node in the place of input columns (N, 1) side by side.

    Its table has their names in order; they have one dtype.
    """
    dtypes = input_dtypes(graph)

    def joined(node: GraphNode) -> GraphNode:
        parts = node.inputs if node.operation == "concatenate" else (node,)
        names = [name for part in parts if (name := _column(part)) is not None]
        if len(names) < len(parts) or len({dtypes[name] for name in names}) > 1:
            return node
        table = {name: k for k, name in enumerate(names)}
        return GraphNode("columns", node.shape, node.dtype, table=table, name="columns")

    return rewritten(ends, joined)


def _column(node: GraphNode) -> str | None:
    """The input that a node has as (N, 1)."""
    if node.operation == "columns" and node.table is not None and len(node.table) == 1:
        return next(iter(node.table))
    if node.operation != "reshape" or len(node.shape) != 2 or node.shape[1] != 1:
        return None
    (source,) = node.inputs
    return str(source.options["column"]) if source.operation == "input" else None


def columns(writer: OnnxWriter, node: GraphNode, dtypes: Dtypes) -> str:
    """The array of an `input` or a `columns` node: numbers in float64, in which they are scaled."""
    names = [str(node.options["column"])] if node.table is None else list(node.table)
    source = writer.add("Concat", *names, axis=1, name="columns") if len(names) > 1 else names[0]
    if dtypes[names[0]] == np.float32:
        source = cast(writer, source, SECONDS)
    if len(node.shape) == 1:
        source = writer.add("Reshape", source, writer.constant(np.array([-1], np.int64), "shape"))
    return source
