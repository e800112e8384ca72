"""Batch normalization: each column of a layer with mean 0 and variance 1 over the batch, then gain and shift.

Conventions of the kernels: z, y, delta (R, B, C) with C columns; moments (R, 3, C) float64 is scratch that
the backward pass reads; numbers (R, 2) are momentum and epsilon; w and gradient (R, P) hold gain and shift of
C numbers from `gain` and `shift` on, running (R, Q) the averages from `mean` and `variance` on. Sums run over
the rows in their order, in float64, a block of columns at a time: nothing depends on R or on threads.
Source: Ioffe & Szegedy 2015, algorithms 1 and 2; the running averages are PyTorch's.
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


@norms.register("batch", source="Ioffe & Szegedy 2015")
class BatchNorm(Layer):
    """y = gain·(x - mean)/√(variance + ε) + shift, mean and variance of each column over the batch.

    Keeps signals in range at any depth and allows larger rates; needs batches of some rows. As PyTorch's
    BatchNorm1d, with the same running averages.
    """

    momentum: float = number(0.1, "share of a batch in the running averages", gt=0, le=1)
    epsilon: float = number(1e-5, "added to the variance", gt=0)
    couples_rows: ClassVar[bool] = True
    centres_columns: ClassVar[bool] = True
    reads_output: ClassVar[bool] = False

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        return gain_and_shift(inputs)

    def statistics(self, inputs: int) -> dict[str, LearnedArray]:
        row = (1, inputs)
        return {"running_mean": LearnedArray(row), "running_variance": LearnedArray(row, start=1.0)}

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        shape = (ctx.members, *x.shape[1:])
        z = ctx.writable(tape, x)
        moments = ctx.buffer("moments", (ctx.members, 3, x.shape[2]), np.float64)
        numbers = ctx.column(np.stack([self.momentum, self.epsilon], axis=1))
        places = [ctx.start(name) for name in ("gain", "shift")]
        averages = [ctx.statistic_start(name) for name in ("running_mean", "running_variance")]
        rest = (moments, numbers, ctx.parameters, *places, ctx.statistics, *averages)
        ctx.buffers["z"] = z
        if not ctx.training:
            tape.launch(normalise_by_running, z, *rest)
            return z
        y = ctx.buffer("y", shape)
        tape.launch(normalise, z, y, *rest)
        return y

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        places = (ctx.start("gain"), ctx.start("shift"))
        signals = (delta, ctx.buffers["z"], ctx.buffers["moments"])
        tape.launch(normalise_backward, *signals, ctx.parameters, ctx.gradient, *places)
        return delta

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        return standardized(xp, x, ctx.arrays["gain"], ctx.arrays["shift"], self.epsilon, axis=1)

    def prediction(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        """By the running mean and variance."""
        spread = xp.sqrt(ctx.statistics["running_variance"] + self.epsilon)
        return (x - ctx.statistics["running_mean"]) * (ctx.arrays["gain"] / spread) + ctx.arrays["shift"]

    def amplification(self, ctx: DefinitionContext, x: HostArray) -> float:
        return largest_scale(x, ctx.arrays["gain"], self.epsilon, axis=1)

    def summary(self, behind: Sequence[Layer]) -> str:
        return "batch norm"

    def backward_step(self) -> str:
        return "the backward pass of its batch norm"


@kernel
def normalise(
    z: Array,
    y: Array,
    moments: Array,
    numbers: Array,
    w: Array,
    gain: Array,
    shift: Array,
    running: Array,
    mean: Array,
    variance: Array,
) -> None:
    """z = (z - mean)/√(variance + ε), y = gain·z + shift; the running averages take in this batch.

    They take in the unbiased variance. moments[:, 1] keeps 1/√(variance + ε).
    """
    members, rows, columns = z.shape
    blocks = (columns + BLOCK - 1) // BLOCK
    for k in prange(members * blocks):
        r, first = k // blocks, k % blocks * BLOCK
        width = min(BLOCK, columns - first)
        middle = moments[r, 0, first : first + width]
        spread = moments[r, 1, first : first + width]
        middle[:] = 0
        spread[:] = 0
        for i in range(rows):
            row = z[r, i, first : first + width]
            for j in range(width):
                middle[j] += row[j]
        for j in range(width):
            middle[j] /= rows
        for i in range(rows):
            row = z[r, i, first : first + width]
            for j in range(width):
                distance = row[j] - middle[j]
                spread[j] += distance * distance
        means = running[r, mean + first : mean + first + width]
        variances = running[r, variance + first : variance + first + width]
        share = numbers[r, 0]
        rest = numbers.dtype.type(1) - share
        for j in range(width):
            means[j] = rest * means[j] + share * middle[j]
            variances[j] = rest * variances[j] + share * (spread[j] / max(rows - 1, 1))
            spread[j] = 1 / math.sqrt(spread[j] / rows + numbers[r, 1])
        factor = w[r, gain + first : gain + first + width]
        offset = w[r, shift + first : shift + first + width]
        for i in range(rows):
            row, out = z[r, i, first : first + width], y[r, i, first : first + width]
            for j in range(width):
                row[j] = (row[j] - middle[j]) * spread[j]
                out[j] = factor[j] * row[j] + offset[j]


@kernel
def normalise_backward(
    delta: Array, z: Array, moments: Array, w: Array, gradient: Array, gain: Array, shift: Array
) -> None:
    """delta = gain/√(variance + ε)·(delta - Σdelta/B - z·Σ(delta·z)/B).

    d gain = Σ(delta·z), d shift = Σdelta. z and moments are as `normalise` has left them.
    """
    members, rows, columns = delta.shape
    blocks = (columns + BLOCK - 1) // BLOCK
    for k in prange(members * blocks):
        r, first = k // blocks, k % blocks * BLOCK
        width = min(BLOCK, columns - first)
        total = moments[r, 0, first : first + width]
        spread = moments[r, 1, first : first + width]
        along = moments[r, 2, first : first + width]
        total[:] = 0
        along[:] = 0
        for i in range(rows):
            slope, signal = delta[r, i, first : first + width], z[r, i, first : first + width]
            for j in range(width):
                total[j] += slope[j]
                along[j] += slope[j] * signal[j]
        factor = w[r, gain + first : gain + first + width]
        to_gain = gradient[r, gain + first : gain + first + width]
        to_shift = gradient[r, shift + first : shift + first + width]
        for j in range(width):
            to_gain[j] = along[j]
            to_shift[j] = total[j]
            total[j] /= rows
            along[j] /= rows
            spread[j] *= factor[j]
        for i in range(rows):
            slope, signal = delta[r, i, first : first + width], z[r, i, first : first + width]
            for j in range(width):
                slope[j] = spread[j] * (slope[j] - total[j] - signal[j] * along[j])


@kernel
def normalise_by_running(
    z: Array,
    moments: Array,
    numbers: Array,
    w: Array,
    gain: Array,
    shift: Array,
    running: Array,
    mean: Array,
    variance: Array,
) -> None:
    """z = gain·(z - running mean)/√(running variance + ε) + shift, in place: inference."""
    members, rows, columns = z.shape
    blocks = (columns + BLOCK - 1) // BLOCK
    for k in prange(members * blocks):
        r, first = k // blocks, k % blocks * BLOCK
        width = min(BLOCK, columns - first)
        scale = moments[r, 1, first : first + width]
        middle = running[r, mean + first : mean + first + width]
        spread = running[r, variance + first : variance + first + width]
        factor = w[r, gain + first : gain + first + width]
        offset = w[r, shift + first : shift + first + width]
        for j in range(width):
            scale[j] = factor[j] / math.sqrt(spread[j] + numbers[r, 1])
        for i in range(rows):
            row = z[r, i, first : first + width]
            for j in range(width):
                row[j] = (row[j] - middle[j]) * scale[j] + offset[j]
