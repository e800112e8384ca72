"""Arrays that obey CuPy's rules and live in host memory.

An array is not a NumPy array and never becomes one implicitly, only through `get`, which waits for the
device, as `float`, `bool` and indexing by a mask do. Operands are such arrays, Python's numbers and NumPy's
scalars; a NumPy array is refused. Two uses that CuPy accepts are refused too, since nettrain should not need
them: a NumPy function of such an array (CuPy would run its own), and a NumPy scalar whose type would widen
the result (CuPy 13 and 14 differ there).
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.fake_cupy.queue import queue
from tests.fake_cupy.streams import is_pinned
from tests.fake_cupy.traffic import traffic

Host = np.ndarray[Any, Any]
NO_CONVERSION = "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array explicitly."


class Flags:
    """The memory layout of an array."""

    def __init__(self, host: Host) -> None:
        self.c_contiguous = host.flags.c_contiguous
        self.f_contiguous = host.flags.f_contiguous
        self.owndata = host.base is None


class Data:
    """Where an array begins."""

    def __init__(self, host: Host) -> None:
        self.ptr = host.__array_interface__["data"][0]


class ndarray:
    """An array on the device."""

    __array_ufunc__ = None  # NumPy's ufuncs refuse it, and its operators defer to ours
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, shape: Any, dtype: Any = float, *, host: Host | None = None) -> None:
        self._memory = np.empty(shape, dtype) if host is None else host

    @property
    def _host(self) -> Host:
        """The memory after all requested work has been done."""
        queue.settle()
        return self._memory

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(NO_CONVERSION)

    def __array_function__(self, function: Any, *_: Any) -> Any:
        raise TypeError(f"np.{function.__name__} of a device array")

    shape = property(lambda self: self._memory.shape)
    dtype = property(lambda self: self._memory.dtype)
    strides = property(lambda self: self._memory.strides)
    ndim = property(lambda self: self._memory.ndim)
    size = property(lambda self: self._memory.size)
    nbytes = property(lambda self: self._memory.nbytes)
    itemsize = property(lambda self: self._memory.itemsize)
    flags = property(lambda self: Flags(self._memory))
    data = property(lambda self: Data(self._memory))
    T = property(lambda self: ndarray((), host=self._memory.T))

    def __len__(self) -> int:
        return len(self._memory)

    def __iter__(self) -> Iterator["ndarray"]:
        return (self[k] for k in range(len(self)))

    def __repr__(self) -> str:
        traffic.waits += 1
        return f"device {self._host!r}"

    # methods that wait for the device

    def get(
        self, stream: Any = None, order: str = "C", out: Host | None = None, blocking: bool = True
    ) -> Host:
        traffic.waits += 1
        queue.forbid("the host waits")
        if out is None:
            return np.array(self._host, order="C")
        np.copyto(out, self._host, casting="no")
        return out

    def item(self) -> Any:
        return self.get().item()

    def tolist(self) -> Any:
        return self.get().tolist()

    def __bool__(self) -> bool:
        return bool(self.get())

    def __float__(self) -> float:
        return float(self.get())

    def __int__(self) -> int:
        return int(self.get())

    # methods that do not wait

    def set(self, arr: Host, stream: Any = None) -> None:
        if not isinstance(arr, np.ndarray):
            raise TypeError(f"Only numpy.ndarray can be set to cupy.ndarray, not {type(arr)}")
        if arr.dtype != self.dtype or arr.shape != self.shape:
            raise ValueError(f"{arr.dtype} {arr.shape} set to {self.dtype} {self.shape}")
        if not self._memory.flags.c_contiguous:
            raise RuntimeError("Cannot set to non-contiguous array")
        if stream is None:
            traffic.uploads += 1
            self._host[...] = arr
            return
        assert is_pinned(arr), "from other memory the copy would not overlap with the host's work"
        traffic.streamed += 1
        queue.put(stream.line, lambda: np.copyto(self._memory, arr))

    def fill(self, value: Any) -> None:
        if isinstance(value, ndarray):
            if value.shape:
                raise ValueError("non-scalar cupy.ndarray cannot be used for fill")
            value = value._host
        elif isinstance(value, np.ndarray):
            if value.shape:
                raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        elif not np.isscalar(value):
            raise TypeError(f"fill with {type(value)}")
        self._host.fill(value)

    def __getitem__(self, key: Any) -> "ndarray":
        index = _index(key)
        parts = index if isinstance(index, tuple) else (index,)
        # a view needs no values yet
        memory = self._host if any(isinstance(part, np.ndarray) for part in parts) else self._memory
        return device(memory[index])

    def __setitem__(self, key: Any, value: Any) -> None:
        queue.forbid("a copy by index")
        index = _index(key)
        if isinstance(value, ndarray):
            host = value._host
            while host.ndim > np.ndim(self._host[index]) and host.shape[0] == 1:
                host = host[0]
            self._host[index] = host
        elif isinstance(value, np.ndarray) and value.shape:
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        elif isinstance(value, np.ndarray) or np.isscalar(value):
            self._host[index] = value
        else:
            raise TypeError(f"Unsupported type {type(value)}")

    def astype(
        self, dtype: Any, order: str = "K", casting: Any = None, subok: Any = None, copy: bool = True
    ) -> "ndarray":
        return device(self._host.astype(dtype, order=order, copy=copy))  # type: ignore[call-overload]

    def view(self, dtype: Any = None) -> "ndarray":
        return device(self._memory.view(dtype))

    def copy(self, order: str = "C") -> "ndarray":
        return device(self._host.copy(order))  # type: ignore[arg-type]

    def reshape(self, *shape: Any, order: str = "C") -> "ndarray":
        memory = self._memory if self._memory.flags.c_contiguous else self._host
        return device(memory.reshape(*shape, order=order))  # type: ignore[call-overload]

    def ravel(self, order: str = "C") -> "ndarray":
        return device(self._host.ravel(order))  # type: ignore[arg-type]

    def swapaxes(self, axis1: int, axis2: int) -> "ndarray":
        return device(self._memory.swapaxes(axis1, axis2))

    def transpose(self, *axes: Any) -> "ndarray":
        return device(self._memory.transpose(*axes))

    def take(self, indices: Any, axis: Any = None, out: Any = None) -> "ndarray":
        return taken(self, indices, axis, out)

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return reduced(np.sum, self, out, axis=axis, dtype=dtype, keepdims=keepdims)

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return reduced(np.mean, self, out, axis=axis, dtype=dtype, keepdims=keepdims)

    def max(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return reduced(np.max, self, out, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return reduced(np.min, self, out, axis=axis, keepdims=keepdims)

    def all(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return reduced(np.all, self, out, axis=axis, keepdims=keepdims)

    def any(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return reduced(np.any, self, out, axis=axis, keepdims=keepdims)

    def argmax(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return reduced(np.argmax, self, out, axis=axis, keepdims=keepdims)


def device(host: Any) -> ndarray:
    """This very memory as a device array; a number as one without axes."""
    return ndarray((), host=np.asarray(host))


def operand(value: Any) -> Any:
    """The value of an argument of a ufunc."""
    if isinstance(value, ndarray):
        return value._host
    if isinstance(value, np.ndarray) or not isinstance(value, (bool, int, float, np.generic)):
        raise TypeError(f"Unsupported type {type(value)}")
    return value


def refuse_widening(values: tuple[Any, ...]) -> None:
    """Raise a TypeError for a NumPy scalar that decides the type of a result."""
    arrays = [value.dtype for value in values if isinstance(value, ndarray)]
    for value in values:
        if isinstance(value, np.generic) and arrays:
            widest = np.result_type(*arrays)
            if np.result_type(widest, value.dtype) != widest:
                raise TypeError(f"a NumPy scalar {value.dtype} would widen {widest}")


class ufunc:
    """An elementwise function, without `where`."""

    def __init__(self, function: np.ufunc) -> None:
        self._function, self.__name__ = function, f"cupy_{function.__name__}"
        self.nin, self.nout = function.nin, function.nout

    def __call__(
        self, *args: Any, out: ndarray | None = None, dtype: Any = None, casting: str = "same_kind"
    ) -> ndarray:
        if len(args) == self.nin + 1:
            args, out = args[:-1], args[-1]
        if len(args) != self.nin:
            raise TypeError(f"Wrong number of arguments for {self.__name__}")
        values = tuple(operand(value) for value in args)
        refuse_widening(args)
        if out is None:
            queue.forbid(f"{self.__name__} into new memory")
            return device(self._function(*values, dtype=dtype))
        if not isinstance(out, ndarray):
            raise TypeError(f"Return arrays must be cupy.ndarray, not {type(out)}")
        queue.do(lambda: self._into(out, values, dtype, casting))
        return out

    def _into(self, out: ndarray, values: tuple[Any, ...], dtype: Any, casting: str) -> None:
        result = np.asarray(self._function(*values, dtype=dtype))
        if not np.can_cast(result.dtype, out.dtype, casting):  # type: ignore[arg-type]
            raise TypeError(f"output ({result.dtype}) could not be coerced to provided output ({out.dtype})")
        if np.broadcast_shapes(result.shape, out.shape) != out.shape:
            raise ValueError(f"Out shape is mismatched: {out.shape} for {result.shape}")
        out._host[...] = result


def reduced(function: Callable[..., Any], a: Any, out: ndarray | None, **named: Any) -> ndarray:
    """A reduction of a device array."""
    queue.forbid("a reduction")
    if not isinstance(a, ndarray):
        raise TypeError(f"Unsupported type {type(a)}")
    named = {name: value for name, value in named.items() if value is not None or name == "axis"}
    result = function(a._host, **named)
    if out is None:
        return device(result)
    out[...] = device(result)
    return out


def taken(a: ndarray, indices: Any, axis: Any, out: ndarray | None) -> ndarray:
    """Rows by number; numbers past the end wrap around."""
    index = _index(indices)
    if out is not None and out.dtype != a.dtype:
        raise TypeError("Output dtype mismatch")
    result = np.take(a._host, index, axis=axis, mode="wrap")
    if out is None:
        return device(result)
    if out.shape != result.shape:
        raise ValueError("Output shape mismatch")
    out._host[...] = result
    return out


def _index(key: Any) -> Any:
    """An index as NumPy takes it. Lists and host arrays are uploaded; counting a mask waits."""
    if isinstance(key, tuple):
        return tuple(_index(part) for part in key)
    if isinstance(key, ndarray):
        index = key._host
    elif isinstance(key, (list, np.ndarray)):
        traffic.uploads += 1
        index = np.asarray(key, dtype=None if len(key) else int)
    elif key is None or key is Ellipsis or isinstance(key, (slice, int, np.integer)):
        return key
    else:
        raise IndexError(f"{type(key)} is no index")
    if index.dtype.kind == "b":
        traffic.waits += 1
    return index


def _method(name: str, *, reflected: bool = False, in_place: bool = False) -> Callable[..., Any]:
    apply = ufunc(getattr(np, name))

    def method(self: ndarray, *other: Any) -> ndarray:
        values = (*other, self) if reflected else (self, *other)
        return apply(*values, out=self if in_place else None)

    return method


OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "power",
    "and": "bitwise_and",
    "or": "bitwise_or",
}
COMPARISONS = {
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
}
SIGNS = {"neg": "negative", "abs": "absolute", "invert": "invert"}
for _short, _name in OPERATORS.items():
    setattr(ndarray, f"__{_short}__", _method(_name))
    setattr(ndarray, f"__r{_short}__", _method(_name, reflected=True))
    setattr(ndarray, f"__i{_short}__", _method(_name, in_place=True))
for _short, _name in (COMPARISONS | SIGNS).items():
    setattr(ndarray, f"__{_short}__", _method(_name))
