"""Models in C, compiled by the compiler that is there, and called for each row of data."""

import ctypes
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nettrain.export.c_source import files
from nettrain.export.prediction import PredictionGraph

FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
KINDS = {"number": ctypes.c_double, "text": ctypes.c_char_p, "date": ctypes.c_double}


def write_model(graph: PredictionGraph, folder: Path, stem: str) -> Path:
    """Writes both files; the path of the source."""
    contents = files(graph, stem)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder / next(iter(contents))


def compiled(compiler: str, sources: Sequence[Path], *more: str) -> None:
    """Runs the compiler with all warnings as errors."""
    done = subprocess.run(
        [compiler, *FLAGS, *map(str, sources), *more, "-lm"], capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr), done.stderr


class ModelInC:
    """A compiled model of a graph: predictions (N, K), and decisions of classes and labels."""

    def __init__(self, library: ctypes.CDLL, graph: PredictionGraph, stem: str) -> None:
        self._graph, count = graph, graph.predictions.shape[1]
        if graph.matrix:
            cells = [("x", ctypes.c_double * len(graph.columns))]
        else:
            cells = [(f"c{k}", KINDS[one.kind]) for k, one in enumerate(graph.columns)]
        values = ("values", ctypes.c_double * count)
        decided = {"numbers": [], "labels": [("decided", ctypes.c_int * count)]}
        results = [*decided.get(graph.task.targets, [("decided", ctypes.c_int)]), values]
        self._row = type("Row", (ctypes.Structure,), {"_fields_": cells})
        self._prediction = type("Prediction", (ctypes.Structure,), {"_fields_": results})
        self._predict = library[f"{stem}_predict"]
        self._predict.restype = None

    def predict(self, cells: Mapping[str, npt.NDArray]) -> tuple[npt.NDArray, npt.NDArray]:
        """Predictions (N, K), and decisions (N,) or (N, L); of numbers the latter are empty."""
        several = [self._of_row(row) for row in zip(*map(self._plain, cells.values()), strict=True)]
        decided = [getattr(one, "decided", ()) for one in several]
        return (
            np.array([list(one.values) for one in several]),
            np.array([one if isinstance(one, int) else list(one) for one in decided]),
        )

    def _plain(self, array: npt.NDArray) -> list[object]:
        return [one.encode() for one in array.tolist()] if array.dtype.kind == "U" else array.tolist()

    def _of_row(self, cells: Sequence[object]) -> ctypes.Structure:
        row = self._row(*([(ctypes.c_double * len(cells[0]))(*cells[0])] if self._graph.matrix else cells))
        out = self._prediction()
        self._predict(ctypes.byref(row), ctypes.byref(out))
        return out
