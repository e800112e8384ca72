"""What `nettrain predict` computes for the strange rows of a run, and their cells, for tests of exported files."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from nettrain.export.prediction import PredictionGraph, prediction_graph
from nettrain.inference.predictions import predict
from nettrain.workflow.prediction import read_rows
from tests.export.exported_cells import cells_of_file
from tests.export.exported_runs import rows_of, run_of


@dataclass(frozen=True, eq=False)
class ExpectedPredictions:
    """Predictions (M, K) and decisions of those `rows` that can be predicted, and the cells (N,) of all."""

    graph: PredictionGraph
    cells: Mapping[str, npt.NDArray]
    rows: npt.NDArray
    values: npt.NDArray
    decisions: npt.NDArray | None

    @property
    def tolerance(self) -> float:
        return 1e-12 if self.graph.dtype == "float64" else 1e-5


@cache
@np.errstate(all="ignore")
def expected_of(name: str) -> ExpectedPredictions:
    """The predictions of the run of this name, by its kernels."""
    trained, path = run_of(name), rows_of(name)
    rows = read_rows(trained, path)
    each = [predict(one.networks, x) for one, x in zip(trained.runs, rows.inputs, strict=True)]
    values = np.mean(each, axis=0)
    graph = prediction_graph(trained)
    decisions = None if graph.decisions is None else trained.task.decisions(values)
    return ExpectedPredictions(
        graph, cells_of_file(trained, path, graph.columns), rows.rows, values, decisions
    )
