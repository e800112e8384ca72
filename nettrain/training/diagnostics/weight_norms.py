"""Norms of the weights of each layer, of their gradient and of what a step does to them.

The weight matrices lie first in a row of parameters, see `model.parameters`. Squares are summed block by
block in float64, and the blocks of a layer in their order, so that nothing depends on the number of members
or of threads.
"""

from collections.abc import Sequence

import numpy as np

from nettrain.backend.base import Array, Backend
from nettrain.backend.kernel import kernel, prange
from nettrain.backend.pool import Pool
from nettrain.catalogue.optimizers import blocks
from nettrain.catalogue.optimizers.groups import WEIGHT
from nettrain.model.architecture import Architecture
from nettrain.model.parameters import ParameterLayout
from nettrain.model.tape import Tape
from nettrain.training.diagnostics.unit_signals import measured_layers
from nettrain.training.step.update import block_squares

UPDATE, BEFORE, GRADIENT, WEIGHT_NORM = range(4)  # columns of the norms


def norms_shape(architecture: Architecture, members: int) -> tuple[int, int, int]:
    """Of the norms of so many members: (R, L, 4)."""
    return members, len(measured_layers(architecture)), WEIGHT_NORM + 1


class WeightNorms:
    """Appends calls that measure norms (R, L, 4) of each layer: of ΔW, of W before the step, ∂loss/∂W, and W.

    Void after the population is compacted.
    """

    def __init__(
        self,
        backend: Backend,
        architecture: Architecture,
        layout: ParameterLayout,
        pool: Pool,
        norms: Array,
    ) -> None:
        members, parts = len(norms), weight_ranges(architecture, layout)
        table = blocks(members, parts, backend.block)
        layers = table[: len(table) // members, 3]  # of the blocks of one member
        bounds = np.searchsorted(layers, [range(norms.shape[1]), range(1, norms.shape[1] + 1)])
        self._norms, self._weights = norms, layout.weights
        self._blocks, self._bounds = backend.from_host(table), backend.from_host(bounds.astype(np.int64))
        self._sums = pool.take("weight_norms.sums", (len(table),), np.float64)
        self._before = pool.take("weight_norms.before", (members, layout.weights))
        self._copy = backend.xp.copyto

    def append_start(self, tape: Tape, parameters: Array) -> None:
        """Append: keep the weights (R, P) as they are before the step."""
        tape.call(self._copy, self._before, parameters[:, : self._weights])

    def append_gradient(self, tape: Tape, gradient: Array) -> None:
        """Append: the norm of the weights' gradient (R, P)."""
        self._append(tape, gradient, GRADIENT)

    def append_end(self, tape: Tape, parameters: Array) -> None:
        """Append: the norms of the kept weights and of what was added to them since."""
        self._append(tape, self._before, BEFORE)
        tape.launch(block_distances, parameters, self._before, self._sums, self._blocks)
        self._append_norms(tape, UPDATE)

    def append_weights(self, tape: Tape, parameters: Array) -> None:
        """Append: the norm of the weights as they are now."""
        self._append(tape, parameters, WEIGHT_NORM)

    def _append(self, tape: Tape, array: Array, column: int) -> None:
        tape.launch(block_squares, array, self._sums, self._blocks)
        self._append_norms(tape, column)

    def _append_norms(self, tape: Tape, column: int) -> None:
        tape.launch(layer_norms, self._sums, self._bounds, self._norms, column, work=self._norms.size)


def weight_ranges(architecture: Architecture, layout: ParameterLayout) -> Sequence[tuple[int, int, int]]:
    """First, last + 1 and number of the layer of each weight matrix, layer by layer."""
    numbers = {layer.name: number for number, layer in enumerate(measured_layers(architecture))}
    names = [architecture.nodes[slot.layer].block.name for slot in layout.slots]
    ranges = [
        (slot.start, slot.start + slot.size, numbers[name])
        for slot, name in zip(layout.slots, names, strict=True)
        if slot.group == WEIGHT and name in numbers
    ]
    return sorted(ranges, key=lambda one: one[2])


@kernel
def block_distances(w: Array, before: Array, sums: Array, blocks: Array) -> None:
    """sums (T,) float64 = Σ(w - before)² of each block."""
    for task in prange(blocks.shape[0]):
        r, first, last = blocks[task, 0], blocks[task, 1], blocks[task, 2]
        now, then, total = w[r, first:last], before[r, first:last], 0.0
        for i in range(now.size):
            change = np.float64(now[i]) - np.float64(then[i])
            total += change * change
        sums[task] = total


@kernel
def layer_norms(sums: Array, bounds: Array, norms: Array, column: int) -> None:
    """norms[:, l, column] = √ of the sums of the layer's blocks; bounds (2, L) are its first and last + 1.

    sums (T,) come member by member, with the same blocks for each.
    """
    members, layers = norms.shape[0], norms.shape[1]
    for k in prange(members * layers):
        r, layer = k // layers, k % layers
        each = sums.shape[0] // members
        total = 0.0
        for task in range(bounds[0, layer], bounds[1, layer]):
            total += sums[r * each + task]
        norms[r, layer, column] = np.sqrt(total)
