"""The normal distribution function for kernels, as arithmetic alone.

With x = |z|/√2 and t = 3/(3+x), e^(x²)·erfc(x) = t·Q(t), where Q is smooth on 0 < t <= 1 and is approximated
by a polynomial in 2t-1. Its coefficients interpolate Q at Chebyshev nodes: 12 of them to 2e-9 for float32, 24
to 4e-17 for float64. Substitution as in Schonfelder 1978.
"""

import math

import numpy as np

from nettrain.backend.base import Array
from nettrain.backend.kernel import inline

ROOT_HALF = math.sqrt(0.5)
FEW = tuple(  # from the highest power down
    np.float32(c)
    for c in (
        *(-6.751377441105433e-06, 2.257789128634613e-05, 8.88782597030513e-05, -0.00016920326743274927),
        *(-0.0010096945334225893, -0.0004108609282411635, 0.008942033164203167, 0.039844125509262085),
        *(0.10348911583423615, 0.19674265384674072, 0.2944648265838623, 0.35800230503082275),
    )
)
MANY = (
    *(-2.7498185884714993e-10, -2.5425281485777484e-12, 2.928865426394614e-09, -1.1651620917256563e-09),
    *(-1.714881952703982e-08, 1.6601092979379447e-08, 7.809142944226187e-08, -1.371672685704156e-07),
    *(-3.330772068191516e-07, 9.225386200160488e-07, 1.5830971509532256e-06, -5.823837152726913e-06),
    *(-1.0132719973628236e-05, 3.5853917840979486e-05, 9.225928079769682e-05, -0.00018276991324937648),
    *(-0.001011354000186505, -0.0004041388740391557, 0.008942411541481749, 0.03984258709567069),
    *(0.10348908730018914, 0.19674278570136924, 0.2944648177232945, 0.3580023023627799),
)


@inline
def normal_cdf_from(z: Array, e: Array) -> None:
    """e = Φ(z) in place, where e = exp(-z²/2) on entry; z, e (n,)."""
    if z.itemsize == 4:
        one, half, three = np.float32(1), np.float32(0.5), np.float32(3)
        for j in range(z.size):
            t = three / (three + abs(z[j]) * np.float32(ROOT_HALF))
            s = t + t - one
            p = ((FEW[0] * s + FEW[1]) * s + FEW[2]) * s + FEW[3]
            p = (((p * s + FEW[4]) * s + FEW[5]) * s + FEW[6]) * s + FEW[7]
            p = (((p * s + FEW[8]) * s + FEW[9]) * s + FEW[10]) * s + FEW[11]
            tail = half * t * p * e[j]
            e[j] = tail if z[j] < 0 else one - tail
    else:
        for j in range(z.size):
            u = 3.0 / (3.0 + abs(z[j]) * ROOT_HALF)
            v = u + u - 1.0
            q = ((MANY[0] * v + MANY[1]) * v + MANY[2]) * v + MANY[3]
            q = (((q * v + MANY[4]) * v + MANY[5]) * v + MANY[6]) * v + MANY[7]
            q = (((q * v + MANY[8]) * v + MANY[9]) * v + MANY[10]) * v + MANY[11]
            q = (((q * v + MANY[12]) * v + MANY[13]) * v + MANY[14]) * v + MANY[15]
            q = (((q * v + MANY[16]) * v + MANY[17]) * v + MANY[18]) * v + MANY[19]
            q = (((q * v + MANY[20]) * v + MANY[21]) * v + MANY[22]) * v + MANY[23]
            beyond = 0.5 * u * q * e[j]
            e[j] = beyond if z[j] < 0 else 1.0 - beyond
