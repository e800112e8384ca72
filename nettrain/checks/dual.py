"""Dual numbers: arrays that carry derivatives along a block of directions through NumPy's own functions.

A `Dual` is a value of shape S and a tangent of shape (T, *S), its derivatives along T directions at once.
NumPy hands it every function that it is passed to, `out=` included, so code that is written for arrays runs
on Duals unchanged and returns the derivatives of whatever it computes. This is forward-mode automatic
differentiation from primitives: no hand-written derivative of a layer, an activation or a loss takes part.
Source: Griewank & Walther 2008, chapter 3; the block of directions is their vector mode.
"""

from collections.abc import Callable, Sequence
from types import EllipsisType
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from nettrain.backend.base import Flags, Floats
from nettrain.checks.rules import PIECEWISE_CONSTANT, RULES, ArrayOrFloat
from nettrain.training.rows.batches import Index

DualOperand: TypeAlias = "Dual | Floats | float"
Axes: TypeAlias = int | tuple[int, ...] | None
KeyPart: TypeAlias = int | slice | EllipsisType | Index | Flags | None
Key: TypeAlias = KeyPart | tuple[KeyPart, ...]


class Dual(NDArrayOperatorsMixin):
    """A value S and its derivatives, the tangent (T, *S); indexing gives views of both."""

    def __init__(self, value: Floats, tangent: Floats) -> None:
        if tangent.shape[1:] != value.shape:
            raise ValueError(
                f"a tangent of shape {tangent.shape} does not fit a value of shape {value.shape}"
            )
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
    def dtype(self) -> np.dtype[np.float64]:
        return self.value.dtype

    def __repr__(self) -> str:
        return f"Dual({self.value!r}, {self.tangent!r})"

    def __getitem__(self, key: Key) -> "Dual":
        behind = key if isinstance(key, tuple) else (key,)
        return Dual(self.value[key], self.tangent[slice(None), *behind])

    def __setitem__(self, key: Key, new: DualOperand) -> None:
        copyto(self[key], new)

    def __array__(self, *args: object, **kwargs: object) -> Floats:
        raise TypeError(
            "a dual number is not a plain array: np.array, np.asarray and float would lose its derivatives"
        )

    # NumPy's protocols pass on whatever arguments a function takes
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: DualOperand, **kwargs: Any) -> object:
        if method == "reduce" and ufunc in REDUCTIONS:
            return REDUCTIONS[ufunc](*inputs, **kwargs)
        if method != "__call__":
            raise TypeError(f"dual numbers have no rule for {ufunc.__name__}.{method}")
        if ufunc in PIECEWISE_CONSTANT:
            return ufunc(*map(value_of, inputs), **kwargs)
        return _apply(ufunc, inputs, **kwargs)

    def __array_function__(
        self,
        function: Callable[..., object],
        types: Sequence[type],
        args: Sequence[Any],
        kwargs: dict[str, Any],
    ) -> object:
        if function not in FUNCTIONS:
            raise TypeError(f"dual numbers have no rule for {function.__name__}")
        return FUNCTIONS[function](*args, **kwargs)

    def sum(self, axis: Axes = None, keepdims: bool = False) -> "Dual":
        return total(self, axis, keepdims=keepdims)

    def mean(self, axis: Axes = None, keepdims: bool = False) -> "Dual":
        return mean(self, axis, keepdims=keepdims)

    def max(self, axis: int, keepdims: bool = False) -> "Dual":
        return maximum(self, axis, keepdims=keepdims)

    def min(self, axis: int, keepdims: bool = False) -> "Dual":
        return minimum(self, axis, keepdims=keepdims)

    def reshape(self, shape: int | Sequence[int], *rest: int) -> "Dual":
        sizes = shape if isinstance(shape, Sequence) else (shape, *rest)
        value = self.value.reshape(*sizes)
        return Dual(value, self.tangent.reshape(len(self.tangent), *value.shape))

    def swapaxes(self, first: int, second: int) -> "Dual":
        axes = (_from_end(axis, self.ndim) for axis in (first, second))
        return Dual(self.value.swapaxes(first, second), self.tangent.swapaxes(*axes))

    def copy(self) -> "Dual":
        return Dual(self.value.copy(), self.tangent.copy())


def value_of(operand: DualOperand) -> ArrayOrFloat:
    """A Dual's value, or the array itself."""
    return operand.value if isinstance(operand, Dual) else operand


def seeded(value: Floats, directions: Floats) -> Dual:
    """A variable with seed directions (T, *S), or (*S,) for a single one."""
    return Dual(value, directions.reshape(-1, *value.shape))


def seeded_by_coordinate(value: Floats, coordinates: Index) -> Dual:
    """A variable whose t-th seed direction is the unit vector of the flat coordinate coordinates[t]."""
    directions = np.zeros((len(coordinates), value.size))
    directions[np.arange(len(coordinates)), coordinates] = 1
    return seeded(value, directions)


def _from_end(axis: int, ndim: int) -> int:
    """The axis counted from the end, which is where the tangent has it too."""
    return axis - ndim if axis >= 0 else axis


def _aligned_tangent(dual: Dual, ndim: int) -> Floats:
    """The tangent with axes of length 1 behind its first one, to broadcast with values of `ndim` axes."""
    gap = (1,) * (ndim - dual.ndim)
    return dual.tangent.reshape(len(dual.tangent), *gap, *dual.shape)


def _broadcast(value: Floats, tangent: Floats) -> Dual:
    """A Dual that may be written to, of a tangent that may have axes of length 1."""
    full = (len(tangent), *value.shape)
    return Dual(value, tangent if tangent.shape == full else np.broadcast_to(tangent, full).copy())


def _apply(
    ufunc: np.ufunc,
    inputs: Sequence[DualOperand],
    out: tuple[DualOperand, ...] | None = None,
    where: Flags | bool = True,
) -> DualOperand:
    """A ufunc of Duals and arrays: its value, and the sum over its Duals of partial derivative × tangent."""
    result = _matmul(*inputs) if ufunc is np.matmul else _chain_rule(ufunc, inputs)
    if out is None:
        return result
    copyto(out[0], result, where=where)
    return out[0]


def _chain_rule(ufunc: np.ufunc, inputs: Sequence[DualOperand]) -> Dual:
    """Σ_k ∂y/∂x_k·dx_k over the arguments that carry a tangent."""
    if ufunc not in RULES:
        raise TypeError(f"dual numbers have no rule for {ufunc.__name__}")
    values, varies = [value_of(operand) for operand in inputs], [isinstance(x, Dual) for x in inputs]
    value = np.asarray(ufunc(*values))
    terms = [
        rule(values, value, varies) * _aligned_tangent(operand, value.ndim)
        for rule, operand in zip(RULES[ufunc], inputs, strict=True)
        if isinstance(operand, Dual)
    ]
    return _broadcast(value, sum(terms[1:], start=terms[0]) if terms else np.zeros((1, *value.shape)))


def _matmul(a: DualOperand, b: DualOperand) -> Dual:
    """a @ b, d(AB) = dA·B + A·dB; a vector on the left is a row, one on the right a column."""
    a, b = (operand if isinstance(operand, Dual) else np.asarray(operand) for operand in (a, b))
    vectors = tuple(axis for axis, factor in ((-2, a), (-1, b)) if factor.ndim == 1)
    a = a.reshape(1, -1) if a.ndim == 1 else a
    b = b.reshape(-1, 1) if b.ndim == 1 else b
    value: Floats = np.matmul(value_of(a), value_of(b))
    terms = [_aligned_tangent(a, value.ndim) @ value_of(b)] if isinstance(a, Dual) else []
    terms += [value_of(a) @ _aligned_tangent(b, value.ndim)] if isinstance(b, Dual) else []
    product = _broadcast(value, sum(terms[1:], start=terms[0]))
    return Dual(product.value.squeeze(vectors), product.tangent.squeeze(vectors))


def copyto(target: DualOperand, source: DualOperand, where: Flags | bool = True) -> None:
    """np.copyto of a Dual, or of a constant, into a Dual."""
    if not isinstance(target, Dual):
        raise TypeError("an array cannot hold the derivatives of a Dual")
    np.copyto(target.value, value_of(source), where=where)
    tangent = _aligned_tangent(source, target.ndim) if isinstance(source, Dual) else 0.0
    np.copyto(target.tangent, tangent, where=where)


def total(a: Dual, axis: Axes = None, *, keepdims: bool = False) -> Dual:
    """np.sum over one axis, several or all of them."""
    axes = range(a.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    behind = tuple(_from_end(each, a.ndim) for each in axes)
    value = np.asarray(a.value.sum(axis=behind, keepdims=keepdims))
    return Dual(value, a.tangent.sum(axis=behind, keepdims=keepdims))


def mean(a: Dual, axis: Axes = None, *, keepdims: bool = False) -> Dual:
    """np.mean over one axis, several or all of them."""
    added = total(a, axis, keepdims=keepdims)
    average: Dual = added / (a.size / added.size)
    return average


def maximum(a: Dual, axis: int, *, keepdims: bool = False) -> Dual:
    """np.max along one axis; of equal elements the first one is differentiated."""
    return _selected(a, a.value.argmax(axis=axis, keepdims=True), axis, keepdims)


def minimum(a: Dual, axis: int, *, keepdims: bool = False) -> Dual:
    """np.min along one axis; of equal elements the first one is differentiated."""
    return _selected(a, a.value.argmin(axis=axis, keepdims=True), axis, keepdims)


def _selected(a: Dual, index: Index, axis: int, keepdims: bool) -> Dual:
    selected, behind = take_along_axis(a, index, axis), _from_end(axis, a.ndim)
    return selected if keepdims else Dual(selected.value.squeeze(behind), selected.tangent.squeeze(behind))


def take_along_axis(a: Dual, indices: Index, axis: int = -1) -> Dual:
    """np.take_along_axis."""
    value = np.take_along_axis(a.value, indices, axis=axis)
    return Dual(value, np.take_along_axis(a.tangent, indices[None], axis=_from_end(axis, a.ndim)))


def take(a: Dual, indices: Index, axis: int) -> Dual:
    """np.take along one axis."""
    value = np.take(a.value, indices, axis=axis)
    return Dual(value, np.take(a.tangent, indices, axis=axis % a.ndim + 1))


def where(condition: Flags, x: DualOperand, y: DualOperand) -> Dual:
    """np.where of a constant condition."""
    value = np.where(condition, value_of(x), value_of(y))
    tangents = [_aligned_tangent(part, value.ndim) if isinstance(part, Dual) else 0.0 for part in (x, y)]
    return _broadcast(value, np.where(condition, *tangents))


def clip(
    a: DualOperand,
    low: "DualOperand | None" = None,
    high: "DualOperand | None" = None,
    out: Dual | None = None,
) -> DualOperand:
    """np.clip as the two functions that it is made of."""
    bounded = a if low is None else np.maximum(a, low)
    bounded = bounded if high is None else np.minimum(bounded, high)
    if out is None:
        return bounded
    copyto(out, bounded)
    return out


def broadcast_to(a: Dual, shape: tuple[int, ...]) -> Dual:
    """np.broadcast_to."""
    tangent = _aligned_tangent(a, len(shape))
    return Dual(np.broadcast_to(a.value, shape), np.broadcast_to(tangent, (len(tangent), *shape)))


def zeros_like(a: Dual) -> Dual:
    """A Dual of this shape, for `out=`."""
    return Dual(np.zeros_like(a.value), np.zeros_like(a.tangent))


def concatenate(parts: Sequence[DualOperand], axis: int = 0) -> Dual:
    """np.concatenate; the tangent of a constant is 0."""
    value = np.concatenate([value_of(part) for part in parts], axis=axis)
    directions = max(len(part.tangent) for part in parts if isinstance(part, Dual))
    tangents = [
        np.broadcast_to(
            part.tangent if isinstance(part, Dual) else 0.0, (directions, *np.shape(value_of(part)))
        )
        for part in parts
    ]
    return Dual(value, np.concatenate(tangents, axis=_from_end(axis, value.ndim)))


REDUCTIONS: dict[np.ufunc, Callable[..., Dual]] = {np.add: total, np.maximum: maximum, np.minimum: minimum}
FUNCTIONS: dict[Callable[..., object], Callable[..., object]] = {
    np.sum: total,
    np.mean: mean,
    np.max: maximum,
    np.amax: maximum,
    np.min: minimum,
    np.amin: minimum,
    np.where: where,
    np.take_along_axis: take_along_axis,
    np.take: take,
    np.concatenate: concatenate,
    np.copyto: copyto,
    np.clip: clip,
    np.broadcast_to: broadcast_to,
    np.zeros_like: zeros_like,
    np.empty_like: zeros_like,
    np.reshape: Dual.reshape,
    np.swapaxes: Dual.swapaxes,
}
