"""A run's prediction as an ONNX model: from columns to labels and probabilities, or to numbers.

All is written in operators of opset 17, which onnxruntime computes in float32 and in float64, and where
columns hold text in LabelEncoder of ai.onnx.ml 3.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nettrain.errors import SpecError
from nettrain.export.prediction import PredictionGraph

if TYPE_CHECKING:
    import onnx

INSTALL = 'an ONNX model needs the onnx package: pip install "nettrain[onnx]"'


def files(graph: PredictionGraph, stem: str) -> Mapping[str, bytes]:
    """The content of the file. Raises SpecError where onnx is not installed."""
    return {f"{stem}.onnx": onnx_model(graph).SerializeToString(deterministic=True)}


def onnx_model(graph: PredictionGraph) -> "onnx.ModelProto":
    """The model, which `onnx.save` writes to a file. Raises SpecError where onnx is not installed."""
    try:
        from nettrain.export.onnx_model.model import model
    except ModuleNotFoundError as error:
        if error.name != "onnx":
            raise
        raise SpecError(INSTALL) from None
    return model(graph)
