"""Functions in terms of simpler ones, for files that are read where the former are missing.

Each is written for arrays, and is accurate to a few units in the last place of float64 unless it says
otherwise.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from nettrain.backend.base import Array, HostArray
from nettrain.export.node import GraphNode, in_order
from nettrain.export.simplification import rewritten, simplified
from nettrain.export.traced import Traced, taken, traced

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


def interp(x: Array, points: Traced, values: Traced) -> Array:
    """np.interp of x (...) in float64 by constant points (Q,), rising, and their values (Q,)."""
    at, of = points.node.constant, values.node.constant
    if len(at) == 1:
        return np.full_like(x, of[0])
    below: Array = np.minimum(x, at[-1])
    last = _reached(below, at)  # of equal points the last, but in front of all points the first
    steps = np.diff(at)
    slopes = np.diff(of) / np.where(steps > 0, steps, np.inf)  # between equal points lies nothing
    start, slope, value = (
        taken(traced(array), last, 0)
        for array in (
            np.concatenate([at[:1], at]),
            np.concatenate([[0.0], slopes, [0.0]]),
            np.concatenate([of[:1], of]),
        )
    )
    return (np.maximum(below, at[0]) - start) * slope + value


def _reached(x: Array, points: HostArray) -> Array:
    """How many of the points each x has reached, int64; of many points by blocks, which takes less memory."""
    if len(points) <= MOST_COMPARED:
        return _count(x, traced(points))
    size = math.isqrt(len(points))
    blocks = -(-len(points) // size)
    table = np.full((blocks + 1, size), np.inf)  # a block that nothing reaches comes last
    table.reshape(-1)[: len(points)] = points
    block = _count(x, traced(table[:-1, -1]))
    return block * size + _count(x, taken(traced(table), block, 0))


def _count(x: Array, limits: Traced) -> Traced:
    reached: Traced = x[..., None] >= limits
    return reached.astype(np.float32).sum(-1).astype(np.int64)


def erfc(x: Array) -> Array:
    """1 - erf(x), also where that is tiny. Source: Cody 1969, rational Chebyshev approximations."""
    y = np.absolute(x)
    z = np.square(np.minimum(y, ERF_MIDDLE))
    near = 1.0 - x * _polynomial(ERF, z) / _polynomial(ERF_BELOW, z)
    inverse = 1.0 / np.square(np.maximum(y, ERF_FAR))
    tail = inverse * _polynomial(ERFC_FAR, inverse) / _polynomial(ERFC_FAR_BELOW, inverse)
    far = (1.0 / math.sqrt(math.pi) - tail) / np.maximum(y, ERF_FAR)
    inner = np.minimum(y, ERF_FAR)
    middle = _polynomial(ERFC, inner) / _polynomial(ERFC_BELOW, inner)
    # e^-y² of a part whose square is exact, and of the rest
    part = np.floor(y * 16.0) / 16.0
    scaled = np.exp(-part * part) * np.exp((part - y) * (part + y)) * np.where(y <= ERF_FAR, middle, far)
    return np.where(y <= ERF_MIDDLE, near, np.where(x < 0.0, 2.0 - scaled, scaled))


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
ERF_MIDDLE, ERF_FAR = 0.46875, 4.0
ERF = (
    *(3.20937758913846947e3, 3.77485237685302021e2, 1.13864154151050156e2, 3.16112374387056560),
    1.85777706184603153e-1,
)
ERF_BELOW = (
    *(2.84423683343917062e3, 1.28261652607737228e3, 2.44024637934444173e2, 2.36012909523441209e1),
    1.0,
)
ERFC = (
    *(1.23033935479799725e3, 2.05107837782607147e3, 1.71204761263407058e3, 8.81952221241769090e2),
    *(2.98635138197400131e2, 6.61191906371416295e1, 8.88314979438837594, 5.64188496988670089e-1),
    2.15311535474403846e-8,
)
ERFC_BELOW = (
    *(1.23033935480374942e3, 3.43936767414372164e3, 4.36261909014324716e3, 3.29079923573345963e3),
    *(1.62138957456669019e3, 5.37181101862009858e2, 1.17693950891312499e2, 1.57449261107098347e1),
    1.0,
)
ERFC_FAR = (
    *(6.58749161529837803e-4, 1.60837851487422766e-2, 1.25781726111229246e-1, 3.60344899949804439e-1),
    *(3.05326634961232344e-1, 1.63153871373020978e-2),
)
ERFC_FAR_BELOW = (
    *(2.33520497626869185e-3, 6.05183413124413191e-2, 5.27905102951428412e-1, 1.87295284992346725),
    *(2.56852019228982242, 1.0),
)
MOST_COMPARED = 64  # points that every x is compared with
FORMULAS: Mapping[str, Formula] = {
    function.__name__: function
    for function in (square, reciprocal, hypot, expm1, log1p, logaddexp, expit, interp, erfc, ndtr, ndtri)
}
