"""Layer normalization: each row of a layer with mean 0 and variance 1 over its columns, then gain and shift.

Conventions of the kernels: z, y, delta (R, B, C); moments (R, B) float64 holds 1/√(variance + ε) for the
backward pass, sums (R, 2, C) float64 is scratch; numbers (R, 1) is epsilon; w and gradient (R, P) hold gain
and shift of C numbers from `gain` and `shift` on. Sums run in float64 in the order of the columns or rows:
nothing depends on R or on threads. Source: Ba, Kiros & Hinton 2016.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule, HostArray
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.settings import number
from nettrain.model.layers.base import BLOCK, Context, DefinitionContext, Layer, LearnedArray, norms
from nettrain.model.layers.standardization import gain_and_shift, largest_scale, standardized

if TYPE_CHECKING:
    from nettrain.model.tape import Tape


@norms.register("layer", source="Ba, Kiros & Hinton 2016")
class LayerNorm(Layer):
    """y = gain·(x - mean)/√(variance + ε) + shift, mean and variance of each row over its columns.

    A row does not depend on the others, so that batches may be small and prediction is as training. As
    PyTorch's LayerNorm.
    """

    epsilon: float = number(1e-5, "added to the variance", gt=0)
    reads_output: ClassVar[bool] = False

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        return gain_and_shift(inputs)

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        z = ctx.writable(tape, x)
        ctx.buffers["z"] = z
        y = ctx.buffer("y", z.shape)
        moments = ctx.buffer("moments", z.shape[:2], np.float64)
        numbers = ctx.column(np.reshape(self.epsilon, (-1, 1)))
        tape.launch(
            normalise_rows, z, y, moments, numbers, ctx.parameters, ctx.start("gain"), ctx.start("shift")
        )
        return y

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        """First d gain and d shift, sums over rows, then delta row by row."""
        z, moments = ctx.buffers["z"], ctx.buffers["moments"]
        sums = ctx.buffer("sums", (ctx.members, 2, z.shape[2]), np.float64)
        gain, shift = ctx.start("gain"), ctx.start("shift")
        tape.launch(gain_and_shift_gradients, delta, z, sums, ctx.gradient, gain, shift)
        tape.launch(normalise_rows_backward, delta, z, moments, ctx.parameters, gain)
        return delta

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        return standardized(xp, x, ctx.arrays["gain"], ctx.arrays["shift"], self.epsilon, axis=-1)

    def amplification(self, ctx: DefinitionContext, x: HostArray) -> float:
        return largest_scale(x, ctx.arrays["gain"], self.epsilon, axis=-1)

    def summary(self, behind: Sequence[Layer]) -> str:
        return "layer norm"

    def backward_step(self) -> str:
        return "the backward pass of its layer norm"


@kernel
def normalise_rows(
    z: Array, y: Array, moments: Array, numbers: Array, w: Array, gain: Array, shift: Array
) -> None:
    """z = (z - mean)/√(variance + ε), y = gain·z + shift; moments = 1/√(variance + ε)."""
    for k in prange(z.shape[0] * z.shape[1]):
        r, i = k // z.shape[1], k % z.shape[1]
        row, out = z[r, i], y[r, i]
        factor, offset = w[r, gain : gain + z.shape[2]], w[r, shift : shift + z.shape[2]]
        total = 0.0
        for j in range(row.size):
            total += row[j]
        mean = total / row.size
        spread = 0.0
        for j in range(row.size):
            distance = row[j] - mean
            spread += distance * distance
        scale = 1 / math.sqrt(spread / row.size + numbers[r, 0])
        moments[r, i] = scale
        for j in range(row.size):
            row[j] = (row[j] - mean) * scale
            out[j] = factor[j] * row[j] + offset[j]


@kernel
def gain_and_shift_gradients(
    delta: Array, z: Array, sums: Array, gradient: Array, gain: Array, shift: Array
) -> None:
    """d gain = Σ(delta·z), d shift = Σdelta over the rows in their order, a block of columns at a time."""
    members, rows, columns = delta.shape
    blocks = (columns + BLOCK - 1) // BLOCK
    for k in prange(members * blocks):
        r, first = k // blocks, k % blocks * BLOCK
        width = min(BLOCK, columns - first)
        total = sums[r, 0, first : first + width]
        along = sums[r, 1, first : first + width]
        total[:] = 0
        along[:] = 0
        for i in range(rows):
            slope, signal = delta[r, i, first : first + width], z[r, i, first : first + width]
            for j in range(width):
                total[j] += slope[j]
                along[j] += slope[j] * signal[j]
        to_gain = gradient[r, gain + first : gain + first + width]
        to_shift = gradient[r, shift + first : shift + first + width]
        for j in range(width):
            to_gain[j] = along[j]
            to_shift[j] = total[j]


@kernel
def normalise_rows_backward(delta: Array, z: Array, moments: Array, w: Array, gain: Array) -> None:
    """delta = (d - Σd/C - z·Σ(d·z)/C)/√(variance + ε) with d = gain·delta, z as `normalise_rows` left it."""
    for k in prange(delta.shape[0] * delta.shape[1]):
        r, i = k // delta.shape[1], k % delta.shape[1]
        slope, signal, factor = delta[r, i], z[r, i], w[r, gain : gain + delta.shape[2]]
        total = 0.0
        along = 0.0
        for j in range(slope.size):
            slope[j] *= factor[j]
            total += slope[j]
            along += slope[j] * signal[j]
        mean, share, scale = total / slope.size, along / slope.size, moments[r, i]
        for j in range(slope.size):
            slope[j] = scale * (slope[j] - mean - signal[j] * share)
