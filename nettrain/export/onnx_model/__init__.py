"""A prediction as an ONNX model: `files` for `nettrain export`, `onnx_model` for Python."""

from nettrain.export.onnx_model.model import files, onnx_model

__all__ = ["files", "onnx_model"]
