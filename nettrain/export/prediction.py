"""The whole prediction of a trained run as one graph: from cells to probabilities, decisions or numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from nettrain.backend.base import Array, HostArray
from nettrain.catalogue.metrics import Task
from nettrain.errors import SpecError
from nettrain.experiment.settings import Experiment
from nettrain.export.columns import ColumnInput, GraphInputs, encoded
from nettrain.export.node import GraphNode, constant
from nettrain.export.simplification import simplified
from nettrain.export.squeezing import squeezed
from nettrain.export.traced import Traced, named, part_of
from nettrain.inference.model import TrainedNetworks
from nettrain.model.architecture import Architecture, Node
from nettrain.model.layers.base import DefinitionContext
from nettrain.model.parameters import parameter_layout, statistics_layout, views
from nettrain.store.trained_folds import Predictor
from nettrain.store.trained_run import TrainedRun


@dataclass(frozen=True, eq=False)
class PredictionGraph:
    """What a run predicts, as a graph of array operations.

    `columns` are the inputs (N,); or, with `matrix`, there is one input (N, C) with these columns. The graph
    computes `predictions` (N, K) in float64, as the task has them: probabilities, scores or numbers; and, for
    classes and labels, `decisions` (N,) or (N, L) in int64: the positions of classes, or 0 and 1. Networks
    compute in `dtype`.
    """

    name: str
    experiment: Experiment
    columns: tuple[ColumnInput, ...]
    matrix: bool
    predictions: GraphNode
    decisions: GraphNode | None
    task: Task
    numeric_classes: bool
    dtype: str

    @property
    def ends(self) -> list[GraphNode]:
        """The nodes that are asked for."""
        return [self.predictions, *([self.decisions] if self.decisions else [])]


def prediction_graph(
    trained: Predictor, *, dtype: str | None = None, matrix: bool = False
) -> PredictionGraph:
    """The prediction of a run whose members are selected, in the run's dtype or another.

    Raises SpecError where a `matrix` cannot hold the columns, or a layer cannot be exported.
    """
    kind = dtype or trained.experiment.backend.dtype
    columns = GraphInputs([run.preprocessing for run in trained.runs], matrix=matrix)
    if matrix:
        _refuse_text(columns.inputs)
    once = {id(run): _of_run(run, columns, kind) for run in trained.runs}
    each = [once[id(run)] for run in trained.runs]
    with part_of("prediction"):
        mean: Array = named(
            sum(each[1:], start=each[0]) / len(each) if len(each) > 1 else each[0], "predictions"
        )
        decided = None if trained.task.targets == "numbers" else trained.task.decisions(mean)
    ends = [mean.node, *([decided.node] if isinstance(decided, Traced) else [])]
    predictions, *decisions = simplified(squeezed(simplified(ends)))
    return PredictionGraph(
        trained.experiment.experiment,
        trained.experiment,
        columns.inputs,
        matrix,
        predictions,
        decisions[0] if decisions else None,
        trained.task,
        trained.numeric_classes,
        kind,
    )


def _refuse_text(columns: Sequence[ColumnInput]) -> None:
    other = next((one for one in columns if one.kind != "number"), None)
    if other is not None:
        words = {"text": "categories", "date": "dates"}
        raise SpecError(
            f'--one-input: column "{other.name}" holds {words[other.kind]}, a matrix only numbers'
        )


def _of_run(run: TrainedRun, columns: GraphInputs, dtype: str) -> Array:
    """The predictions (N, K) of one run, calibrated as the run says."""
    with part_of("columns"):
        x = named(encoded(run.preprocessing, columns), "x").astype(dtype)
    outputs = traced_outputs(run.networks, x, dtype)
    with part_of("prediction"):
        return run.networks.predictions(outputs)


def traced_outputs(networks: TrainedNetworks, x: Array, dtype: str) -> Array:
    """The raw outputs (R, N, K) of R networks for encoded rows x (N, D)."""
    architecture = networks.model.architecture
    arrays = networks.parameters.astype(dtype), networks.statistics.astype(dtype)
    return LayerFormulas(architecture, *arrays).through(architecture.chain, x[None])


class LayerFormulas:
    """Passes a signal through layers by their formulas, with parameters (R, P) and statistics (R, Q)."""

    def __init__(self, architecture: Architecture, parameters: HostArray, statistics: HostArray) -> None:
        self._parameters = views(parameters, parameter_layout(architecture))
        self._statistics = views(statistics, statistics_layout(architecture))

    def through(self, nodes: Sequence[Node], x: Array) -> Array:
        """The output of layers one after the other."""
        for node in nodes:
            with part_of(node.block.name):
                body = partial(self.through, node.body)
                arrays, statistics = (
                    self._named(node, each) for each in (self._parameters, self._statistics)
                )
                context = DefinitionContext(arrays, {}, body, statistics)
                # a layer may write into what it is given, which others may read
                output = node.layer.prediction(np, context, x.copy())
                if output.node is not x.node:  # a linear activation changes nothing
                    output = named(output, f"{node.block.name} {node.layer.name}")
                x = output
        return x

    def _named(self, node: Node, arrays: Sequence[dict[str, HostArray]]) -> dict[str, Array]:
        """The arrays of a layer as constants, with names such as `hidden 1 weight`."""
        return {
            name: Traced(constant(array, f"{node.block.name} {name}", node.block.name))
            for name, array in arrays[node.number].items()
        }
