"""The NumPy backend: the reference, on the host."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from nettrain.backend.base import Array, ArrayModule, Call, HostArray
from nettrain.backend.kernel import Kernel, set_threads
from nettrain.backend.product import (
    begun,
    everywhere,
    finishing,
    is_small,
    limit,
    small_product,
    summing,
    transpose,
    transpose_squares,
)
from nettrain.backend.tile import FUSED

ALIGNMENT = 64  # bytes: a cache line, and the widest vector register


class NumpyBackend:
    """Arrays in host memory; matrix products through NumPy's BLAS with a fixed number of threads."""

    name = "numpy"
    xp: ArrayModule = np
    block = 8192
    transposes_small = True
    merges_rows = True
    chunk_bytes = 1 << 20  # so that they fit the caches

    def __init__(self, dtype: str = "float32", threads: int = 1) -> None:
        self.dtype = np.dtype(dtype)
        self.threads = threads
        threadpool_limits(limits=threads, user_api="blas")
        set_threads(threads)

    def zeros(self, shape: Sequence[int], dtype: Any = None) -> Array:
        kind = np.dtype(dtype or self.dtype)
        size = int(np.prod(shape)) * kind.itemsize
        raw = np.zeros(size + ALIGNMENT, dtype=np.uint8)
        start = -raw.ctypes.data % ALIGNMENT
        return raw[start : start + size].view(kind).reshape(shape)

    def from_host(self, array: HostArray) -> Array:
        kind = self.dtype if array.dtype.kind == "f" else array.dtype
        return np.ascontiguousarray(array, dtype=kind)  # the data itself: a copy would double it

    def to_host(self, array: Array) -> HostArray:
        return np.array(array)

    def matmul(self, a: Array, b: Array, out: Array) -> None:
        np.matmul(a, b, out=out)

    def product(
        self,
        a: Array,
        b: Array,
        out: Array,
        *,
        bias: tuple[Array, int] | None = None,
        clamp_min: float | None = None,
        relu_mask: Array | None = None,
    ) -> Call:
        if is_small(a, b):
            rest = (*begun(self, out, bias), limit(self, clamp_min))
            relu_masks = everywhere(self, out) if relu_mask is None else relu_mask
            return self.launch(small_product, out.size * a.shape[2], out, a, b, *rest, relu_masks)
        return self.capture(
            [partial(self.matmul, a, b, out), *finishing(self, out, bias, clamp_min, relu_mask)]
        )

    def sum_rows(self, x: Array, w: Array, start: int) -> Call:
        return summing(self, x, w, start)

    def transpose(self, out: Array, w: Array, start: int) -> Call:
        if not FUSED:
            return self.launch(transpose, out.size, out, w, start)
        members, columns, rows = out.shape
        matrix = w[:, start : start + rows * columns].reshape(members, rows, columns)
        return self.launch(transpose_squares, out.size, out, matrix)

    def gather(self, table: Array, index: Array, out: Array) -> Call:
        # mode="clip" because the default, "raise", goes through a hidden copy of out
        return partial(np.take, table, index, axis=0, out=out, mode="clip")

    def launch(self, kernel: Kernel, work: int, *arrays: Array) -> Call:
        return kernel.bind(work, self.threads, arrays)

    def pipe(self) -> None:
        return None

    def synchronize(self) -> None:
        pass

    def capture(self, calls: Sequence[Call]) -> Call:
        fixed = tuple(calls)

        def replay() -> None:
            for call in fixed:
                call()

        return replay
