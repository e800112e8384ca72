"""What symbolic arrays do in NumPy's functions that are no ufuncs."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import HostArray
from nettrain.export.node import is_rows
from nettrain.export.traced import (
    Operand,
    Positions,
    Traced,
    UntraceableError,
    choice,
    copyto,
    expanded,
    joined,
    record,
    reduced,
    taken,
    traced,
)


def concatenate(parts: Sequence[Operand], axis: int = 0) -> Traced:
    """np.concatenate."""
    return joined(parts, axis)


def stack(parts: Sequence[Operand], axis: int = 0) -> Traced:
    """np.stack, along the first axis or the last."""
    each = [traced(part) for part in parts]
    at = axis % (each[0].ndim + 1)
    return joined([one.reshape(*one.shape[:at], 1, *one.shape[at:]) for one in each], at)


def clip(
    a: Operand, low: "Operand | None" = None, high: "Operand | None" = None, out: Traced | None = None
) -> Any:
    """np.clip as the two functions that it is made of."""
    bounded = a if low is None else np.maximum(a, low)
    bounded = bounded if high is None else np.minimum(bounded, high)
    if out is not None:
        copyto(out, bounded)
    return bounded if out is None else out


def full_like(a: Traced, value: Operand, dtype: npt.DTypeLike | None = None) -> Traced:
    """np.full_like."""
    return expanded(traced(value, a.dtype if dtype is None else np.dtype(dtype)), a)


def zeros_like(a: Traced, dtype: npt.DTypeLike | None = None) -> Traced:
    """np.zeros_like, also in the place of np.empty_like."""
    return full_like(a, 0, dtype)


def ones_like(a: Traced, dtype: npt.DTypeLike | None = None) -> Traced:
    """np.ones_like."""
    return full_like(a, 1, dtype)


def broadcast_to(a: Traced, shape: Sequence[int]) -> Traced:
    """np.broadcast_to, of a shape with no more rows than the array has."""
    known = tuple(1 if is_rows(length) else length for length in shape)
    result = expanded(a, traced(np.zeros(known, np.bool_)))
    if result.shape != tuple(shape):
        raise UntraceableError(f"{a} as {tuple(shape)}")
    return result


def take(a: Operand, indices: "Positions | Traced", axis: int | None = None) -> Traced:
    """np.take of a vector, or along an axis."""
    array = traced(a)
    if axis is None and array.ndim != 1:
        raise UntraceableError("np.take of several axes at once")
    return taken(array, indices, 0 if axis is None else axis % array.ndim)


def interp(x: Traced, xp: HostArray | Sequence[float], fp: HostArray | Sequence[float]) -> Traced:
    """np.interp by constant points, in float64."""
    points = (np.asarray(one, np.float64) for one in (xp, fp))
    return record("interp", x.shape, np.dtype(np.float64), x.astype(np.float64), *map(traced, points))


def _reduction(operation: str) -> Callable[..., Traced]:
    def function(a: Operand, axis: int | None = None, **other: Any) -> Traced:
        return reduced(operation, a, axis, **other)

    return function


FUNCTIONS: dict[Callable[..., object], Callable[..., object]] = {
    np.where: choice,
    np.concatenate: concatenate,
    np.stack: stack,
    np.clip: clip,
    np.copyto: copyto,
    np.full_like: full_like,
    np.zeros_like: zeros_like,
    np.empty_like: zeros_like,
    np.ones_like: ones_like,
    np.broadcast_to: broadcast_to,
    np.take: take,
    np.interp: interp,
    np.reshape: Traced.reshape,
    np.swapaxes: Traced.swapaxes,
    np.argmax: Traced.argmax,
    np.sum: _reduction("sum"),
    np.mean: _reduction("mean"),
    np.max: _reduction("max"),
    np.amax: _reduction("max"),
    np.min: _reduction("min"),
    np.amin: _reduction("min"),
}
