"""Kernels that several embeddings share.

Conventions: x (1|R, B, D) all inputs, y and delta (R, B, W) output of the layer and gradient, e and g
(R, C, B, d) the same with a matrix for each embedded input; `outputs` (C,) the first column in y of each;
w and gradient (R, P) parameters from a position on. Sums run over the rows in their order, in float64, and
belong to one iteration: nothing depends on R or on threads.
"""

import numpy as np

from nettrain.backend.base import Array
from nettrain.backend.kernel import kernel, prange


@kernel
def copy_columns(x: Array, y: Array, source: Array) -> None:
    """y[:, :, j] = x[:, :, source[j]] for x (1|R, B, D); columns whose source (W,) is negative stay."""
    for k in prange(y.shape[0] * y.shape[1]):
        r, i = k // y.shape[1], k % y.shape[1]
        row, to = x[r % x.shape[0], i], y[r, i]
        for j in range(to.size):
            if source[j] >= 0:
                to[j] = row[source[j]]


@kernel
def place(
    e: Array, y: Array, w: Array, bias: Array, step: Array, outputs: Array, skipped: Array, least: Array
) -> None:
    """y = max(e + bias, least (1,)) in the columns of each embedded input, behind the first `skipped`.

    The bias of input c is the d numbers of w from bias + c·step on.
    """
    width = e.shape[3]
    low = least[0]
    for k in prange(y.shape[0] * y.shape[1]):
        r, i = k // y.shape[1], k % y.shape[1]
        for c in range(e.shape[1]):
            first = outputs[c] + skipped
            row, to = e[r, c, i], y[r, i, first : first + width]
            shift = w[r, bias + c * step : bias + c * step + width]
            for j in range(width):
                value = row[j] + shift[j]
                to[j] = low if value < low else value


@kernel
def take(delta: Array, y: Array, g: Array, sums: Array, outputs: Array, skipped: Array, least: Array) -> None:
    """g = delta where y > least (1,), else 0; sums (R, C, d) float64 = Σ_rows g. The way back of `place`."""
    width, zero, low = g.shape[3], g.dtype.type(0), least[0]
    for k in prange(g.shape[0] * g.shape[1]):
        r, c = k // g.shape[1], k % g.shape[1]
        total, first = sums[r, c], outputs[c] + skipped
        total[:] = 0
        for i in range(g.shape[2]):
            slope, signal = delta[r, i, first : first + width], y[r, i, first : first + width]
            to = g[r, c, i]
            for j in range(width):
                to[j] = slope[j] if signal[j] > low else zero
                total[j] += np.float64(to[j])


@kernel
def write_sums(sums: Array, gradient: Array, start: Array, step: Array) -> None:
    """The numbers of gradient from start + c·step on = sums[:, c] (R, C, d) float64; for step 0 their sum."""
    width = sums.shape[2]
    for r in prange(sums.shape[0]):
        if step > 0:
            for c in range(sums.shape[1]):
                to, total = gradient[r, start + c * step : start + c * step + width], sums[r, c]
                for j in range(width):
                    to[j] = total[j]
        else:
            whole = sums[r, 0]
            for c in range(1, sums.shape[1]):
                more = sums[r, c]
                for j in range(width):
                    whole[j] += more[j]
            last = gradient[r, start : start + width]
            for j in range(width):
                last[j] = whole[j]
