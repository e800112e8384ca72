"""Dual numbers: arrays that carry their derivatives in a block of directions through NumPy's own functions.

A `Dual` is a value of shape S and a tangent of shape (T, *S): T directions at once. NumPy hands it every
function that is called on it, `out=` included, so code that is written for arrays runs on Duals as it is and
ends with the derivatives of what it computed: forward mode through the primitives, with no word of anybody's
own derivative. Source: Griewank & Walther 2008, chapter 3; the block of directions is their vector mode.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.mixins import NDArrayOperatorsMixin

from nettrain.checks.rules import RULES, STILL

Values = npt.NDArray[Any]


class Dual(NDArrayOperatorsMixin):
    """value S and its derivatives tangent (T, *S); indexing gives views of both."""

    def __init__(self, value: Values, tangent: Values) -> None:
        if tangent.shape[1:] != value.shape:
            raise ValueError(f"a tangent {tangent.shape} does not belong to a value {value.shape}")
        self.value, self.tangent = value, tangent

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def size(self) -> int:
        return self.value.size

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    def __repr__(self) -> str:
        return f"Dual({self.value!r}, {self.tangent!r})"

    def __getitem__(self, key: Any) -> "Dual":
        return Dual(self.value[key], self.tangent[_behind(key)])

    def __setitem__(self, key: Any, new: Any) -> None:
        copyto(self[key], new)

    def __array__(self, *wanted: Any, **named: Any) -> Values:
        raise TypeError("a dual number is no plain array: np.array, np.asarray and float lose derivatives")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **named: Any) -> Any:
        if method == "reduce" and ufunc in REDUCTIONS:
            return REDUCTIONS[ufunc](*inputs, **named)
        if method != "__call__":
            raise TypeError(f"dual numbers have no rule for {ufunc.__name__}.{method}")
        if ufunc in STILL:
            return ufunc(*map(value_of, inputs), **named)
        return _applied(ufunc, inputs, **named)

    def __array_function__(self, function: Any, types: Any, arguments: Any, named: Any) -> Any:
        if function not in FUNCTIONS:
            raise TypeError(f"dual numbers have no rule for {function.__name__}")
        return FUNCTIONS[function](*arguments, **named)

    def sum(self, axis: Any = None, keepdims: bool = False) -> "Dual":
        return total(self, axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> "Dual":
        return mean(self, axis, keepdims=keepdims)

    def max(self, axis: int, keepdims: bool = False) -> "Dual":
        return largest(self, axis, keepdims=keepdims)

    def min(self, axis: int, keepdims: bool = False) -> "Dual":
        return smallest(self, axis, keepdims=keepdims)

    def reshape(self, *shape: Any) -> "Dual":
        value = self.value.reshape(*shape)
        return Dual(value, self.tangent.reshape(len(self.tangent), *value.shape))

    def swapaxes(self, first: int, second: int) -> "Dual":
        behind = (_from_end(axis, self.ndim) for axis in (first, second))
        return Dual(self.value.swapaxes(first, second), self.tangent.swapaxes(*behind))

    def copy(self) -> "Dual":
        return Dual(self.value.copy(), self.tangent.copy())


def value_of(number: Any) -> Any:
    """A Dual's value, or the array itself."""
    return number.value if isinstance(number, Dual) else number


def toward(value: Values, tangent: Values) -> Dual:
    """A value that moves in directions (T, *S), or (*S,) for a single one."""
    return Dual(value, tangent.reshape(-1, *value.shape))


def still(value: Any, beside: Any) -> Any:
    """A value that does not move, as a Dual where one of the others is one, so that it can be written to."""
    for other in beside:
        if isinstance(other, Dual) and not isinstance(value, Dual):
            return Dual(value, np.zeros((len(other.tangent), *value.shape)))
    return value


def one_by_one(value: Values, places: Values) -> Dual:
    """value S in T directions, of which direction t moves the number at flat place places[t] alone."""
    tangent = np.zeros((len(places), value.size))
    tangent[np.arange(len(places)), places] = 1
    return toward(value, tangent)


def _behind(key: Any) -> tuple[Any, ...]:
    return (slice(None), *key) if isinstance(key, tuple) else (slice(None), key)


def _from_end(axis: int, ndim: int) -> int:
    """The axis counted from the end, where the tangent has the same one."""
    return axis - ndim if axis >= 0 else axis


def _lined_up(number: Dual, ndim: int) -> Values:
    """The tangent with axes of length 1 behind its first, so that it meets values of so many axes."""
    gap = (1,) * (ndim - number.ndim)
    return number.tangent.reshape(len(number.tangent), *gap, *number.shape)


def _filled(value: Values, tangent: Values) -> Dual:
    """A Dual that may be written to, of a tangent that may have axes of length 1."""
    full = (len(tangent), *value.shape)
    return Dual(value, tangent if tangent.shape == full else np.broadcast_to(tangent, full).copy())


def _applied(ufunc: Any, inputs: Any, out: Any = None, where: Any = True) -> Any:
    """A ufunc of Duals and arrays: its value, and the sum over its Duals of partial derivative × tangent."""
    moved = _product(*inputs) if ufunc is np.matmul else _chained(ufunc, inputs)
    if out is None:
        return moved
    copyto(out[0], moved, where=where)
    return out[0]


def _chained(ufunc: Any, inputs: Any) -> Dual:
    """The chain rule: Σ_k ∂y/∂x_k·dx_k over the arguments that move."""
    if ufunc not in RULES:
        raise TypeError(f"dual numbers have no rule for {ufunc.__name__}")
    values, moving = [value_of(number) for number in inputs], [isinstance(number, Dual) for number in inputs]
    value = np.asarray(ufunc(*values))
    terms = [
        RULES[ufunc][k](values, value, moving) * _lined_up(number, value.ndim)
        for k, number in enumerate(inputs)
        if moving[k]
    ]
    return _filled(value, sum(terms[1:], start=terms[0]) if terms else np.zeros((1, *value.shape)))


def _product(a: Any, b: Any) -> Dual:
    """a @ b, d(AB) = dA·B + A·dB; a vector in front is a row, one behind a column."""
    vectors = [axis for axis, part in ((-2, a), (-1, b)) if np.ndim(value_of(part)) == 1]
    a = a.reshape(1, -1) if -2 in vectors else a
    b = b.reshape(-1, 1) if -1 in vectors else b
    value = value_of(a) @ value_of(b)
    terms = [_lined_up(a, value.ndim) @ value_of(b)] if isinstance(a, Dual) else []
    terms += [value_of(a) @ _lined_up(b, value.ndim)] if isinstance(b, Dual) else []
    found = _filled(value, sum(terms[1:], start=terms[0]))
    return Dual(found.value.squeeze(tuple(vectors)), found.tangent.squeeze(tuple(vectors)))


def copyto(target: Any, source: Any, where: Any = True, **named: Any) -> None:
    """Write a Dual, or an array that does not move, into a Dual."""
    if not isinstance(target, Dual):
        raise TypeError("an array cannot hold the derivatives of a Dual")
    np.copyto(target.value, value_of(source), where=where, **named)
    moved = _lined_up(source, target.ndim) if isinstance(source, Dual) else 0.0
    np.copyto(target.tangent, moved, where=where)


def total(a: Dual, axis: Any = None, *, keepdims: bool = False, **named: Any) -> Dual:
    """Σ over an axis, several or all of them."""
    places = range(a.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    behind = tuple(_from_end(place, a.ndim) for place in places)
    value = np.asarray(a.value.sum(axis=behind, keepdims=keepdims))
    return Dual(value, a.tangent.sum(axis=behind, keepdims=keepdims))


def mean(a: Dual, axis: Any = None, *, keepdims: bool = False, **named: Any) -> Dual:
    """The mean over an axis, several or all of them."""
    added = total(a, axis, keepdims=keepdims)
    return added / (a.size / added.size)  # type: ignore[no-any-return]


def largest(a: Dual, axis: int, *, keepdims: bool = False, **named: Any) -> Dual:
    """The maximum along one axis; the first of equals moves it."""
    return _picked(a, a.value.argmax(axis=axis, keepdims=True), axis, keepdims)


def smallest(a: Dual, axis: int, *, keepdims: bool = False, **named: Any) -> Dual:
    """The minimum along one axis; the first of equals moves it."""
    return _picked(a, a.value.argmin(axis=axis, keepdims=True), axis, keepdims)


def _picked(a: Dual, index: Values, axis: int, keepdims: bool) -> Dual:
    found, behind = along(a, index, axis), _from_end(axis, a.ndim)
    return found if keepdims else Dual(found.value.squeeze(behind), found.tangent.squeeze(behind))


def along(a: Dual, indices: Values, axis: int = -1) -> Dual:
    """np.take_along_axis."""
    value = np.take_along_axis(a.value, indices, axis=axis)
    return Dual(value, np.take_along_axis(a.tangent, indices[None], axis=_from_end(axis, a.ndim)))


def where(condition: Any, one: Any, other: Any) -> Dual:
    """np.where of a condition that does not move."""
    value = np.where(condition, value_of(one), value_of(other))
    moves = [_lined_up(part, value.ndim) if isinstance(part, Dual) else 0.0 for part in (one, other)]
    return _filled(value, np.where(condition, *moves))


def clip(a: Any, low: Any = None, high: Any = None, out: Any = None, **named: Any) -> Any:
    """np.clip as the two functions it is made of."""
    bounded = a if low is None else np.maximum(a, low)
    bounded = bounded if high is None else np.minimum(bounded, high)
    if out is None:
        return bounded
    copyto(out, bounded)
    return out


def broadcast_to(a: Dual, shape: Any, **named: Any) -> Dual:
    """np.broadcast_to."""
    tangent = _lined_up(a, len(shape))
    return Dual(np.broadcast_to(a.value, shape), np.broadcast_to(tangent, (len(tangent), *shape)))


def zeros_like(a: Dual, **named: Any) -> Dual:
    """A Dual of this shape, for `out=`."""
    return Dual(np.zeros_like(a.value), np.zeros_like(a.tangent))


REDUCTIONS: dict[Any, Callable[..., Dual]] = {np.add: total, np.maximum: largest, np.minimum: smallest}
FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.sum: total,
    np.mean: mean,
    np.max: largest,
    np.amax: largest,
    np.min: smallest,
    np.amin: smallest,
    np.where: where,
    np.take_along_axis: along,
    np.copyto: copyto,
    np.clip: clip,
    np.broadcast_to: broadcast_to,
    np.zeros_like: zeros_like,
    np.empty_like: zeros_like,
    np.reshape: Dual.reshape,
    np.swapaxes: Dual.swapaxes,
}
