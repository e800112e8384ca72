"""Derivatives of NumPy's elementwise functions: the primitives that dual numbers can differentiate.

A rule (x, y, varies) -> ∂y/∂x_k belongs to argument k of a ufunc: x are the values of its arguments, y is its
value, and `varies` says which arguments carry a tangent. At a tie the derivative is the one-sided one from
the left in the argument that varies, as in the activations; where both vary, the first argument wins.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from scipy import special

from nettrain.backend.base import Floats

ArrayOrFloat: TypeAlias = Floats | float
DerivativeRule = Callable[[Sequence[ArrayOrFloat], Floats, Sequence[bool]], ArrayOrFloat]


def _selection(wins: np.ufunc, wins_or_ties: np.ufunc) -> tuple[DerivativeRule, DerivativeRule]:
    """The rules of maximum and minimum: 1 for the argument that is selected, 0 for the other one."""

    def of_first(x: Sequence[ArrayOrFloat], y: Floats, varies: Sequence[bool]) -> ArrayOrFloat:
        selected: Floats = (wins_or_ties if varies[1] else wins)(x[0], x[1])
        return selected

    def of_second(x: Sequence[ArrayOrFloat], y: Floats, varies: Sequence[bool]) -> ArrayOrFloat:
        selected: Floats = ~wins_or_ties(x[0], x[1]) if varies[0] else wins(x[1], x[0])
        return selected

    return of_first, of_second


def _of_base(x: Sequence[ArrayOrFloat], y: Floats, varies: Sequence[bool]) -> Floats:
    """p·x^(p-1), which is 0 for p = 0 also where x is 0."""
    constant = np.equal(x[1], 0)
    return np.where(constant, 0.0, x[1] * np.power(x[0], np.where(constant, 1.0, x[1] - 1.0)))


def _of_exponent(x: Sequence[ArrayOrFloat], y: Floats, varies: Sequence[bool]) -> Floats:
    """x^p·log x, which is 0 where x is 0."""
    return y * np.log(np.where(np.equal(x[0], 0), 1.0, x[0]))


def _of_absolute(x: Sequence[ArrayOrFloat], y: Floats, varies: Sequence[bool]) -> Floats:
    return np.where(np.greater(x[0], 0), 1.0, -1.0)


RULES: dict[np.ufunc, tuple[DerivativeRule, ...]] = {
    np.add: (lambda x, y, v: 1.0, lambda x, y, v: 1.0),
    np.subtract: (lambda x, y, v: 1.0, lambda x, y, v: -1.0),
    np.multiply: (lambda x, y, v: x[1], lambda x, y, v: x[0]),
    np.divide: (lambda x, y, v: np.reciprocal(x[1], dtype=float), lambda x, y, v: -y / x[1]),
    np.power: (_of_base, _of_exponent),
    np.maximum: _selection(np.greater, np.greater_equal),
    np.minimum: _selection(np.less_equal, np.less_equal),
    np.logaddexp: (lambda x, y, v: np.exp(x[0] - y), lambda x, y, v: np.exp(x[1] - y)),
    np.positive: (lambda x, y, v: 1.0,),
    np.negative: (lambda x, y, v: -1.0,),
    np.absolute: (_of_absolute,),
    np.exp: (lambda x, y, v: y,),
    np.expm1: (lambda x, y, v: y + 1,),
    np.log: (lambda x, y, v: 1 / x[0],),
    np.log1p: (lambda x, y, v: 1 / (1 + x[0]),),
    np.sqrt: (lambda x, y, v: 0.5 / y,),
    np.square: (lambda x, y, v: 2 * x[0],),
    np.reciprocal: (lambda x, y, v: -y * y,),
    np.tanh: (lambda x, y, v: 1 - y * y,),
    np.sinh: (lambda x, y, v: np.cosh(x[0]),),
    np.cosh: (lambda x, y, v: np.sinh(x[0]),),
    np.sin: (lambda x, y, v: np.cos(x[0]),),
    np.cos: (lambda x, y, v: -np.sin(x[0]),),
    np.arctan: (lambda x, y, v: 1 / (1 + np.square(x[0])),),
    special.erf: (lambda x, y, v: 2 / np.sqrt(np.pi) * np.exp(-np.square(x[0])),),
    special.expit: (lambda x, y, v: y * (1 - y),),
    special.ndtr: (lambda x, y, v: np.exp(-0.5 * np.square(x[0])) / np.sqrt(2 * np.pi),),
}
PIECEWISE_CONSTANT = {  # functions whose derivative is 0 wherever there is one
    *(np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal),
    *(np.sign, np.floor, np.ceil, np.rint, np.trunc, np.isfinite, np.isnan, np.isinf, np.signbit),
}
