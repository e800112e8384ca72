"""Cosine and sine of angles in turns for kernels, as arithmetic alone: compiled into loops over vectors.

The C library takes one angle at a time. Four times an angle is n + s with a whole number n and |s| <= ½;
cosine and sine of s quarter turns are sums of their Taylor series up to terms below rounding, and n modulo 4
says which of the two is which, and its sign. Nothing is lost to π, for only whole turns are taken off.
Source: Cody & Waite 1980, chapter 8.
"""

import math

import numpy as np

from nettrain.backend.base import Array
from nettrain.backend.kernel import inline

# of cos and sin of s quarter turns, in powers of s: (π/2)^k/k! with alternating signs
C2, C4, C6, C8, C10, C12, C14, C16 = (
    (-1) ** (k // 2) * (math.pi / 2) ** k / math.factorial(k) for k in range(2, 18, 2)
)
S1, S3, S5, S7, S9, S11, S13, S15 = (
    (-1) ** (k // 2) * (math.pi / 2) ** k / math.factorial(k) for k in range(1, 17, 2)
)
F2, F4, F6, F8, F10 = (np.float32(c) for c in (C2, C4, C6, C8, C10))
G1, G3, G5, G7, G9 = (np.float32(c) for c in (S1, S3, S5, S7, S9))


@inline
def cosine_and_sine(turns: Array, sine: Array) -> None:
    """sine (n,) = sin(2π·turns) and then turns (n,) = cos(2π·turns), in place."""
    if turns.itemsize == 4:
        four, half, quarter = np.float32(4), np.float32(0.5), np.float32(0.25)
        one, two, three = np.float32(1), np.float32(2), np.float32(3)
        for j in range(turns.size):
            u = four * turns[j]
            n = np.floor(u + half)
            s = u - n
            m = n - four * np.floor(quarter * n)
            q = s * s
            c = one + q * (F2 + q * (F4 + q * (F6 + q * (F8 + q * F10))))
            d = s * (G1 + q * (G3 + q * (G5 + q * (G7 + q * G9))))
            swapped = (m == one) | (m == three)
            a = d if swapped else c
            b = c if swapped else d
            turns[j] = -a if (m == one) | (m == two) else a
            sine[j] = -b if m >= two else b
    else:
        for j in range(turns.size):
            v = 4.0 * turns[j]
            k = np.floor(v + 0.5)
            e = v - k
            p = k - 4.0 * np.floor(0.25 * k)
            z = e * e
            f = C8 + z * (C10 + z * (C12 + z * (C14 + z * C16)))
            f = 1.0 + z * (C2 + z * (C4 + z * (C6 + z * f)))
            g = S7 + z * (S9 + z * (S11 + z * (S13 + z * S15)))
            g = e * (S1 + z * (S3 + z * (S5 + z * g)))
            crossed = (p == 1.0) | (p == 3.0)
            x = g if crossed else f
            y = f if crossed else g
            turns[j] = -x if (p == 1.0) | (p == 2.0) else x
            sine[j] = -y if p >= 2.0 else y
