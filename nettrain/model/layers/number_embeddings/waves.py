"""Waves of a number, cosines and sines of learned frequencies, and their gradients.

Conventions: x (1|R, B, D) all inputs, of which `inputs` (C,) are embedded with n frequencies each; w and
gradient (R, P) have the frequencies (C, n), in turns for a step of 1, from `start` on. Sums run over the rows
in their order, in float64.
"""

import math
from typing import Any

import numpy as np

from nettrain.backend.base import Array, ArrayModule, Floats
from nettrain.backend.kernel import kernel, prange
from nettrain.backend.sinusoid import cosine_and_sine

TURN = 2 * math.pi
WAVE_COST = 4  # a wave costs as much as visiting so many elements
CUT = 3.0  # standard deviations beyond which a frequency is drawn again


def truncated_normal(generator: np.random.Generator, sigma: float, m: int, n: int) -> Floats:
    """N(0, sigma²) in the shape (m, n), numbers beyond CUT standard deviations drawn again."""
    drawn = generator.standard_normal((m, n))
    while (beyond := np.abs(drawn) > CUT).any():
        drawn[beyond] = generator.standard_normal(int(beyond.sum()))
    return sigma * drawn


def without_whole_turns(xp: ArrayModule, turns: Any) -> Any:
    """Turns between -1/2 and 1/2 that lead to the same place."""
    return turns - xp.floor(turns + 0.5)


@kernel
def waves(x: Array, z: Array, w: Array, start: Array, inputs: Array) -> None:
    """z (R, C, B, 2n) = cos(2πf·x), then sin(2πf·x), of all frequencies f of each embedded input."""
    n = z.shape[3] // 2
    for k in prange(z.shape[0] * z.shape[1] * z.shape[2]):
        r, c, i = k // (z.shape[1] * z.shape[2]), k // z.shape[2] % z.shape[1], k % z.shape[2]
        value, frequency = x[r % x.shape[0], i, inputs[c]], w[r, start + c * n : start + c * n + n]
        cosine, sine = z[r, c, i, :n], z[r, c, i, n : 2 * n]
        for j in range(n):
            cosine[j] = frequency[j] * value
        cosine_and_sine(cosine, sine)


@kernel
def wave_gradients(
    x: Array, z: Array, dz: Array, sums: Array, gradient: Array, start: Array, inputs: Array
) -> None:
    """df = 2π·Σ_rows x·(dsin·cos - dcos·sin), for dz (R, C, B, 2n); sums (R, C, n) float64 is scratch."""
    n = sums.shape[2]
    for k in prange(sums.shape[0] * sums.shape[1]):
        r, c = k // sums.shape[1], k % sums.shape[1]
        total = sums[r, c]
        total[:] = 0
        for i in range(z.shape[2]):
            value = x[r % x.shape[0], i, inputs[c]]
            cosine, sine = z[r, c, i, :n], z[r, c, i, n : 2 * n]
            to_cosine, to_sine = dz[r, c, i, :n], dz[r, c, i, n : 2 * n]
            for j in range(n):
                total[j] += np.float64(value * (to_sine[j] * cosine[j] - to_cosine[j] * sine[j]))
        to = gradient[r, start + c * n : start + c * n + n]
        for j in range(n):
            to[j] = TURN * total[j]
