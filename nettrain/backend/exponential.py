"""e^x for kernels, as arithmetic alone: compiled into loops over whole vector registers.

The C library's exponential takes one number at a time. Here x = n·log 2 + r with |r| <= ½log 2; e^r is summed
from its Taylor series up to terms below rounding, and 2^n is put into the exponent's bits. Every element goes
through the same operations wherever it stands, so bits do not depend on an array's length or alignment.
Source: Cody & Waite 1980, chapter 6.
"""

import math

import numpy as np

from nettrain.backend.base import Array
from nettrain.backend.kernel import inline

PER_OCTAVE = 1 / math.log(2)
# log 2 in two parts, of which the first has trailing zeros: n times it is exact
HIGH32, LOW32 = np.float32(0.693359375), np.float32(-2.12194440e-4)
HIGH64, LOW64 = 0.693145751953125, 1.42860682030941723212e-6
ROUND32, ROUND64 = np.float32(1.5 * 2**23), 1.5 * 2**52  # adding and subtracting it rounds to an integer
LEAST32, LEAST64 = np.float32(-87.33), -708.39  # below, e^x would be denormal
C2, C3, C4, C5, C6, C7 = (np.float32(1 / math.factorial(k)) for k in range(2, 8))
D2, D3, D4, D5, D6, D7, D8, D9, D10, D11, D12, D13 = (1 / math.factorial(k) for k in range(2, 14))


@inline
def reduced32(v: Array) -> tuple[Array, Array]:
    """e^r - 1 and 2^n, both float32, whose product is e^v - 2^n; for v from LEAST32 to 0."""
    shifted = v * np.float32(PER_OCTAVE) + ROUND32
    n = shifted - ROUND32
    r = (v - n * HIGH32) - n * LOW32
    p = r * (C2 + r * (C3 + r * (C4 + r * (C5 + r * (C6 + r * C7)))))
    bits = np.int32((np.float32(shifted).view(np.int32) + np.int32(127)) << np.int32(23))
    return r + r * p, np.int32(bits).view(np.float32)


@inline
def reduced64(v: Array) -> tuple[Array, Array]:
    """As `reduced32`, in float64, for v from LEAST64 to 0."""
    shifted = v * PER_OCTAVE + ROUND64
    n = shifted - ROUND64
    r = (v - n * HIGH64) - n * LOW64
    q = D7 + r * (D8 + r * (D9 + r * (D10 + r * (D11 + r * (D12 + r * D13)))))
    q = r * (D2 + r * (D3 + r * (D4 + r * (D5 + r * (D6 + r * q)))))
    bits = np.int64((np.float64(shifted).view(np.int64) + np.int64(1023)) << np.int64(52))
    return r + r * q, np.int64(bits).view(np.float64)


@inline
def exp_below_zero(x: Array) -> None:
    """x = e^x in place for x (n,) <= 0, to within 2 ulp; 0 instead of denormal numbers. NaN stays NaN."""
    if x.itemsize == 4:
        for j in range(x.size):
            v = np.float32(x[j])
            less, power = reduced32(v)
            x[j] = np.float32(0) if v < LEAST32 else (np.float32(1) + less) * power
    else:
        for j in range(x.size):
            w = np.float64(x[j])
            below, scale = reduced64(w)
            x[j] = 0.0 if w < LEAST64 else (1.0 + below) * scale


@inline
def expm1_below_zero(x: Array) -> None:
    """x = e^x - 1 in place for x (n,) <= 0, to within 2 ulp, also where it is small. NaN stays NaN."""
    if x.itemsize == 4:
        for j in range(x.size):
            v = np.float32(x[j])
            less, power = reduced32(v)
            x[j] = np.float32(-1) if v < LEAST32 else less * power + (power - np.float32(1))
    else:
        for j in range(x.size):
            w = np.float64(x[j])
            below, scale = reduced64(w)
            x[j] = -1.0 if w < LEAST64 else below * scale + (scale - 1.0)
