"""The whole ONNX model: graph, outputs and metadata."""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from nettrain import __version__
from nettrain.errors import SpecError
from nettrain.export.columns import MATRIX
from nettrain.export.node import GraphNode, in_order
from nettrain.export.onnx_model.idioms import with_idioms
from nettrain.export.onnx_model.inputs import columns, input_dtypes, input_infos, with_columns_joined
from nettrain.export.onnx_model.operations import KNOWN, cast, elem_type, written
from nettrain.export.onnx_model.writer import ML, OnnxWriter
from nettrain.export.prediction import PredictionGraph
from nettrain.export.primitives import lowered

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

OPSET, ML_OPSET, IR = 17, 3, 8
INSTALL = 'onnx is not installed: pip install "nettrain[onnx]"'


def files(graph: PredictionGraph, stem: str) -> Mapping[str, bytes]:
    """The one file of a model."""
    content: bytes = onnx_model(graph).SerializeToString(deterministic=True)
    return {f"{stem}.onnx": content}


def onnx_model(graph: PredictionGraph) -> "ModelProto":
    """The model of a prediction. Raises SpecError where onnx is missing, or an operation in it."""
    try:
        from onnx import helper
    except ImportError as error:
        raise SpecError(INSTALL) from error
    names = output_names(graph)
    writer = OnnxWriter([*input_dtypes(graph), *names])
    outputs = _outputs(graph, writer, _arrays(graph, writer), names)
    made = helper.make_graph(writer.nodes, "prediction", input_infos(graph), outputs, writer.constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
    model = helper.make_model(made, opset_imports=opsets, ir_version=IR, producer_name="nettrain")
    model.producer_version = __version__
    model.doc_string = f"The prediction of {graph.name}, trained with nettrain {__version__}."
    helper.set_model_props(model, metadata(graph))
    return model


def _arrays(graph: PredictionGraph, writer: OnnxWriter) -> list[str]:
    """Write all nodes; returns the names of predictions and decisions."""
    known = KNOWN - {"erfc"} if graph.dtype == "float64" else KNOWN  # no runtime has it in float64
    ends = with_columns_joined(with_idioms(lowered(graph.ends, known)), graph)
    dtypes = input_dtypes(graph)
    names: dict[GraphNode, str] = {}
    for node in in_order(ends):
        if node.operation in ("input", "columns"):
            names[node] = columns(writer, node, dtypes)
        else:
            names[node] = written(writer, node, [names[one] for one in node.inputs])
    return [names[end] for end in ends]


def output_names(graph: PredictionGraph) -> list[str]:
    """`label` and `probabilities` or `scores`; of numbers the names of the targets."""
    if graph.task.targets == "numbers":
        taken = {*input_dtypes(graph)}
        return [name if name not in taken else f"predicted_{name}" for name in graph.task.names]
    return ["label", "probabilities" if graph.task.probabilities else "scores"]


def _outputs(
    graph: PredictionGraph, writer: OnnxWriter, arrays: list[str], names: list[str]
) -> "list[ValueInfoProto]":
    from onnx import helper

    dtype, (predictions, *decisions) = np.dtype(graph.dtype), arrays
    narrow = predictions if dtype == np.float64 else cast(writer, predictions, dtype)
    width = graph.predictions.shape[1]
    if not decisions:
        return [_number(writer, narrow, k, name, dtype, width) for k, name in enumerate(names)]
    label, label_dtype = _labels(graph, writer, decisions[0])
    shape = ["N", width] if graph.task.targets == "labels" else ["N"]
    writer.output(label, names[0])
    writer.output(narrow, names[1])
    return [
        helper.make_tensor_value_info(names[0], elem_type(label_dtype), shape),
        helper.make_tensor_value_info(names[1], elem_type(dtype), ["N", width]),
    ]


def _number(
    writer: OnnxWriter, source: str, k: int, name: str, dtype: "np.dtype[np.generic]", width: int
) -> "ValueInfoProto":
    """One target of several: (N, 1)."""
    from onnx import helper

    if width > 1:
        source = writer.add("Gather", source, writer.constant(np.array([k], np.int64), "column"), axis=1)
    writer.output(source, name)
    return helper.make_tensor_value_info(name, elem_type(dtype), ["N", 1])


def class_values(graph: PredictionGraph) -> "np.ndarray":
    """The classes (K,) as predictions show them: text, or numbers if all are spelled as numbers."""
    import polars as pl

    from nettrain.store.predictions import as_spelled_numbers

    names = pl.Series(graph.task.classes, dtype=pl.String)
    values = as_spelled_numbers(names) if graph.numeric_classes else names
    return np.array(values.to_list())


def _labels(graph: PredictionGraph, writer: OnnxWriter, decisions: str) -> "tuple[str, np.dtype[np.generic]]":
    """The classes of the rows, or 0 and 1 for each label."""
    if graph.task.targets == "labels":
        return decisions, np.dtype(np.int64)
    values = class_values(graph)
    return writer.add("Gather", writer.constant(values, "classes"), decisions, axis=0), values.dtype


def metadata(graph: PredictionGraph) -> dict[str, str]:
    """What the model says of itself."""
    config = json.dumps(graph.experiment.model_dump(mode="json"), sort_keys=True)
    return {
        "nettrain": __version__,
        "experiment": graph.name,
        "config_sha256": hashlib.sha256(config.encode()).hexdigest(),
        "task": graph.task.targets,
        "targets": json.dumps(list(graph.task.names), ensure_ascii=False),
        "classes": json.dumps(class_values(graph).tolist() if graph.task.classes else [], ensure_ascii=False),
        "columns": json.dumps({one.name: one.kind for one in graph.columns}, ensure_ascii=False),
        "input": MATRIX if graph.matrix else "columns",
    }
