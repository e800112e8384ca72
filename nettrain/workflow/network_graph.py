"""The graph of a small network, with the values and gradients of one row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from typing_extensions import TypedDict

from nettrain.backend.base import Floats
from nettrain.catalogue.metrics import Task
from nettrain.checks.problem import gradient_problem
from nettrain.data.labelled import Rows
from nettrain.data.prepare import Prepared
from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError
from nettrain.experiment.load import LoadedExperiment
from nettrain.experiment.resolution import read_and_resolve, resolve
from nettrain.inference.model import Model
from nettrain.inference.row_signals import Connection, LearnedValues, RowSignals, UnitColumn, row_signals
from nettrain.model.architecture import Architecture
from nettrain.store.trained_run import TrainedRun, open_trained
from nettrain.workflow.argument_names import arguments_named
from nettrain.workflow.run_data import SplitName, read_split
from nettrain.workflow.source import ExperimentSource, load_experiment

if TYPE_CHECKING:
    from nettrain.workflow.run import Run

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


def network_graph(
    what: "Run | ExperimentSource",
    *overrides: str,
    row: int = 0,
    split: SplitName = "train",
    member: int | None = None,
    data: object = None,
) -> NetworkGraph:
    """The values and gradients of one row in a small network: before training, or of a run.

    Parameters
    ----------
    what : Run, str, path or mapping
        A run or its folder, or an experiment, whose network has its weights before training.
    *overrides : str
        Changes to an experiment, as on the command line.
    row : int
        The number of the row in its split, from 0.
    split : {"train", "validation", "test"}
        The split that the row is from.
    member : int, optional
        Which of a run's several networks; default: the first.
    data : array, frame, mapping or pair, optional
        As for `train`.

    Returns
    -------
    NetworkGraph
        With `signals`, `predicted` and `target`; `plain` has all values as plain data.

    Raises
    ------
    SpecError
        When the network has more than 60 inputs and units or 6 layers, a layer mixes rows as batch norm does,
        or there is no such row.
    DataError
        When the data cannot be read.

    Examples
    --------
    >>> import nettrain
    >>> iris = {"data": {"source": "builtin:iris"}, "model": {"hidden": [4]}}
    >>> [len(layer["a"]) for layer in nettrain.network_graph(iris).plain["layers"]]
    [4, 4, 3]
    """
    memory = None if data is None else MemoryTables.of(data)
    with arguments_named("row", "member", part="split"):
        return graph_of(what, overrides, GraphOptions(split, row, member), memory)


def graph_of(
    what: "ExperimentSource | Run",
    overrides: Sequence[str],
    options: GraphOptions,
    memory: MemoryTables | None = None,
) -> NetworkGraph:
    """As `network_graph`, with errors that name options of the command."""
    from nettrain.workflow.run import Run

    if isinstance(what, Run):
        return graph_of_run(what.trained, overrides, options, memory or what.memory)
    if isinstance(what, Mapping):
        loaded = load_experiment(what, overrides, memory)
        return graph_of_experiment(loaded, loaded.experiment.experiment, options, memory)
    path = Path(what)
    if path.is_dir():
        return graph_of_run(open_trained(path), overrides, options, memory)
    return graph_of_experiment(load_experiment(path, overrides, memory), str(path), options, memory)


@np.errstate(all="ignore")  # what is not finite is shown as it is
def graph_of_run(
    trained: TrainedRun,
    overrides: Sequence[str],
    options: GraphOptions,
    memory: MemoryTables | None = None,
) -> NetworkGraph:
    """A network of a run, with its trained weights. Raises SpecError for overrides."""
    if overrides:
        raise SpecError(f"{overrides[0]}: a trained network cannot be changed")
    refuse_large(trained.name, trained.architecture)
    several, trained = len(trained.parameters) > 1, trained.select_members(options.member)
    model = trained.networks.model
    rows = read_split(trained, options.split, memory, "another with --part").rows
    row = _row(rows, trained.name, options)
    signals = row_signals(model, trained.parameters[0], trained.statistics[0], row)
    predicted = trained.networks.rule.calibrated(model.task, signals.prediction[None])[0]
    signals = replace(signals, prediction=predicted)
    weights = f"trained weights of network {options.member or 0}" if several else "trained weights"
    names = _names(model, trained.preprocessing.feature_names)
    y = _own_targets(model.task, rows, options)
    experiment = trained.experiment.experiment
    return NetworkGraph(trained.name, experiment, weights, options, model.task, signals, names, y)


@np.errstate(all="ignore")  # what is not finite is shown as it is
def graph_of_experiment(
    loaded: LoadedExperiment, name: str, options: GraphOptions, memory: MemoryTables | None = None
) -> NetworkGraph:
    """The network of an experiment, with its weights before training."""
    if options.member is not None:
        raise SpecError(f"--member: {options.member}: only a run has several networks")
    with loaded.locating_errors():
        experiment, data = read_and_resolve(resolve(loaded.experiment), memory)
        problem = gradient_problem(experiment, data)
    refuse_large(name, problem.architecture)
    run = problem.single_run
    statistics = run.backend.to_host(run.population["statistics"][0])
    rows = _split(data, options.split, name)
    signals = row_signals(run.model, problem.point, statistics, _row(rows, name, options))
    names, task = _names(run.model, data.preprocessing.feature_names), run.model.task
    y, weights = _own_targets(task, rows, options), "weights before training"
    return NetworkGraph(name, experiment.experiment, weights, options, task, signals, names, y)


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
