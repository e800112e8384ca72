"""Symbolic arrays: NumPy's own functions, applied to them, record what they would compute.

A `Traced` has the shape and dtype of an array, but a node of a graph in the place of numbers. NumPy hands it
every function that it is passed to, `out=` included, so code that is written for arrays runs on it unchanged.
So whatever the catalogue's entries compute in prediction can be exported, without being written again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from types import EllipsisType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.lib.mixins import NDArrayOperatorsMixin

from nettrain.backend.base import HostArray
from nettrain.export.node import ELEMENTWISE, ROWS, GraphNode, constant, is_rows

Operand: TypeAlias = "Traced | HostArray | np.generic | float"
Positions: TypeAlias = Sequence[int] | npt.NDArray[np.integer[Any]] | npt.NDArray[np.bool_]
KeyPart: TypeAlias = "int | slice | EllipsisType | Positions | Traced | None"
Key: TypeAlias = "KeyPart | tuple[KeyPart, ...]"
Dtype: TypeAlias = np.dtype[Any]

_part: ContextVar[str] = ContextVar("part", default="")


class UntraceableError(TypeError):
    """Something that a graph cannot hold."""


@contextmanager
def part_of(name: str) -> Iterator[None]:
    """Nodes that are recorded meanwhile belong to this part of the prediction."""
    token = _part.set(name)
    try:
        yield
    finally:
        _part.reset(token)


class Traced(NDArrayOperatorsMixin):
    """An array that will be computed by `node`; what is written into it takes the node's place."""

    def __init__(self, node: GraphNode) -> None:
        self.node = node

    @property
    def shape(self) -> tuple[int, ...]:
        return self.node.shape

    @property
    def ndim(self) -> int:
        return len(self.node.shape)

    @property
    def dtype(self) -> Dtype:
        return self.node.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        lengths = [f"{n // ROWS}·N".removeprefix("1·") if is_rows(n) else str(n) for n in self.shape]
        return f"Traced({self.node.operation}, ({', '.join(lengths)}), {self.dtype})"

    def __array__(self, *args: object, **kwargs: object) -> HostArray:
        raise UntraceableError("np.array, np.asarray and float need numbers, which a graph does not have yet")

    def __bool__(self) -> bool:
        raise UntraceableError("a graph cannot branch on numbers that it does not have yet")

    def __iter__(self) -> Iterator["Traced"]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, key: Key) -> "Traced":
        return indexed(self, key)

    def __setitem__(self, key: Key, new: Operand) -> None:
        self.node = replaced(self, key, new).node

    def __pow__(self, exponent: Any) -> Any:
        """`**2` is a square, as of NumPy's arrays: in NumPy 2.0 `np.power` differs from it in last bits."""
        is_square = isinstance(exponent, int | float) and exponent == 2
        return np.square(self) if is_square else np.power(self, exponent)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Operand, **kwargs: Any) -> object:
        if method == "reduce" and ufunc in REDUCTIONS:
            return reduced(REDUCTIONS[ufunc], inputs[0], **kwargs)
        if method != "__call__":
            raise UntraceableError(f"no rule for {ufunc.__name__}.{method}")
        return _applied(ufunc, inputs, **kwargs)

    def __array_function__(
        self,
        function: Callable[..., object],
        types: Sequence[type],
        args: Sequence[Any],
        kwargs: dict[str, Any],
    ) -> object:
        from nettrain.export.array_functions import FUNCTIONS

        if function not in FUNCTIONS:
            raise UntraceableError(f"no rule for np.{function.__name__}")
        return FUNCTIONS[function](*args, **kwargs)

    def astype(self, dtype: npt.DTypeLike) -> "Traced":
        kind = np.dtype(dtype)
        return self if kind == self.dtype else record("cast", self.shape, kind, self)

    def copy(self) -> "Traced":
        return Traced(self.node)

    def sum(self, axis: int | None = None, keepdims: bool = False) -> "Traced":
        return reduced("sum", self, axis, keepdims=keepdims)

    def mean(self, axis: int | None = None, keepdims: bool = False) -> "Traced":
        return reduced("mean", self, axis, keepdims=keepdims)

    def max(self, axis: int | None = None, keepdims: bool = False) -> "Traced":
        return reduced("max", self, axis, keepdims=keepdims)

    def min(self, axis: int | None = None, keepdims: bool = False) -> "Traced":
        return reduced("min", self, axis, keepdims=keepdims)

    def argmax(self, axis: int) -> "Traced":
        at = axis % self.ndim
        shape = (*self.shape[:at], *self.shape[at + 1 :])
        return record("argmax", shape, np.dtype(np.int64), self, axis=at)

    def reshape(self, shape: int | Sequence[int], *rest: int) -> "Traced":
        lengths = tuple(shape) if isinstance(shape, Sequence) else (shape, *rest)
        return record("reshape", _without_gap(lengths, self.shape), self.dtype, self)

    def swapaxes(self, first: int, second: int) -> "Traced":
        axes = sorted((first % self.ndim, second % self.ndim))
        shape = list(self.shape)
        shape[axes[0]], shape[axes[1]] = shape[axes[1]], shape[axes[0]]
        return record("swapaxes", tuple(shape), self.dtype, self, first=axes[0], second=axes[1])

    @property
    def T(self) -> "Traced":
        return self.swapaxes(0, 1)


def traced(operand: Operand, dtype: Dtype | None = None) -> Traced:
    """An operand as a symbolic array, of another dtype if one is given."""
    if isinstance(operand, Traced):
        return operand if dtype is None else operand.astype(dtype)
    return Traced(constant(np.asarray(operand, dtype), part=_part.get()))


def record(
    operation: str,
    shape: tuple[int, ...],
    dtype: Dtype,
    *inputs: Traced,
    **options: int | str | bool | None,
) -> Traced:
    """The result of an operation."""
    nodes = tuple(one.node for one in inputs)
    return Traced(GraphNode(operation, shape, dtype, nodes, options, part=_part.get()))


def named(array: Traced, name: str) -> Traced:
    """The same array under a name."""
    return Traced(replace(array.node, name=name))


def broadcast(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The common shape, as np.broadcast_shapes, of axes of any length."""
    axes = max(map(len, shapes))
    aligned = [(1,) * (axes - len(shape)) + shape for shape in shapes]
    lengths = []
    for each in zip(*aligned, strict=True):
        several = {length for length in each if length != 1}
        if len(several) > 1:
            raise ValueError(f"shapes do not broadcast: {', '.join(map(str, shapes))}")
        lengths.append(several.pop() if several else 1)
    return tuple(lengths)


def _applied(
    ufunc: np.ufunc,
    inputs: Sequence[Operand],
    out: tuple[Traced, ...] | None = None,
    where: "Traced | HostArray | bool" = True,
) -> Traced:
    """A ufunc; with `out` its result takes the place of that array's node."""
    result = _matmul(*inputs) if ufunc is np.matmul else elementwise(ufunc, *inputs)
    if out is None:
        return result
    copyto(out[0], result, where=where)
    return out[0]


def copyto(target: Traced, source: Operand, where: "Traced | HostArray | bool" = True) -> None:
    """np.copyto: the source takes the place of the target's node, where that is true."""
    new = expanded(traced(source, target.dtype), target)
    target.node = new.node if where is True else choice(where, new, target).node


def choice(condition: Operand, x: Operand, y: Operand) -> Traced:
    """np.where of three."""
    dtype = np.result_type(_weak(x), _weak(y))
    which, first, second = traced(condition, np.dtype(np.bool_)), traced(x, dtype), traced(y, dtype)
    return record("where", broadcast(which.shape, first.shape, second.shape), dtype, which, first, second)


def expanded(array: Traced, like: Traced) -> Traced:
    """The array in the shape that it and the other one have together."""
    shape = broadcast(array.shape, like.shape)
    return array if shape == array.shape else record("expand", shape, array.dtype, array, like)


def _weak(operand: Operand) -> Any:
    """What NumPy's promotion asks of an operand: its dtype, or a Python number itself."""
    return operand if type(operand) in (int, float, bool) else _kind(operand)


def _typed(ufunc: np.ufunc, inputs: Sequence[Operand]) -> list[tuple[Operand, Dtype]]:
    """Each operand with the dtype that NumPy would give it."""
    *dtypes, _ = ufunc.resolve_dtypes((*map(_kind, inputs), None))
    return list(zip(inputs, dtypes, strict=True))


def _kind(operand: Operand) -> Any:
    """The dtype of an operand, or the type of a Python number, whose dtype depends on the others."""
    if isinstance(operand, Traced):
        return operand.dtype
    return type(operand) if type(operand) in (int, float) else np.asarray(operand).dtype


def elementwise(ufunc: np.ufunc, *inputs: Operand) -> Traced:
    """A ufunc of arrays that broadcast."""
    if ufunc in LOGICAL and all(_kind(operand) == np.bool_ for operand in inputs):
        ufunc = LOGICAL[ufunc]
    if ufunc.__name__ not in ELEMENTWISE:
        raise UntraceableError(f"no rule for {ufunc.__name__}")
    typed = _typed(ufunc, inputs)
    result = ufunc.resolve_dtypes((*(kind for _, kind in typed), None))[-1]
    arrays = [traced(operand, kind) for operand, kind in typed]
    return record(ufunc.__name__, broadcast(*(one.shape for one in arrays)), result, *arrays)


def _matmul(a: Operand, b: Operand) -> Traced:
    dtype = np.result_type(_kind(a), _kind(b))
    left, right = traced(a, dtype), traced(b, dtype)
    if min(left.ndim, right.ndim) < 2 or left.shape[-1] != right.shape[-2]:
        raise UntraceableError(f"no product of {left} and {right}")
    shape = (*broadcast(left.shape[:-2], right.shape[:-2]), left.shape[-2], right.shape[-1])
    return record("matmul", shape, dtype, left, right)


def reduced(
    operation: str, x: Operand, axis: int | None = None, keepdims: bool = False, **other: Any
) -> Traced:
    """A sum, mean, maximum or minimum along one axis."""
    array, rest = traced(x), {key: value for key, value in other.items() if value is not None}
    if axis is None or not isinstance(axis, int) or rest:
        raise UntraceableError(f"{operation} along {axis} axes{' with ' + ', '.join(rest) if rest else ''}")
    at = axis % array.ndim
    middle = (1,) if keepdims else ()
    shape = (*array.shape[:at], *middle, *array.shape[at + 1 :])
    return record(operation, shape, array.dtype, array, axis=at, keepdims=keepdims)


def _without_gap(lengths: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The lengths with the right one in the place of -1."""
    size, known = 1, 1
    for length in shape:
        size *= length
    for length in lengths:
        known *= length if length != -1 else 1
    if (-1 in lengths and size % known) or (-1 not in lengths and size != known):
        raise ValueError(f"{shape} cannot become {lengths}")
    return tuple(size // known if length == -1 else length for length in lengths)


def indexed(array: Traced, key: Key) -> Traced:
    """array[key] with slices, numbers, new axes and at most one array of positions."""
    parts = list(key) if isinstance(key, tuple) else [key]
    axes = sum(1 for part in parts if part is not None and part is not Ellipsis)
    whole: list[KeyPart] = [slice(None)] * (array.ndim - axes)
    at = next((k for k, part in enumerate(parts) if part is Ellipsis), None)
    parts = [*parts, *whole] if at is None else [*parts[:at], *whole, *parts[at + 1 :]]
    shape: list[int] = []
    axis = 0
    for part in parts:
        if part is None:
            shape.append(1)
            continue
        array = _cut(array, axis, part)
        axis += 1
        if not isinstance(part, int | np.integer):
            shape.append(array.shape[axis - 1])
    return array if tuple(shape) == array.shape else array.reshape(shape)


def _cut(array: Traced, axis: int, part: KeyPart) -> Traced:
    """A part of one axis, which keeps the axis."""
    length = array.shape[axis]
    if isinstance(part, slice):
        if part == slice(None):
            return array
        start, stop, step = part.indices(length)
        count = len(range(start, stop, step))
        if is_rows(length):
            raise UntraceableError("a part of the rows")
        shape = (*array.shape[:axis], count, *array.shape[axis + 1 :])
        if count == length and step == 1:
            return array
        return record("slice", shape, array.dtype, array, axis=axis, start=start, stop=stop, step=step)
    if isinstance(part, int | np.integer):
        first = int(part) % length
        return _cut(array, axis, slice(first, first + 1))
    assert part is not None, "new axes are no parts"
    assert not isinstance(part, EllipsisType), "the ellipsis stands for slices"
    return taken(array, part, axis)


def taken(array: Traced, positions: "Positions | Traced", axis: int) -> Traced:
    """The parts of an axis at these positions, or where they are true."""
    index = positions if isinstance(positions, Traced) else _whole(positions, array.shape[axis])
    if not isinstance(index, Traced) and np.array_equal(index, np.arange(array.shape[axis])):
        return array
    shape = (*array.shape[:axis], *index.shape, *array.shape[axis + 1 :])
    return record("take", shape, array.dtype, array, traced(index), axis=axis)


def _whole(positions: Positions, length: int) -> npt.NDArray[np.int64]:
    array = np.asarray(positions)
    if array.dtype == np.bool_:
        return np.flatnonzero(array)
    return array.astype(np.int64) % length


def replaced(array: Traced, key: Key, new: Operand) -> Traced:
    """The array after array[..., columns] = new."""
    *before, last = key if isinstance(key, tuple) else (key,)
    if not all(isinstance(part, EllipsisType) or part == slice(None) for part in before):
        raise UntraceableError("values can be set in columns alone")
    columns = np.arange(array.shape[-1])
    chosen = columns[last]
    values = expanded(traced(new, array.dtype), array[..., chosen])
    columns[chosen] = array.shape[-1] + np.arange(len(chosen))
    return taken(joined([array, values], array.ndim - 1), columns, array.ndim - 1)


def joined(parts: Sequence[Operand], axis: int) -> Traced:
    """np.concatenate."""
    dtype = np.result_type(*map(_kind, parts))
    arrays = [traced(part, dtype) for part in parts]
    at = axis % arrays[0].ndim
    length = sum(one.shape[at] for one in arrays)
    shape = (*arrays[0].shape[:at], length, *arrays[0].shape[at + 1 :])
    return arrays[0] if len(arrays) == 1 else record("concatenate", shape, dtype, *arrays, axis=at)


# of truth values, what the operators &, | and ~ do
LOGICAL: Mapping[np.ufunc, np.ufunc] = {
    np.bitwise_and: np.logical_and,
    np.bitwise_or: np.logical_or,
    np.invert: np.logical_not,
}
REDUCTIONS: Mapping[np.ufunc, str] = {np.add: "sum", np.maximum: "max", np.minimum: "min"}
