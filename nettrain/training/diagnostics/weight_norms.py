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

NORMS = UPDATE, BEFORE, GRADIENT, WEIGHTS = (0, 1, 2, 3)  # columns of the table


class WeightNorms:
    """Appends calls that measure norms of each layer: of ΔW, of W before the step, of ∂loss/∂W, and of W.

    These are the first columns, NORMS, of `table` (R, L, C). Void after the population is compacted.
    """

    def __init__(
        self,
        backend: Backend,
        architecture: Architecture,
        layout: ParameterLayout,
        pool: Pool,
        table: Array,
    ) -> None:
        members, parts = len(table), weight_ranges(architecture, layout)
        tasks = blocks(members, parts, backend.block)
        layers = tasks[: len(tasks) // members, 3]  # of the blocks of one member
        bounds = np.searchsorted(layers, [range(table.shape[1]), range(1, table.shape[1] + 1)])
        self._table, self._weights = table, layout.weights
        self._blocks, self._bounds = backend.from_host(tasks), backend.from_host(bounds.astype(np.int64))
        self._sums = pool.take("norms.sums", (len(tasks),), np.float64)
        self._before = pool.take("norms.before", (members, layout.weights))
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
        self._append(tape, parameters, WEIGHTS)

    def _append(self, tape: Tape, array: Array, column: int) -> None:
        tape.launch(block_squares, array, self._sums, self._blocks)
        self._append_norms(tape, column)

    def _append_norms(self, tape: Tape, column: int) -> None:
        tape.launch(layer_norms, self._sums, self._bounds, self._table, column)


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
def layer_norms(sums: Array, bounds: Array, table: Array, column: int) -> None:
    """table[:, l, column] = √ of the sums of the layer's blocks; bounds (2, L) are its first and last + 1.

    sums (T,) come member by member, with the same blocks for each.
    """
    members, layers = table.shape[0], table.shape[1]
    for k in prange(members * layers):
        r, layer = k // layers, k % layers
        each = sums.shape[0] // members
        total = 0.0
        for task in range(bounds[0, layer], bounds[1, layer]):
            total += sums[r * each + task]
        table[r, layer, column] = np.sqrt(total)
