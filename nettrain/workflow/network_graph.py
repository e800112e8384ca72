"""The graph of a small network, with the values and gradients of one row."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from typing_extensions import TypedDict

from nettrain.backend.base import Floats
from nettrain.catalogue.metrics import Task
from nettrain.checks.problem import gradient_problem
from nettrain.data.labelled import Rows
from nettrain.data.prepare import Prepared
from nettrain.errors import SpecError
from nettrain.experiment.resolution import read_and_resolve, resolve
from nettrain.inference.model import Model
from nettrain.inference.row_signals import Connection, LearnedValues, RowSignals, UnitColumn, row_signals
from nettrain.model.architecture import Architecture
from nettrain.store.trained_run import TrainedRun, open_trained
from nettrain.workflow.run_data import SplitName, read_split
from nettrain.workflow.source import load_experiment

MOST_UNITS, MOST_LAYERS = 60, 6


@dataclass(frozen=True)
class GraphOptions:
    """Which row of which split, from 0, and which of several members."""

    split: SplitName = "train"
    row: int = 0
    member: int | None = None


@dataclass(frozen=True, eq=False)
class NetworkGraph:
    """A network, by its file or folder, with the signals of a row; `weights` says when they were learned.

    `names` are those of the units in the first and in the last column.
    """

    network: str
    experiment: str
    weights: str
    options: GraphOptions
    task: Task
    signals: RowSignals
    names: tuple[tuple[str, ...], tuple[str, ...]]
    y: Floats

    @property
    def target(self) -> dict[str, str]:
        """What the row's targets are in the data."""
        if self.task.targets in ("classes", "two classes"):
            return {self.task.names[0]: self.task.classes[int(self.y[0])]}
        return {name: f"{value:.6g}" for name, value in zip(self.task.names, self.y, strict=True)}

    @property
    def predicted(self) -> dict[str, float]:
        """The probability or score of each class or label, or the number of each target."""
        names = self.task.classes or self.task.names
        return dict(zip(names, self.signals.prediction.tolist(), strict=True))

    @property
    def plain(self) -> "GraphJson":
        """All values as plain data."""
        return {
            "network": self.network,
            "weights": self.weights,
            "part": self.options.split,
            "row": self.options.row,
            "target": self.target,
            "prediction": self.predicted,
            "loss": self.signals.loss,
            "layers": [_column_json(column) for column in self.signals.columns],
            "connections": [_connection_json(one) for one in self.signals.connections],
        }


class LayerValuesJson(TypedDict):
    """The units of a layer: values a and sums z in front of the activation, with ∂loss/∂a and ∂loss/∂z."""

    name: str
    a: list[float]
    a_gradient: list[float]
    z: list[float] | None
    z_gradient: list[float] | None


class ConnectionJson(TypedDict):
    """Weights, a row for each unit in front, and biases, with the gradients of the loss."""

    weight: list[list[float]]
    weight_gradient: list[list[float]]
    bias: list[float] | None
    bias_gradient: list[float] | None


class GraphJson(TypedDict):
    """The values and gradients of one row in a network."""

    network: str
    weights: str
    part: str
    row: int
    target: dict[str, str]
    prediction: dict[str, float]
    loss: float
    layers: list[LayerValuesJson]
    connections: list[ConnectionJson]


@np.errstate(all="ignore")  # what is not finite is shown as it is
def network_graph(path: Path, overrides: Sequence[str], options: GraphOptions) -> NetworkGraph:
    """The network of an experiment file at its initial weights, or of a run at its trained ones.

    Raises SpecError when it is too large to be drawn, or there is no such row.
    """
    if path.is_dir():
        if overrides:
            raise SpecError(f"{overrides[0]}: a trained network cannot be changed")
        return _of_run(open_trained(path).select_members(options.member), options)
    return _of_file(path, overrides, options)


def _of_run(trained: TrainedRun, options: GraphOptions) -> NetworkGraph:
    refuse_large(trained.name, trained.architecture)
    model = trained.networks.model
    rows = read_split(trained, options.split, None, "another with --part").rows
    signals = row_signals(
        model, trained.parameters[0], trained.statistics[0], _row(rows, trained.name, options)
    )
    weights = "trained weights" if len(trained.parameters) == 1 else "weights of the first network"
    names = _names(model, trained.preprocessing.feature_names)
    experiment = trained.experiment.experiment
    y = _own_targets(model.task, rows, options)
    return NetworkGraph(trained.name, experiment, weights, options, model.task, signals, names, y)


def _of_file(path: Path, overrides: Sequence[str], options: GraphOptions) -> NetworkGraph:
    if options.member is not None:
        raise SpecError(f"--member: {options.member}: only a run has several networks")
    loaded = load_experiment(path, overrides)
    with loaded.locating_errors():
        experiment, data = read_and_resolve(resolve(loaded.experiment))
        problem = gradient_problem(experiment, data)
    refuse_large(str(path), problem.architecture)
    model, run = problem.single_run.model, problem.single_run
    statistics = run.backend.to_host(run.population["statistics"][0])
    rows = _split(data, options.split, str(path))
    signals = row_signals(model, problem.point, statistics, _row(rows, str(path), options))
    names = _names(model, data.preprocessing.feature_names)
    y = _own_targets(model.task, rows, options)
    return NetworkGraph(
        str(path), experiment.experiment, "weights before training", options, model.task, signals, names, y
    )


def refuse_large(name: str, architecture: Architecture) -> None:
    """Raise SpecError when a network has too many units or layers to be drawn."""
    units, layers = sum(architecture.widths), len(architecture.widths) - 1
    if units > MOST_UNITS or layers > MOST_LAYERS:
        widths = "-".join(map(str, architecture.widths))
        raise SpecError(
            f"{name}: a network of {widths} is too large to be drawn:"
            f" at most {MOST_UNITS} inputs and units, in {MOST_LAYERS} layers"
        )


def _split(data: Prepared, split: SplitName, name: str) -> Rows:
    rows = {"train": data.train, "validation": data.validation, "test": data.test}[split]
    if rows is None:
        raise SpecError(f"--part {split}: {name} has no such rows")
    return rows


def _row(rows: Rows, name: str, options: GraphOptions) -> Rows:
    """One row of a split. Raises SpecError when there is no such row."""
    count, k = len(rows.x), options.row
    if not 0 <= k < count:
        split = "training" if options.split == "train" else options.split
        raise SpecError(f"--row: {k}: {name} has the {split} rows 0 to {count - 1}")
    return replace(rows, x=rows.x[k : k + 1], y=rows.y[k : k + 1], weight=rows.weight[k : k + 1])


def _own_targets(task: Task, rows: Rows, options: GraphOptions) -> Floats:
    y = rows.y[options.row : options.row + 1]
    own = task.unscale(y) if task.targets == "numbers" else y
    return np.asarray(own, np.float64).reshape(-1)


def _names(model: Model, features: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the inputs and the outputs are called."""
    task, outputs = model.task, model.architecture.outputs
    if not task.classes:
        return tuple(features), task.names
    return tuple(features), task.classes if outputs == len(task.classes) else task.classes[1:]


def _column_json(column: UnitColumn) -> LayerValuesJson:
    return {
        "name": column.name,
        "a": column.values.tolist(),
        "a_gradient": column.gradient.tolist(),
        "z": None if column.z is None else column.z.tolist(),
        "z_gradient": None if column.z_gradient is None else column.z_gradient.tolist(),
    }


def _connection_json(one: Connection) -> ConnectionJson:
    bias: LearnedValues | None = one.bias
    return {
        "weight": one.weight.values.tolist(),
        "weight_gradient": one.weight.gradient.tolist(),
        "bias": None if bias is None else bias.values[0].tolist(),
        "bias_gradient": None if bias is None else bias.gradient[0].tolist(),
    }
