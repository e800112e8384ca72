"""Every signal of a network for one row, and the gradient of the row's loss with respect to it.

The values are read off the tape of an ordinary forward and backward pass, in float64. Nothing is drawn at
random, so that units are not dropped, and penalties are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Array, Floats, HostArray
from nettrain.backend.numpy import NumpyBackend
from nettrain.backend.pool import Pool
from nettrain.catalogue.columns import columns
from nettrain.catalogue.members import stack
from nettrain.data.labelled import Rows
from nettrain.errors import SpecError
from nettrain.inference.dataset import dataset_of
from nettrain.inference.model import Model
from nettrain.inference.outputs import to_predictions
from nettrain.model.architecture import INPUT, Architecture, Block, Node
from nettrain.model.blocks import stacked_layers
from nettrain.model.layers.base import LearnedArray
from nettrain.model.network import Network, Pass
from nettrain.model.tape import Tape


@dataclass(frozen=True, eq=False)
class LearnedValues:
    """An array of parameters, and the gradient of the loss with respect to it."""

    values: Floats
    gradient: Floats


@dataclass(frozen=True, eq=False)
class UnitColumn:
    """The U units of a block: what they hold, and the gradient with respect to it, each (U,).

    Units behind a matrix also have the sums `z` before their functions, which are named in `functions`. Of
    the columns of the data there are the values that the network sees.
    """

    name: str
    values: Floats
    gradient: Floats
    z: Floats | None = None
    z_gradient: Floats | None = None
    functions: str = ""


@dataclass(frozen=True, eq=False)
class Connection:
    """The weights (m, n) between two columns, the biases (1, n) if there are any, and what is added.

    `skip` is "identity" where the first column is added to the second, "projected" where it is multiplied by
    a matrix before, and "" otherwise.
    """

    weight: LearnedValues
    bias: LearnedValues | None
    skip: str = ""


@dataclass(frozen=True, eq=False)
class RowSignals:
    """All columns of units from the inputs to the outputs, and the connections between them.

    `prediction` (K,) is made of the outputs, in the target's own units, and `loss` that of the row.
    """

    columns: tuple[UnitColumn, ...]
    connections: tuple[Connection, ...]
    prediction: Floats
    loss: float


def row_signals(model: Model, parameters: HostArray, statistics: HostArray, row: Rows) -> RowSignals:
    """The signals of the network with these parameters (P,) and statistics (Q,) for a single row.

    Raises SpecError for networks whose layers cannot be told apart by units.
    """
    refuse_layers(model.architecture)
    recorded = _Recording(model, parameters, statistics, row)
    architecture, chain = model.architecture, model.architecture.chain
    blocks = [block for block in architecture.blocks if block.name != INPUT]
    first = UnitColumn("input", recorded.inputs[chain[0].number], recorded.input_gradient)
    units = [recorded.column(block, nodes_of(architecture, block)) for block in blocks]
    between = [recorded.connection(nodes_of(architecture, block)) for block in blocks]
    prediction = to_predictions(model.loss, model.task, recorded.output[None])[0]
    return RowSignals((first, *units), tuple(between), prediction, recorded.loss)


def refuse_layers(architecture: Architecture) -> None:
    """Raise SpecError when layers mix rows, change inputs, or make one unit of several columns.

    Or when there are several networks in one.
    """
    if architecture.sub_members > 1:
        raise SpecError(f"graph: {architecture.sub_members} sub-members are several networks in one")
    for node in architecture.nodes:
        if node.block.name == INPUT and node.learns:
            text = f"{node.layer.summary(())} stands between the inputs and the first weights"
            raise SpecError(f"graph: {text}, which is not drawn")
        if node.layer.couples_rows:
            raise SpecError(
                f"graph: {node.layer.summary(())} mixes the rows of a batch, so that no row stands alone"
            )
    for block in architecture.blocks:
        nodes = nodes_of(architecture, block)
        if block.name != INPUT and _matrix(nodes).outputs != nodes[-1].outputs:
            raise SpecError(f"graph: {block.name} makes one unit of several columns, which is not drawn")


def nodes_of(architecture: Architecture, block: Block) -> list[Node]:
    """The layers of a block in the order of the forward pass, those inside a layer before it."""
    return [node for node in architecture.nodes if node.block is block]


def _matrix(nodes: list[Node]) -> Node:
    """The layer of a block that multiplies by a matrix; every block has one."""
    return next(node for node in nodes if "weight" in node.layer.arrays(node.inputs))


class _SignalTape(Tape):
    """A tape that copies every layer's input and the gradient with respect to its output, by number."""

    def __init__(self) -> None:
        super().__init__()
        self.inputs: dict[int, Floats] = {}
        self.deltas: dict[int, Floats] = {}

    def on_input(self, node: Node, x: Array) -> None:
        self.call(_copy, self.inputs, node.number, x)

    def on_delta(self, node: Node, delta: Array) -> None:
        self.call(_copy, self.deltas, node.number, delta)


def _copy(copies: dict[int, Floats], number: int, signal: Array) -> None:
    copies[number] = signal[0, 0].copy()


class _Recording:
    """One forward and backward pass over one row."""

    def __init__(self, model: Model, parameters: HostArray, statistics: HostArray, row: Rows) -> None:
        self._model = model
        backend = NumpyBackend(dtype="float64", threads=1)
        self._parameters = np.ascontiguousarray(parameters, np.float64)[None]
        self._gradient = np.zeros_like(self._parameters)
        network = Network(
            backend,
            model.architecture,
            self._parameters,
            np.ascontiguousarray(statistics, np.float64)[None],
            stacked_layers([model.architecture]),
        )
        tape = _SignalTape()
        data = dataset_of(row, model.experiment, backend.dtype, model.architecture.outputs)
        signals = network.forward(tape, data.x[None].copy(), Pool(backend).prefixed("row"))
        delta, total = np.zeros_like(signals.output), np.zeros((1, 2))
        weight, numbers = np.ones((1, 1)), columns(stack([model.loss]).kernel_numbers(), 1)
        y = data.y[None]
        tape.launch(model.loss.kernel(y), signals.output, y, weight, numbers, delta, total)
        before = self._backward(tape, signals, delta)
        for call in tape.bound(backend):
            call()
        self.inputs, self._deltas = tape.inputs, tape.deltas
        self.output: Floats = signals.output[0, 0].copy()
        self.input_gradient: Floats = before[0, 0].copy()
        self.loss = float(total[0, 0])

    def _backward(self, tape: Tape, signals: Pass, delta: Array) -> Array:
        """Append the backward pass, down to the inputs; returns the gradient with respect to them."""
        for context in signals.contexts.values():
            context.gradient = self._gradient
        return signals.chain.backward(tape, delta, needs_delta=True)

    def column(self, block: Block, nodes: list[Node]) -> UnitColumn:
        """The units of a block."""
        matrix, last = _matrix(nodes), nodes[-1]
        chain = self._model.architecture.chain
        at = chain.index(last)
        values = self.inputs[chain[at + 1].number] if at + 1 < len(chain) else self.output
        layers = [node.layer for node in nodes]
        functions = [layer.summary(layers[k + 1 :]) for k, layer in enumerate(layers)]
        return UnitColumn(
            block.name,
            values,
            self._deltas[last.number],
            self.inputs[matrix.number + 1],
            self._deltas[matrix.number],
            ", ".join(filter(None, functions)),
        )

    def connection(self, nodes: list[Node]) -> Connection:
        """The weights and biases in front of a block."""
        matrix = _matrix(nodes)
        learned = dict(self._learned(matrix))
        outer = nodes[-1]
        skip = "" if not outer.body else "projected" if outer.layer.arrays(outer.inputs) else "identity"
        return Connection(learned["weight"], learned.get("bias"), skip)

    def _learned(self, node: Node) -> Iterator[tuple[str, LearnedValues]]:
        layout = self._model.layout
        arrays: dict[str, LearnedArray] = node.layer.arrays(node.inputs)
        for name in arrays:
            values, gradient = (
                layout.view(of, node.number, name)[0] for of in (self._parameters, self._gradient)
            )
            # the matrix that meets the inputs
            factor = node.layer.weight_factor(node.inputs) if name == "weight" else 1.0
            yield name, LearnedValues(values * factor, gradient / factor)
