"""Functions in terms of simpler ones, for files that are read where the former are missing.

Each is written for arrays, and is accurate to a few units in the last place of float64 unless it says
otherwise.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache

import numpy as np

from nettrain.backend.base import Array
from nettrain.export.node import GraphNode, in_order
from nettrain.export.simplification import rewritten, simplified
from nettrain.export.traced import Traced

Formula = Callable[..., Array]


def lowered(ends: Sequence[GraphNode], known: Collection[str]) -> list[GraphNode]:
    """The same arrays in operations that are `known`, as far as there are formulas for the others."""

    def rule(node: GraphNode) -> GraphNode:
        if not _is_missing(node, known):
            return node
        result: Traced = FORMULAS[node.operation](*map(Traced, node.inputs))
        return result.node

    while any(_is_missing(node, known) for node in in_order(ends)):
        ends = rewritten(ends, rule)
    return simplified(ends)


def _is_missing(node: GraphNode, known: Collection[str]) -> bool:
    return node.operation in FORMULAS and node.operation not in known


def square(x: Array) -> Array:
    """x²."""
    return x * x


def reciprocal(x: Array) -> Array:
    """1/x."""
    return 1.0 / x


def hypot(x: Array, y: Array) -> Array:
    """√(x² + y²), whose squares do not overflow."""
    a, b = np.absolute(x), np.absolute(y)
    larger = np.maximum(a, b)
    ratio = np.minimum(a, b) / np.where(larger > 0.0, larger, 1.0)
    return larger * np.sqrt(1.0 + ratio * ratio)


def expm1(x: Array) -> Array:
    """e^x - 1 = tanh(x/2)·(e^x + 1), which keeps small values."""
    return np.tanh(x * 0.5) * (np.exp(x) + 1.0)


def log1p(x: Array) -> Array:
    """log(1+x): the rounding of u = 1+x is made up for by x/(u-1). Source: Goldberg 1991, theorem 4."""
    u = 1.0 + x
    rounded = u == 1.0
    return np.where(rounded, x, np.log(u) * x / np.where(rounded, 1.0, u - 1.0))


def logaddexp(x: Array, y: Array) -> Array:
    """log(e^x + e^y)."""
    return np.maximum(x, y) + np.log1p(np.exp(-np.absolute(x - y)))


def expit(x: Array) -> Array:
    """1/(1+e^-x), which overflows nowhere."""
    return np.exp(np.minimum(x, 0.0)) / (1.0 + np.exp(-np.absolute(x)))


def interp(x: Array, points: Array, values: Array) -> Array:
    """np.interp by the last point that is not above x; beyond the ends the values are constant."""
    count = points.shape[0]
    if count == 1:
        return np.zeros_like(x) + values
    lower, upper = points[:-1], points[1:]
    wide = upper > lower
    slopes = np.where(wide, values[1:] - values[:-1], 0.0) / np.where(wide, upper - lower, 1.0)
    passed = (x[..., None] >= points).astype(np.int64).sum(axis=-1)
    bin = np.minimum(np.maximum(passed - 1, 0), count - 2)
    line = np.take(slopes, bin) * (x - np.take(lower, bin)) + np.take(values, bin)
    return np.where(x >= points[-1], values[-1], np.where(x < points[0], values[0], line))


def erfc(x: Array) -> Array:
    """2/√π times the integral of e^-t² from x on, to 2e-15.

    With t = 2/(2+|x|) it is t·e^(p(t)-x²) for x from 0 on, and p is smooth: a polynomial through its values
    at the Chebyshev points. Source of the form: Press et al. 2007, Numerical recipes, section 6.2.2.
    """
    size = np.absolute(x)
    t = 2.0 / (2.0 + size)
    inside = 2.0 / (2.0 + np.minimum(size, END))
    exponent = _polynomial(_erfc_coefficients(), (inside - NEAREST) * (2.0 / (1.0 - NEAREST)) - 1.0)
    right = t * np.exp(exponent - size * size)
    return np.where(x >= 0.0, right, 2.0 - right)


@cache
def _erfc_coefficients() -> tuple[float, ...]:
    """Of log(erfc(x)/t) + x² as a polynomial in t, moved from NEAREST..1 to -1..1."""
    from numpy.polynomial import chebyshev
    from scipy.special import erfcx

    t = NEAREST + (chebyshev.chebpts1(DEGREE + 1) + 1) * (1 - NEAREST) / 2
    values = np.log(erfcx(2 / t - 2) / t)
    series = chebyshev.chebfit(chebyshev.chebpts1(DEGREE + 1), values, DEGREE)
    return tuple(chebyshev.cheb2poly(series).tolist())


def ndtr(x: Array) -> Array:
    """Φ(x) = erfc(-x/√2)/2."""
    from scipy.special import erfc

    return 0.5 * erfc(x * -math.sqrt(0.5))


def ndtri(p: Array) -> Array:
    """Φ⁻¹(p) to 16 digits. Source: Wichura 1988, algorithm AS 241, PPND16."""
    q = p - 0.5
    r = 0.180625 - q * q
    central = q * _polynomial(CENTRE, r) / _polynomial(CENTRE_BELOW, r)
    tail = np.sqrt(-np.log(np.minimum(p, 1.0 - p)))
    near = _polynomial(NEAR, tail - 1.6) / _polynomial(NEAR_BELOW, tail - 1.6)
    far = _polynomial(FAR, tail - 5.0) / _polynomial(FAR_BELOW, tail - 5.0)
    outer = np.sign(q) * np.where(tail <= 5.0, near, far)
    return np.where(np.absolute(q) <= 0.425, central, outer)


def _polynomial(coefficients: Sequence[float], x: Array) -> Array:
    """c0 + c1·x + c2·x² + … by Horner's rule."""
    *others, last = coefficients
    value = x * 0.0 + last if not others else x * last + others.pop()
    for coefficient in reversed(others):
        value = value * x + coefficient
    return value


CENTRE = (
    *(3.3871328727963666080, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4),
    *(4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
)
CENTRE_BELOW = (
    *(1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3),
    *(2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
)
NEAR = (
    *(1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504),
    *(
        1.27045825245236838258,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ),
)
NEAR_BELOW = (
    *(1.0, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1),
    *(
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)
FAR = (
    *(6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 2.96560571828504891230e-1),
    *(
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ),
)
FAR_BELOW = (
    *(1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2),
    *(
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ),
)
END, DEGREE = 26.0, 24  # erfc(26) is 6e-296
NEAREST = 2 / (2 + END)  # the least t of the polynomial
FORMULAS: Mapping[str, Formula] = {
    function.__name__: function
    for function in (square, reciprocal, hypot, expm1, log1p, logaddexp, expit, interp, erfc, ndtr, ndtri)
}
