"""The NumPy backend: the reference, on the host."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from types import ModuleType

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Array, ArrayModule, Call, HostArray, Replay
from nettrain.backend.blas_threads import set_blas_threads
from nettrain.backend.coded_rows import CodedRows
from nettrain.backend.kernel import Kernel
from nettrain.backend.product import (
    bias_or_zeros,
    finishing,
    lower_limit,
    ones_like,
    sum_by_product,
    takes_tiles,
    transpose,
)
from nettrain.backend.product_blocks import blocks_of
from nettrain.backend.replay import PythonReplay, SideBySide, recorded_formula
from nettrain.backend.rows import take_rows

PRODUCTS = "NETTRAIN_PRODUCTS"  # of the environment; "blas" for products without hand-written LLVM
TAPE = "NETTRAIN_TAPE"  # of the environment; "python" for tapes without machine code
BLAS_FOR_ALL, PYTHON_FOR_ALL = "all products go through the BLAS", "tapes are run by Python"
PRODUCTS_PER_ELEMENT = 8  # multiply-adds of a tile in the time in which other kernels do one element
ALIGNMENT = 64  # bytes: a cache line, and the widest vector register


class NumpyBackend:
    """Arrays in host memory.

    Threads of our own share out parts of products, and the iterations of kernels, in machine code: no bit
    depends on how many threads there are, and the BLAS has one.

    Most products go through `backend.tiled_products`, unless its LLVM cannot be built here, the processor has
    no fused multiply-add, or the environment says NETTRAIN_PRODUCTS=blas. Results then
    differ by rounding. Tapes run in machine code as far as possible (see `backend.native_replay`), unless
    that cannot be done here or the environment says NETTRAIN_TAPE=python, which gives the same bits with a
    single thread. `notes` are for the person who starts a run.
    """

    name = "numpy"
    xp: ArrayModule = np
    block = 8192
    transposes_small = True
    merges_rows = True
    rows_per_sum = 1 << 30  # all
    chunk_bytes = 1 << 20  # so that they fit the caches

    def __init__(self, dtype: str = "float32", threads: int = 1) -> None:
        self.dtype = np.dtype(dtype)
        self.threads = threads
        set_blas_threads(1)
        self.notes: list[str] = []
        self._tiles = self._load_tiles()
        self._scratch: dict[str, Array] = {}
        self._native = self._load_native_replay()

    def _load_tiles(self) -> ModuleType | None:
        """What makes products by tiles, or None where a BLAS takes all."""
        if os.environ.get(PRODUCTS) == "blas":
            return None
        try:
            from nettrain.backend import tiled_products
        except Exception as error:  # another version of Numba or llvmlite may fail in any way
            self._note_fallback(BLAS_FOR_ALL, error)
            return None
        return tiled_products if tiled_products.FUSED else None

    def _load_native_replay(self) -> ModuleType | None:
        """What runs tapes in machine code, or None where Python does."""
        if os.environ.get(TAPE) == "python":
            return None
        try:
            from nettrain.backend import native_replay
        except Exception as error:  # another version of Numba or llvmlite may fail in any way
            self._note_fallback(PYTHON_FOR_ALL, error)
            return None
        return native_replay

    def _note_fallback(self, what: str, error: Exception) -> None:
        reason = (str(error).splitlines() or [""])[0]
        self.notes.append(f"{what}: {type(error).__name__}: {reason}")

    def zeros(self, shape: Sequence[int], dtype: npt.DTypeLike | None = None) -> Array:
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
        if self._tiles is not None and takes_tiles(a, b):
            start, limit = bias_or_zeros(self, out, bias), lower_limit(self, clamp_min)
            mask = ones_like(self, out) if relu_mask is None else relu_mask
            operands = self._tiles.Operands(out, a, b, *start, limit, mask)
            work = out.size * a.shape[2] // PRODUCTS_PER_ELEMENT
            try:
                calls = self._tiles.tiled_product(self, operands, work, self.threads, self._reused)
                return calls[0] if len(calls) == 1 else self.capture(calls)
            except Exception as error:  # whatever Numba or LLVM cannot build
                self._tiles = None
                self._note_fallback(BLAS_FOR_ALL, error)
        blocks, finish = list(blocks_of(a, b, out)), (out, bias, clamp_min, relu_mask)
        products = [block.product(a, b, out) for block in blocks]
        if len(blocks) == len(out):  # nothing is cut
            return self.capture([SideBySide(products), *finishing(self, *finish)])
        shares = zip(blocks, products, strict=True)
        return self.capture(
            [SideBySide([PythonReplay([call, *block.finishing(self, *finish)]) for block, call in shares])]
        )

    def _reused(self, name: str, shape: Sequence[int]) -> Array:
        """An array of this shape, in memory that all calls with this name share."""
        size = int(np.prod(shape))
        if self._scratch.get(name, np.empty(0)).size < size:
            self._scratch[name] = self.zeros((size,))
        return self._scratch[name][:size].reshape(shape)

    def sum_rows(self, x: Array, w: Array, start: int) -> Call:
        return sum_by_product(self, x, w, start)

    def transpose(self, out: Array, w: Array, start: int) -> Call:
        if self._tiles is not None:
            members, columns, rows = out.shape
            matrix = w[:, start : start + rows * columns].reshape(members, rows, columns)
            try:
                return self.launch(self._tiles.transpose_squares, out.size, out, matrix)
            except Exception as error:  # whatever Numba or LLVM cannot build
                self._tiles = None
                self._note_fallback(BLAS_FOR_ALL, error)
        return self.launch(transpose, out.size, out, w, start)

    def gather(self, table: Array, index: Array, out: Array) -> Call:
        if isinstance(table, CodedRows):
            return table.gather(self, index, out)
        if not all(array.flags.c_contiguous for array in (table, index, out)):
            # mode="clip" because the default, "raise", goes through a hidden copy of out
            return partial(np.take, table, index, axis=0, out=out, mode="clip")
        rows = table.reshape(len(table), -1), index.reshape(-1), out.reshape(index.size, -1)
        return self.launch(take_rows, out.size, *rows)

    def launch(self, kernel: Kernel, work: int, *arrays: Array) -> Call:
        return kernel.bind(work, arrays)

    def prefetcher(self) -> None:
        return None

    def synchronize(self) -> None:
        pass

    def formula(self, function: Callable[..., None], *arrays: Array) -> Call:
        return recorded_formula(function, *arrays)

    def capture(self, calls: Sequence[Call]) -> Replay:
        if self._native is not None:
            try:
                replay: Replay = self._native.replayed(calls, self.threads)
                return replay
            except Exception as error:  # whatever Numba or LLVM cannot build
                self._native = None
                self._note_fallback(PYTHON_FOR_ALL, error)
        return PythonReplay(calls)
