"""What the units of each layer do to some rows: mean and spread of activations, and how many are flat.

An activation is saturated where the slope of its function is less than 1 % of its steepest one; this is asked
only of functions that are flat on both sides, as sigmoid and tanh are. A unit is dead when its function has
no slope for any of the rows, so that no gradient passes through it.

Sums run over the rows in their order, in float64: nothing depends on the number of members or of threads.
"""

from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Array, Floats
from nettrain.backend.kernel import kernel, prange
from nettrain.backend.pool import Pool
from nettrain.catalogue.members import shaped
from nettrain.model.architecture import Architecture, Node
from nettrain.model.layers import Layer
from nettrain.model.layers.activation import ActivationLayer
from nettrain.model.layers.base import Context, DefinitionContext
from nettrain.model.network import Network
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
    activation: ActivationLayer


def measured_layers(architecture: Architecture) -> list[MeasuredLayer]:
    """The hidden blocks in order, then the output."""
    last = {
        node.block.name: MeasuredLayer(node.block.name, node, node.layer)
        for node in architecture.nodes
        if isinstance(node.layer, ActivationLayer)
    }
    return list(last.values())


def append_signals(tape: Tape, network: Network, x: Array, pool: Pool, table: Array) -> None:
    """Append a forward pass of x (1, B, D) and what it finds: the last four columns of `table` (R, L, C).

    These are SIGNALS of the measured layers. The pass is that of training without dropout and noise.
    """
    # the pass changes running statistics, and activations that learn have a gradient
    statistics = pool.take("signals.statistics", network.statistics.shape)
    own = Network(network.backend, network.architecture, network.parameters, statistics, network.layers)
    tape.call(network.backend.xp.copyto, statistics, network.statistics)
    measured, first = measured_layers(network.architecture), table.shape[2] - len(SIGNALS)
    table[:, :, first:] = 0
    done = own.forward(tape, x, pool.prefixed("signals"), training=True)
    for position, layer in enumerate(measured):
        _append_moments(tape, done.contexts[layer.node.number], table, position, first)
    if any(layer.activation.function.learned for layer in measured):
        gradient = pool.take("signals.gradient", network.parameters.shape)
        for context in done.contexts.values():
            context.gradient = gradient
    # from here on the pass is overwritten
    for position, layer in enumerate(measured):
        if _has_slopes(layer.activation):
            _append_slopes(tape, own, done.contexts[layer.node.number], table, position, first + 2)


def _has_slopes(layer: ActivationLayer) -> bool:
    """Whether every output of the layer is a function of one input; others count as neither flat nor dead."""
    function = layer.function
    return function.elementwise and not function.identity and function.columns_per_unit == 1


def _append_moments(tape: Tape, context: Context, table: Array, position: int, column: int) -> None:
    a = context.output
    assert a is not None
    work = context.buffer("sums", (a.shape[0], 2, a.shape[2]), np.float64)
    tape.launch(activation_moments, a, work, table, position, column)


def _append_slopes(
    tape: Tape, network: Network, context: Context, table: Array, position: int, column: int
) -> None:
    """The derivatives are what the layer's backward pass makes of a gradient of ones."""
    layer, a = network.layers[context.number], context.output
    assert a is not None
    ones = context.buffer("ones", a.shape)
    tape.call(ones.fill, 1)
    slopes = layer.backward(tape, context, ones)
    below = network.backend.xp.asarray(flat_below(layer, len(a)))
    tape.launch(flat_shares, slopes, below, context.buffers["sums"], table, position, column)


def flat_below(layer: Layer, members: int) -> Floats:
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
def activation_moments(a: Array, work: Array, table: Array, position: int, column: int) -> None:
    """table[:, position, column:] = mean and standard deviation of a (R, B, W); work (R, 2, W) is scratch."""
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
        table[r, position, column] = mean
        table[r, position, column + 1] = np.sqrt(total / (rows * columns))


@kernel
def flat_shares(slopes: Array, below: Array, work: Array, table: Array, position: int, column: int) -> None:
    """table[:, position, column:] = shares of flat cells and of dead columns of slopes (R, B, W).

    A cell is flat whose slope is less than below[r]; work (R, 2, W) is scratch, all but the slopes float64.
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
        table[r, position, column] = cells / (rows * columns)
        table[r, position, column + 1] = dead / columns
