"""A backend on the fake CuPy's arrays with the host's kernels: the rules of a device, the speed of a host."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nettrain.backend.base import Array, Call, HostArray, Replay
from nettrain.backend.kernel import Kernel
from nettrain.backend.numpy import NumpyBackend
from nettrain.backend.pinned import PinnedPrefetcher
from nettrain.backend.replay import PythonReplay
from tests.fake_cupy.arrays import device, ndarray
from tests.fake_cupy.module import modules
from tests.fake_cupy.queue import queue

ROOM = 100 << 30  # bytes


class FakeCupyBackend:
    """Like the CuPy backend, but with NumPy's matrix products and the host's kernels.

    `room` is the number of bytes that are said to be free.
    """

    name = "fake"
    block, transposes_small, merges_rows = 1024, False, False  # as on a device
    rows_per_sum, chunk_bytes = 32, 64 << 20

    def __init__(self, dtype: str = "float32", threads: int = 1, room: int = ROOM) -> None:
        self.xp: Any = modules()["cupy"]
        self._prefetcher = PinnedPrefetcher(self.xp, self.xp.cuda.get_current_stream(), lambda: room)
        self._host = NumpyBackend(dtype, threads)
        self.dtype, self.threads = self._host.dtype, threads

    def zeros(self, shape: Sequence[int], dtype: Any = None) -> Array:
        return device(self._host.zeros(shape, dtype))

    def from_host(self, array: HostArray) -> Array:
        assert isinstance(array, np.ndarray), f"{type(array)} is no host array"
        return self.xp.ascontiguousarray(array, self.dtype if array.dtype.kind == "f" else None)

    def to_host(self, array: Array) -> HostArray:
        assert isinstance(array, ndarray), f"{type(array)} is no device array"
        return array.get()

    def product(self, a: Array, b: Array, out: Array, **named: Any) -> Call:
        plain = {name: _unwrapped(value) for name, value in named.items()}
        return _queued(self._host.product(_memory(a), _memory(b), _memory(out), **plain))

    def sum_rows(self, x: Array, w: Array, start: int) -> Call:
        return _queued(self._host.sum_rows(_memory(x), _memory(w), start))

    def gather(self, table: Array, index: Array, out: Array) -> Call:
        return _queued(self._host.gather(_memory(table), _memory(index), _memory(out)))

    def launch(self, kernel: Kernel, work: int, *arrays: Array) -> Call:
        return _queued(self._host.launch(kernel, work, *(_argument(one) for one in arrays)))

    def prefetcher(self) -> PinnedPrefetcher:
        return self._prefetcher

    def synchronize(self) -> None:
        self.xp.cuda.get_current_stream().synchronize()

    def formula(self, function: Callable[..., None], *arrays: Array) -> Call:
        return lambda: function(self.xp, *arrays)

    def capture(self, calls: Sequence[Call]) -> Replay:
        return PythonReplay([_queued(self._host.capture(calls))])


def _queued(call: Call) -> Call:
    return lambda: queue.do(call)


def _memory(array: Array) -> Any:
    assert isinstance(array, ndarray), f"{type(array)} is no device array"
    return array._memory


def _unwrapped(value: Any) -> Any:
    """An argument of a product: an array, an array and a position in it, or a number."""
    if isinstance(value, tuple):
        return tuple(_unwrapped(part) for part in value)
    return _memory(value) if hasattr(value, "shape") else value


def _argument(value: Any) -> Any:
    """A kernel takes contiguous device arrays and whole numbers."""
    if type(value) is int:
        return value
    memory = _memory(value)
    assert memory.flags.c_contiguous, "a kernel's arrays have no gaps"
    return memory
