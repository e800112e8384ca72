"""The kinds of files that a prediction can be written to, by their endings."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from nettrain.errors import SpecError, nearest
from nettrain.export.prediction import PredictionGraph


class Writer(Protocol):
    """A module that writes a prediction down."""

    def files(self, graph: PredictionGraph, stem: str) -> Mapping[str, bytes]:
        """The content of each file by its name, which begins with `stem`; the asked one comes first.

        Raises SpecError with the name of what such a file cannot hold.
        """


@dataclass(frozen=True)
class ExportFormat:
    """A kind of file: what it is, and the module that writes it."""

    what: str
    module: str

    @property
    def writer(self) -> Writer:
        """The module, which is imported when it is needed."""
        return cast(Writer, import_module(self.module))


FORMATS: Mapping[str, ExportFormat] = {
    ".onnx": ExportFormat("an ONNX model", "nettrain.export.onnx_model"),
    ".py": ExportFormat("a Python module that needs NumPy alone", "nettrain.export.numpy_module"),
    ".c": ExportFormat("C99, with its header beside it", "nettrain.export.c_source"),
}


def format_of(path: Path) -> ExportFormat:
    """The format of a file by its ending. Raises SpecError where there is none."""
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise SpecError(f'FILE: {path}: unknown ending "{ending}"{nearest(ending, list(FORMATS))}')
    return FORMATS[ending]
