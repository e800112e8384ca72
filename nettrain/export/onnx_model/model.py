"""The ONNX model of a prediction: its graph, what it takes and gives, and what it says of itself."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256

import onnx
from onnx import helper

import nettrain
from nettrain.experiment.load import to_yaml
from nettrain.export.columns import MATRIX
from nettrain.export.node import GraphNode, in_order, is_rows
from nettrain.export.onnx_model.builder import OnnxBuilder
from nettrain.export.onnx_model.interface import NamedOutput, class_values, inputs_of, outputs_of
from nettrain.export.onnx_model.lowering import in_operators
from nettrain.export.onnx_model.operators import TEXT_DOMAIN, added
from nettrain.export.prediction import PredictionGraph

OPSET, TEXT_OPSET = 17, 3
IR_VERSION = 8  # of the time of this opset, which readers from 2022 on know
WORD_OPSET, WORD_IR_VERSION = 20, 9  # the first with patterns in text, from 2023
ROWS_NAME = "N"


def model(graph: PredictionGraph) -> onnx.ModelProto:
    """The whole model."""
    inputs, outputs = inputs_of(graph), _lowered(outputs_of(graph))
    words = any(node.operation == "has_word" for node in in_order([one.node for one in outputs]))
    opset, ir_version = (WORD_OPSET, WORD_IR_VERSION) if words else (OPSET, IR_VERSION)
    content = _graph(graph.name, inputs, outputs, opset)
    made = helper.make_model(
        content,
        producer_name="nettrain",
        producer_version=nettrain.__version__,
        ir_version=ir_version,
        opset_imports=[helper.make_opsetid("", opset), *_text_opset(content)],
        doc_string=_description(graph),
    )
    helper.set_model_props(made, dict(_metadata(graph)))
    return made


def _text_opset(content: onnx.GraphProto) -> list[onnx.OperatorSetIdProto]:
    """The operators of text, as far as there are any."""
    used = any(node.domain == TEXT_DOMAIN for node in content.node)
    return [helper.make_opsetid(TEXT_DOMAIN, TEXT_OPSET)] if used else []


def _lowered(outputs: Sequence[NamedOutput]) -> list[NamedOutput]:
    nodes = in_operators([one.node for one in outputs])
    return [NamedOutput(one.name, node) for one, node in zip(outputs, nodes, strict=True)]


def _graph(
    name: str, inputs: Sequence[GraphNode], outputs: Sequence[NamedOutput], opset: int
) -> onnx.GraphProto:
    builder = OnnxBuilder([*(node.name for node in inputs), *(one.name for one in outputs)], opset)
    for one in outputs:
        builder.call(one.node, one.name)
    names: dict[GraphNode, str] = {}
    for node in in_order([one.node for one in outputs]):
        names[node] = _name_of(builder, node, [names[before] for before in node.inputs])
    for one in outputs:
        if names[one.node] != one.name:  # an input, a constant, or what has another output's name
            builder.copy(names[one.node], one.name)
    return helper.make_graph(
        builder.nodes,
        name,
        [_value(builder, node.name, node) for node in inputs],
        [_value(builder, one.name, one.node) for one in outputs],
        builder.constants,
    )


def _name_of(builder: OnnxBuilder, node: GraphNode, inputs: Sequence[str]) -> str:
    if node.operation == "input":
        return str(node.options["column"])
    if node.is_constant:
        return builder.constant(node.constant, node.name or f"{node.part} constant".strip())
    return added(builder, node, inputs)


def _value(builder: OnnxBuilder, name: str, node: GraphNode) -> onnx.ValueInfoProto:
    shape = [ROWS_NAME if is_rows(length) else length for length in node.shape]
    return helper.make_tensor_value_info(name, builder.element_type(node.dtype), shape)


def _description(graph: PredictionGraph) -> str:
    """What a viewer shows of the model."""
    targets = ", ".join(graph.task.names)
    return f"Predicts {targets} ({graph.task.targets}), trained by nettrain {nettrain.__version__}."


def _metadata(graph: PredictionGraph) -> Mapping[str, str]:
    """Properties of the model, as text; lists are JSON."""
    config = to_yaml(graph.experiment)
    found = {
        "nettrain": nettrain.__version__,
        "experiment": graph.name,
        "config_sha256": sha256(config.encode()).hexdigest(),
        "task": graph.task.targets,
        "targets": _json(graph.task.names),
        "columns": _json({one.name: one.kind for one in graph.columns}),
        "input": MATRIX if graph.matrix else "columns",
        "dtype": graph.dtype,
    }
    return found | ({"classes": _json(class_values(graph).tolist())} if graph.task.classes else {})


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
