"""What the units of each layer do to some rows: mean and spread of activations, and how many are flat.

An activation is saturated where the slope of its function is less than 1 % of its steepest one; this is asked
only of functions that are flat on both sides, as sigmoid and tanh are. A unit is dead when its function has
no slope for any of the rows, so that no gradient passes through it.

Sums run over the rows in their order, in float64, a block of columns at a time: nothing depends on the number
of members or of threads.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Array, Backend, Floats
from nettrain.backend.kernel import kernel, prange
from nettrain.backend.pool import Allocate
from nettrain.catalogue.members import shaped
from nettrain.model.architecture import INPUT, Architecture, Node
from nettrain.model.layers import Layer
from nettrain.model.layers.activation import ActivationLayer
from nettrain.model.layers.base import DefinitionContext
from nettrain.model.network import Network, Pass
from nettrain.model.tape import Tape

SIGNALS = ("activation_mean", "activation_spread", "saturated", "dead")
FLAT = 0.01  # of the steepest slope of the function: an activation is saturated there
FAR_OUT = 1e3  # an input at which a function that flattens is flat
RANGE = np.linspace(-8.0, 8.0, 1601)  # inputs among which the steepest slope is looked for
NUDGE = 1e-3  # a change of the input, by which a slope is measured


@dataclass(frozen=True)
class MeasuredLayer:
    """A block of the architecture by name, and its activation."""

    name: str
    node: Node


def measured_layers(architecture: Architecture) -> list[MeasuredLayer]:
    """The hidden blocks in order, then the output."""
    last = {node.block.name: node for node in architecture.nodes if isinstance(node.layer, ActivationLayer)}
    return [MeasuredLayer(name, node) for name, node in last.items() if name != INPUT]


def append_signals(
    tape: Tape,
    network: Network,
    x: Array,
    allocate: Allocate,
    signals: Array,
    gradient: Array | None = None,
) -> Pass:
    """Append a forward pass of x (1, B, D), and signals (R, L, 4) = SIGNALS of each measured layer.

    The pass is that of training without dropout and noise; it changes the running statistics of `network`.
    Layers whose activation learns write to `gradient` (R, P).
    """
    signals[...] = 0
    done = network.forward(tape, x, allocate, training=True)
    for position, layer in enumerate(measured_layers(network.architecture)):
        _append_moments(tape, done, layer, allocate, signals, position)
    # from here on the signals are overwritten
    for position, layer in enumerate(measured_layers(network.architecture)):
        if _has_slopes(layer.node):
            done.contexts[layer.node.number].gradient = gradient
            _append_slopes(tape, network, done, layer, signals, position)
    return done


def learns_slopes(layers: Mapping[int, Layer] | list[Layer]) -> bool:
    """Whether any activation has parameters, whose gradients `append_signals` then writes somewhere."""
    every = layers.values() if isinstance(layers, Mapping) else layers
    return any(isinstance(layer, ActivationLayer) and layer.function.learned for layer in every)


def _has_slopes(node: Node) -> bool:
    """Whether every output of the layer is a function of one input; others count as neither flat nor dead."""
    assert isinstance(node.layer, ActivationLayer)
    function = node.layer.function
    return function.elementwise and not function.identity and function.columns_per_unit == 1


def _append_moments(
    tape: Tape, done: Pass, layer: MeasuredLayer, allocate: Allocate, signals: Array, position: int
) -> None:
    a = done.contexts[layer.node.number].output
    assert a is not None
    work = allocate(f"{layer.node.number}.sums", (a.shape[0], 2, a.shape[2]), np.float64)
    tape.launch(activation_moments, a, work, signals, position)


def _append_slopes(
    tape: Tape, network: Network, done: Pass, layer: MeasuredLayer, signals: Array, position: int
) -> None:
    """The derivatives are what the layer's backward pass makes of a gradient of ones."""
    own, context = network.layers[layer.node.number], done.contexts[layer.node.number]
    a = context.output
    assert a is not None
    ones = context.buffer("ones", a.shape)
    tape.call(ones.fill, 1)
    slopes = own.backward(tape, context, ones)
    below = network.backend.xp.asarray(flat_below(own, network.backend, len(a)))
    work = context.buffer("counts", (a.shape[0], 2, a.shape[2]), np.float64)
    tape.launch(flat_shares, slopes, below, work, signals, position)


def flat_below(layer: Layer, backend: Backend, members: int) -> Floats:
    """The slope (R,) below which an activation is saturated; negative for functions that never saturate."""
    own, arrays = shaped(layer, 2), layer.arrays(1)
    context = DefinitionContext({name: np.full((1, 1, 1), array.start) for name, array in arrays.items()})

    def slope(z: Floats) -> Floats:
        inputs = np.broadcast_to(z, (members, 1, len(z)))
        right, left = (own.definition(np, context, inputs + change) for change in (NUDGE, -NUDGE))
        return np.abs(np.asarray(right - left, np.float64)) / (2 * NUDGE)

    steepest, far = slope(RANGE).max(axis=(1, 2)), slope(np.array([-FAR_OUT, FAR_OUT])).max(axis=(1, 2))
    return np.where(far < FLAT, FLAT * steepest, -1.0)


@kernel
def activation_moments(a: Array, work: Array, signals: Array, position: int) -> None:
    """signals[:, position, :2] = mean and standard deviation of a (R, B, W); work (R, 2, W) is scratch."""
    members, rows, columns = a.shape
    for r in prange(members):
        sums, squares = work[r, 0], work[r, 1]
        for j in range(columns):
            sums[j] = 0.0
            squares[j] = 0.0
        for i in range(rows):
            row = a[r, i]
            for j in range(columns):
                sums[j] += np.float64(row[j])
        total = 0.0
        for j in range(columns):
            total += sums[j]
        mean = total / (rows * columns)
        for i in range(rows):
            row = a[r, i]
            for j in range(columns):
                squares[j] += (np.float64(row[j]) - mean) * (np.float64(row[j]) - mean)
        total = 0.0
        for j in range(columns):
            total += squares[j]
        signals[r, position, 0] = mean
        signals[r, position, 1] = np.sqrt(total / (rows * columns))


@kernel
def flat_shares(slopes: Array, below: Array, work: Array, signals: Array, position: int) -> None:
    """signals[:, position, 2:] = shares of flat cells and of dead columns of slopes (R, B, W).

    A cell is flat whose slope is below[r]; below (R,) and work (R, 2, W), which is scratch, are float64.
    """
    members, rows, columns = slopes.shape
    for r in prange(members):
        flat, alive, limit = work[r, 0], work[r, 1], below[r]
        for j in range(columns):
            flat[j] = 0.0
            alive[j] = 0.0
        for i in range(rows):
            row = slopes[r, i]
            for j in range(columns):
                size = abs(np.float64(row[j]))
                flat[j] += 1.0 if size < limit else 0.0
                alive[j] += 0.0 if size == 0.0 else 1.0
        cells, dead = 0.0, 0.0
        for j in range(columns):
            cells += flat[j]
            dead += 1.0 if alive[j] == 0.0 else 0.0
        signals[r, position, 2] = cells / (rows * columns)
        signals[r, position, 3] = dead / columns
