"""A fake CuPy for machines without a device: exactly what nettrain uses of it.

Names and arguments are CuPy's (13 and 14), so that using something that CuPy lacks fails here too.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from scipy import special

from tests.fake_cupy import cublas
from tests.fake_cupy.arrays import device, ndarray, operand, reduced, taken, ufunc
from tests.fake_cupy.queue import Queue, queue
from tests.fake_cupy.raw_module import RawModule
from tests.fake_cupy.streams import Event, Stream, alloc_pinned_memory, get_current_stream
from tests.fake_cupy.traffic import traffic

GIB = 1 << 30
UFUNCS = (
    *("add", "subtract", "multiply", "divide", "maximum", "minimum", "logaddexp", "power"),
    *("exp", "expm1", "log", "log1p", "sqrt", "square", "absolute", "negative", "positive", "reciprocal"),
    *("sin", "cos", "tan", "arctan", "sinh", "cosh", "tanh"),
    *("sign", "signbit", "floor", "ceil", "rint", "trunc", "isfinite", "isnan", "isinf"),
)
TYPES = (
    *("float32", "float64", "int8", "int32", "int64", "intp"),
    *("uint8", "uint16", "uint32", "uint64", "bool_", "dtype"),
)


def zeros(shape: Any, dtype: Any = float, order: str = "C") -> ndarray:
    return device(np.zeros(shape, dtype))


def empty(shape: Any, dtype: Any = float, order: str = "C") -> ndarray:
    """Uninitialized memory: full of NaN, so that reading it by accident shows."""
    made = np.empty(shape, dtype)
    made.fill(np.nan if made.dtype.kind == "f" else 77)
    return device(made)


def array(obj: Any, dtype: Any = None, copy: bool = True, order: str = "K") -> ndarray:
    if isinstance(obj, ndarray):
        return device(np.array(obj._host, dtype, copy=copy or None))
    if _holds_device_arrays(obj):
        raise TypeError("a list of device arrays: use stack")
    traffic.uploads += 1
    return device(np.array(obj, dtype))


def asarray(a: Any, dtype: Any = None, order: Any = None) -> ndarray:
    return array(a, dtype, copy=False)


def ascontiguousarray(a: Any, dtype: Any = None) -> ndarray:
    if isinstance(a, ndarray):
        return device(np.ascontiguousarray(a._host, dtype))
    traffic.uploads += 1
    return device(np.array(a, dtype, order="C"))


def asnumpy(a: Any, stream: Any = None, order: str = "C", out: Any = None, *, blocking: bool = True) -> Any:
    if isinstance(a, ndarray):
        return a.get(stream, order, out, blocking)
    return np.asarray(a)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> ndarray:
    return device(np.arange(start, dtype=dtype) if stop is None else np.arange(start, stop, step, dtype))


def broadcast_to(array: ndarray, shape: Any) -> ndarray:
    return device(np.broadcast_to(_own(array), shape))


def take_along_axis(a: ndarray, indices: ndarray, axis: int) -> ndarray:
    return device(np.take_along_axis(_own(a), _own(indices), axis))


def take(a: ndarray, indices: Any, axis: Any = None, out: Any = None) -> ndarray:
    return taken(a, indices, axis, out)


def where(condition: ndarray, x: Any, y: Any) -> ndarray:
    return device(np.where(_own(condition), operand(x), operand(y)))


def copyto(dst: ndarray, src: Any, casting: Any = "same_kind", where: Any = None) -> None:
    np.copyto(_own(dst), operand(src), casting=casting)


def concatenate(tup: Any, axis: Any = 0, out: Any = None) -> ndarray:
    return device(np.concatenate([_own(a) for a in tup], axis))


def stack(tup: Any, axis: int = 0, out: Any = None) -> ndarray:
    return device(np.stack([_own(a) for a in tup], axis))


def max(a: ndarray, axis: Any = None, out: Any = None, keepdims: bool = False) -> ndarray:
    return reduced(np.max, a, out, axis=axis, keepdims=keepdims)


def sum(a: ndarray, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> ndarray:
    return reduced(np.sum, a, out, axis=axis, dtype=dtype, keepdims=keepdims)


def mean(a: ndarray, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> ndarray:
    return reduced(np.mean, a, out, axis=axis, dtype=dtype, keepdims=keepdims)


FUNCTIONS = (
    *(zeros, empty, array, asarray, ascontiguousarray, asnumpy, arange, broadcast_to, take_along_axis, take),
    *(where, copyto, concatenate, stack, max, sum, mean),
)


def _own(a: Any) -> Any:
    if not isinstance(a, ndarray):
        raise TypeError(f"Unsupported type {type(a)}")
    return a._host


def _holds_device_arrays(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and any(
        isinstance(v, ndarray) or _holds_device_arrays(v) for v in value
    )


class OutOfMemoryError(MemoryError):
    """With CuPy's message."""

    def __init__(self, size: int, total: int, limit: int = 0) -> None:
        super().__init__(f"Out of memory allocating {size:,} bytes (allocated so far: {total:,} bytes).")


class Device:
    """The only device."""

    def __init__(self, device: int = 0) -> None:
        self.id = device
        self.compute_capability = "90"
        self.cublas_handle = 1
        self.mem_info = (100 * GIB, 140 * GIB)

    def use(self) -> "Device":
        return self

    def synchronize(self) -> None:
        traffic.waits += 1
        while queue.busy:
            queue.force(queue.busy[0])

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Pool:
    """An empty memory pool with a limit."""

    limit = 0

    def malloc(self, size: int) -> Any:
        return SimpleNamespace(ptr=0)

    def used_bytes(self) -> int:
        return 0

    def get_limit(self) -> int:
        return self.limit

    def set_limit(self, size: int | None = None, fraction: float | None = None) -> None:
        self.limit = size or 0

    def total_bytes(self) -> int:
        return 0

    def free_bytes(self) -> int:
        return 0

    def free_all_blocks(self, stream: Any = None) -> None:
        pass


def runtime() -> ModuleType:
    """`cupy.cuda.runtime`, of a machine with one device."""
    made = _module("cupy.cuda.runtime")
    made.getDeviceCount = lambda: 1
    made.getDevice = lambda: 0
    made.getDeviceProperties = lambda number: {
        "name": b"fake device",
        "totalGlobalMem": 140 * GIB,
        "major": 9,
        "minor": 0,
        "multiProcessorCount": 1,
    }
    made.memGetInfo = lambda: (100 * GIB, 140 * GIB)
    made.driverGetVersion = lambda: 12080
    made.runtimeGetVersion = lambda: 12080
    made.CUDARuntimeError = type("CUDARuntimeError", (RuntimeError,), {})
    return made


def modules() -> dict[str, ModuleType]:
    """All modules of the fake CuPy by their names."""
    cupy, cuda = _module("cupy"), _module("cupy.cuda")
    for name in UFUNCS:
        setattr(cupy, name, ufunc(getattr(np, name)))
    cupy.abs = cupy.absolute
    for name in TYPES:
        setattr(cupy, name, getattr(np, name))
    for function in FUNCTIONS:
        setattr(cupy, function.__name__, function)
    cupy.ndarray, cupy.RawModule, cupy.cuda = ndarray, RawModule, cuda
    cupy.newaxis, cupy.inf, cupy.nan, cupy.__version__ = None, np.inf, np.nan, "14.2.0"
    pool = Pool()
    cupy.get_default_memory_pool = lambda: pool
    cuda.Device, cuda.Stream, cuda.Event, cuda.runtime = Device, Stream, Event, runtime()
    cuda.get_current_stream = get_current_stream
    cuda.memory = _module("cupy.cuda.memory")
    cuda.memory.OutOfMemoryError = OutOfMemoryError
    cuda.device = _module("cupy.cuda.device")
    cuda.device.get_cublas_handle = lambda: 1
    cuda.nvrtc, cuda.cublas = _module("cupy.cuda.nvrtc"), cublas
    cuda.nvrtc.getVersion = lambda: (12, 8)
    cuda.MemoryPool, cuda.alloc, cuda.using_allocator = Pool, pool.malloc, lambda allocator: nullcontext()
    cuda.alloc_pinned_memory = alloc_pinned_memory
    special_functions = _module("cupyx.scipy.special")
    special_functions.ndtr, special_functions.expit = ufunc(special.ndtr), ufunc(special.expit)
    libraries = _module("cupy_backends.cuda.libs")
    libraries.cublas = cublas
    found = [cupy, cuda, cuda.runtime, cuda.memory, cuda.device, special_functions, libraries]
    parents = [_module(name) for name in ("cupyx", "cupyx.scipy", "cupy_backends", "cupy_backends.cuda")]
    named = {module.__name__: module for module in (*parents, *found)}
    return {**named, "cupy_backends.cuda.libs.cublas": cublas}


def _module(name: str) -> Any:
    made = ModuleType(name)
    made.__path__ = []  # type: ignore[attr-defined]
    made.__spec__ = SimpleNamespace(name=name, origin=__file__)  # type: ignore[assignment]
    return made


def _with_cublas(bindings: Any, library: ModuleType) -> Any:
    bindings.cublas = library
    return bindings


@contextmanager
def in_place_of_cupy(*, graphs: bool = False) -> Iterator[Any]:
    """`import cupy` yields the fake CuPy; the traffic is counted from 0.

    With `graphs` there are bindings of cuBLAS whose products can be captured.
    """
    found = {**modules(), "nettrain.backend.cupy": None}
    bindings = [_module("nvmath"), _module("nvmath.bindings"), cublas.bindings()] if graphs else []
    bindings[1:2] = [_with_cublas(*bindings[1:])] if graphs else []
    names = ("nvmath", "nvmath.bindings", "nvmath.bindings.cublas")
    before = {name: sys.modules.get(name) for name in (*found, *names)}
    sys.modules.update({name: bindings[k] if graphs else None for k, name in enumerate(names)})  # type: ignore[misc]
    vars(queue).update(vars(Queue()))
    sys.modules.update({name: module for name, module in found.items() if module is not None})
    sys.modules.pop("nettrain.backend.cupy", None)  # it is to import what is there now
    traffic.reset()
    try:
        yield found["cupy"]
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
