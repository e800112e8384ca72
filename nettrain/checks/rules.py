"""Derivatives of NumPy's elementwise functions: what dual numbers know, and all that they know.

A rule (x, y, moving) -> ∂y/∂x_k belongs to one argument k of a ufunc: x are the values of its arguments, y is
its value, and `moving` says which arguments depend on the directions. At a tie the derivative is the one from
the left of the argument that moves, as in the activations; between two that both move the first one wins.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

Rule = Callable[[Any, Any, Any], Any]


def _winner(beats: Any, ties: Any) -> tuple[Rule, Rule]:
    """Of maximum and minimum: 1 for the argument that is taken, 0 for the other one."""

    def first(x: Any, y: Any, moving: Any) -> Any:
        return (ties if moving[1] else beats)(x[0], x[1])

    def second(x: Any, y: Any, moving: Any) -> Any:
        return ~ties(x[0], x[1]) if moving[0] else beats(x[1], x[0])

    return first, second


def _of_base(x: Any, y: Any, moving: Any) -> Any:
    """p·x^(p-1), which is 0 for p = 0 also where x is 0."""
    constant = np.equal(x[1], 0)
    return np.where(constant, 0.0, x[1] * np.power(x[0], np.where(constant, 1.0, x[1] - 1.0)))


def _of_exponent(x: Any, y: Any, moving: Any) -> Any:
    """x^p·log x, which is 0 where x is 0."""
    return y * np.log(np.where(np.equal(x[0], 0), 1.0, x[0]))


def _of_magnitude(x: Any, y: Any, moving: Any) -> Any:
    return np.where(np.greater(x[0], 0), 1.0, -1.0)


RULES: dict[Any, tuple[Rule, ...]] = {
    np.add: (lambda x, y, m: 1.0, lambda x, y, m: 1.0),
    np.subtract: (lambda x, y, m: 1.0, lambda x, y, m: -1.0),
    np.multiply: (lambda x, y, m: x[1], lambda x, y, m: x[0]),
    np.divide: (lambda x, y, m: np.reciprocal(x[1], dtype=float), lambda x, y, m: -y / x[1]),
    np.power: (_of_base, _of_exponent),
    np.maximum: _winner(np.greater, np.greater_equal),
    np.minimum: _winner(np.less_equal, np.less_equal),
    np.logaddexp: (lambda x, y, m: np.exp(x[0] - y), lambda x, y, m: np.exp(x[1] - y)),
    np.positive: (lambda x, y, m: 1.0,),
    np.negative: (lambda x, y, m: -1.0,),
    np.absolute: (_of_magnitude,),
    np.exp: (lambda x, y, m: y,),
    np.expm1: (lambda x, y, m: y + 1,),
    np.log: (lambda x, y, m: 1 / x[0],),
    np.log1p: (lambda x, y, m: 1 / (1 + x[0]),),
    np.sqrt: (lambda x, y, m: 0.5 / y,),
    np.square: (lambda x, y, m: 2 * x[0],),
    np.reciprocal: (lambda x, y, m: -y * y,),
    np.tanh: (lambda x, y, m: 1 - y * y,),
    np.sinh: (lambda x, y, m: np.cosh(x[0]),),
    np.cosh: (lambda x, y, m: np.sinh(x[0]),),
    np.sin: (lambda x, y, m: np.cos(x[0]),),
    np.cos: (lambda x, y, m: -np.sin(x[0]),),
    np.arctan: (lambda x, y, m: 1 / (1 + np.square(x[0])),),
    special.erf: (lambda x, y, m: 2 / np.sqrt(np.pi) * np.exp(-np.square(x[0])),),
    special.expit: (lambda x, y, m: y * (1 - y),),
    special.ndtr: (lambda x, y, m: np.exp(-0.5 * np.square(x[0])) / np.sqrt(2 * np.pi),),
}
STILL = {  # functions whose values do not follow small moves
    *(np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal),
    *(np.sign, np.floor, np.ceil, np.rint, np.trunc, np.isfinite, np.isnan, np.isinf, np.signbit),
}
