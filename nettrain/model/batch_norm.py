"""Batch normalisation: each column of a layer with mean 0 and variance 1 over the batch, then gain and shift.

Conventions: z, y, delta (R, B, C) with C columns; moments (R, 3, C) float64 is scratch that the backward pass
reads; numbers (R, 2) are momentum and epsilon; w and gradient (R, P) hold gain and shift of C numbers from
`gain` and `shift` on, running (R, Q) the averages from `mean` and `variance` on. Sums run over the rows in
their order, in float64, a block of columns at a time: nothing depends on R or on threads.
Source: Ioffe & Szegedy 2015, algorithms 1 and 2; the running averages are PyTorch's.
"""

import math
from typing import Any

from nettrain.backend.base import Array
from nettrain.backend.kernel import kernel, prange

BLOCK = 64  # columns that one iteration goes through: their sums stay in the cache


def normalised(xp: Any, z: Array, gain: Array, shift: Array, epsilon: Any) -> Array:
    """gain·(z - mean)/√(variance + ε) + shift, by the mean and biased variance of the rows of z (R, B, C).

    The definition in plain functions of `xp`, for dual numbers and tests; training runs `normalise`.
    """
    centred = z - xp.mean(z, axis=1, keepdims=True)
    variance = xp.mean(centred * centred, axis=1, keepdims=True)
    return gain * (centred / xp.sqrt(variance + epsilon)) + shift


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
