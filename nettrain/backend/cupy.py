"""The CuPy backend: arrays on an NVIDIA GPU. The only file that imports CuPy.

All work goes to one stream, in order; only `to_host` and `synchronize` wait for it. Rows that do not fit on
the device arrive through another stream (see `backend.pinned`). Kernels are those of the host, translated
(see `backend.cuda`) and compiled when they are first used. Products go through cuBLAS's strided-batched call,
which takes transposed and strided views and, with a batch stride of 0, one matrix for all members: nothing is
copied.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from types import ModuleType
from typing import Any, NamedTuple

import cupy
import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Array, ArrayModule, Call, DType, HostArray, Replay
from nettrain.backend.cuda.launches import CallSequence, ColumnSums, Compiled, PassLaunch, merge_launches
from nettrain.backend.cuda.passes import KernelPass, Sums
from nettrain.backend.cuda.program import Program
from nettrain.backend.device import free_bytes
from nettrain.backend.kernel import Kernel
from nettrain.backend.pinned import PinnedPrefetcher, Stream
from nettrain.backend.product import finishing, sum_by_product, transpose
from nettrain.backend.replay import PythonReplay
from nettrain.backend.rows import take_rows

OPTIONS = ("--std=c++17",)
WORKSPACE = 32 << 20  # bytes, what cuBLAS asks for on Hopper
PLAIN, TRANSPOSED = 0, 1  # cuBLAS's operations on a matrix
FULL_PRECISION, TF32 = 0, 3  # its math modes
Graph = Any  # of CuPy, which has no types
Gemm = Callable[..., object]


class Operand(NamedTuple):
    """A batch of matrices as cuBLAS takes it, see `operand`."""

    operation: int
    address: int
    lead: int
    stride: int


class CupyBackend:
    """Arrays on one device. `notes` are for the person who starts a run."""

    name = "cupy"
    xp: ArrayModule = cupy
    block = 1024
    transposes_small = False
    merges_rows = False
    rows_per_sum = 32
    chunk_bytes = 64 << 20

    def __init__(self, dtype: str = "float32", threads: int = 1, device: int = 0, tf32: bool = False) -> None:
        self.dtype = np.dtype(dtype)
        self.threads = threads
        cupy.cuda.Device(device).use()
        self.stream = _stream(device)
        self.stream.use()
        self.notes: list[str] = []
        self._products = _products(self.dtype, device, tf32, self.notes)
        self._free_bytes = partial(free_bytes, device)
        self._prefetcher: PinnedPrefetcher | None = None
        self._functions: dict[Program, Compiled] = {}

    def zeros(self, shape: Sequence[int], dtype: npt.DTypeLike | None = None) -> Array:
        return cupy.zeros(tuple(shape), dtype or self.dtype)

    def from_host(self, array: HostArray) -> Array:
        kind = self.dtype if array.dtype.kind == "f" else array.dtype
        return cupy.asarray(array, dtype=kind, order="C")

    def to_host(self, array: Array) -> HostArray:
        host: HostArray = cupy.asnumpy(array)
        return host

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
        multiply, rest = self._products.bound(a, b, out), finishing(self, out, bias, clamp_min, relu_mask)
        return CallSequence((multiply, *rest)) if rest else multiply

    def sum_rows(self, x: Array, w: Array, start: int) -> Call:
        return ColumnSums(Sums(x, w, start), sum_by_product(self, x, w, start))

    def transpose(self, out: Array, w: Array, start: int) -> Call:
        return self.launch(transpose, out.size, out, w, start)

    def gather(self, table: Array, index: Array, out: Array) -> Call:
        rows, picked = len(table), index.size
        flat = (table.reshape(rows, -1), index.reshape(-1), out.reshape(picked, -1))
        return self.launch(take_rows, out.size, *flat)

    def launch(self, kernel: Kernel, work: int, *arrays: Array) -> Call:
        """A call that runs the kernel on these very arrays, which must have no gaps."""
        assert all(a.flags.c_contiguous for a in arrays if hasattr(a, "flags")), kernel.__name__
        single = KernelPass(((kernel, arrays),), work)
        return PassLaunch(single, self._compiled) if single.iterations else _do_nothing

    def _compiled(self, program: Program) -> Compiled:
        if program not in self._functions:
            module = cupy.RawModule(code=program.source, options=OPTIONS)
            self._functions[program] = module.get_function(program.name)
        return self._functions[program]

    def prefetcher(self) -> PinnedPrefetcher:
        if self._prefetcher is None:
            self._prefetcher = PinnedPrefetcher(cupy, self.stream, self._free_bytes)
        return self._prefetcher

    def synchronize(self) -> None:
        self.stream.synchronize()

    def formula(self, function: Callable[..., None], *arrays: Array) -> Call:
        return partial(function, cupy, *arrays)

    def capture(self, calls: Sequence[Call]) -> Replay:
        fewer = merge_launches(calls)
        return _Replay(self, fewer) if fewer else PythonReplay(())

    @property
    def captures(self) -> bool:
        """Whether a list of calls can become a CUDA graph."""
        return self._products.capturable

    def give_up_graphs(self, reason: str) -> None:
        """From now on launch the calls of a step one by one."""
        self._products.capturable = False
        self.notes.append(f"steps are launched call by call: {reason}")


def _do_nothing() -> None:
    pass


class _Replay:
    """Calls that run one by one the first time, then become a CUDA graph that is launched as one.

    The first run compiles kernels and allocates temporary memory, neither of which is possible during a
    capture. What calls allocate while they are captured comes from a separate pool, so that nothing else gets
    that memory between two replays.
    """

    def __init__(self, backend: CupyBackend, calls: Sequence[Call]) -> None:
        self._backend, self._calls = backend, tuple(calls)
        self._warm = False
        self._graph: Graph | None = None
        self._pool: cupy.cuda.MemoryPool | None = None

    def __call__(self) -> None:
        if self._graph is None and self._warm and self._backend.captures:
            self._capture()
        if self._graph is not None:
            self._graph.launch(self._backend.stream)
            return
        for call in self._calls:
            call()
        self._warm = True

    def repeat(self, times: int) -> None:
        """Make all calls so many times."""
        for _ in range(times):
            self()

    def _capture(self) -> None:
        stream, self._pool = self._backend.stream, cupy.cuda.MemoryPool()
        try:
            with cupy.cuda.using_allocator(self._pool.malloc):
                stream.begin_capture()
                for call in self._calls:
                    call()
                self._graph = stream.end_capture()
        except Exception as error:  # whatever the reason, the calls themselves still work
            with suppress(Exception):
                stream.end_capture()
            self._backend.give_up_graphs(f"{type(error).__name__}: {error}")


class _Products:
    """Batched products out (R, n, k) = a (1|R, n, m) @ b (1|R, m, k) through one cuBLAS function.

    cuBLAS stores matrices column by column, so it sees the transpose of each array: it computes
    outᵀ = bᵀ @ aᵀ.
    """

    def __init__(self, gemm: Gemm, handle: int, dtype: DType, workspace: object = None) -> None:
        self._gemm, self._handle = gemm, handle
        self._workspace = workspace  # memory that the handle uses, to be kept alive
        self.capturable = workspace is not None
        self._one, self._zero = np.ones((), dtype), np.zeros((), dtype)

    def bound(self, a: Array, b: Array, out: Array) -> Call:
        """A call that multiplies these very arrays."""
        members, n, k = out.shape
        right, left, result = operand(a), operand(b), operand(out)
        assert result.operation == PLAIN, "a product is written row by row"
        one, zero = self._one.ctypes.data, self._zero.ctypes.data
        sizes = (left.operation, right.operation, k, n, a.shape[2])
        arguments = (*sizes, one, *left[1:], *right[1:], zero, *result[1:], members)
        arrays = (a, b, out)  # cuBLAS only knows their addresses: this keeps their memory alive

        def multiply(arrays: object = arrays) -> None:
            self._gemm(self._handle, *arguments)

        return multiply


def operand(a: Array) -> Operand:
    """A batch of matrices (R, n, m) as cuBLAS takes it.

    `lead` is the distance between rows, or between columns of a transposed view, and `stride` that between
    matrices, both in elements; the stride is 0 where one matrix serves all members. Raises a ValueError for a
    view in which neither rows nor columns are contiguous.
    """
    members, n, m = a.shape
    across, down, along = (stride // a.itemsize for stride in a.strides)
    batch = across if members > 1 else 0
    if along == 1 and (n == 1 or down >= m):
        return Operand(PLAIN, a.data.ptr, down if n > 1 else max(m, 1), batch)
    if down == 1 and (m == 1 or along >= n):
        return Operand(TRANSPOSED, a.data.ptr, along if m > 1 else max(n, 1), batch)
    if m == 1:
        return Operand(PLAIN, a.data.ptr, down, batch)
    raise ValueError(f"no matrices for cuBLAS: shape {a.shape}, strides {a.strides}")


@cache
def _stream(device: int) -> Stream:
    """The one stream of a device, which all its backends share.

    CuPy's launches and copies go to the current stream, cuBLAS and graphs to the one that was set for them.
    """
    with cupy.cuda.Device(device):
        return cupy.cuda.Stream(non_blocking=True)  # the default stream cannot be captured


@cache
def _bindings(device: int, tf32: bool) -> tuple[ModuleType, int, object]:
    """nvmath's cuBLAS, a handle for the device's stream, and the workspace of the handle."""
    from nvmath.bindings import cublas

    handle, workspace = cublas.create(), cupy.cuda.alloc(WORKSPACE)
    cublas.set_stream(handle, _stream(device).ptr)
    cublas.set_math_mode(handle, TF32 if tf32 else FULL_PRECISION)
    cublas.set_workspace(handle, workspace.ptr, WORKSPACE)
    return cublas, handle, workspace


def _products(dtype: DType, device: int, tf32: bool, notes: list[str]) -> _Products:
    """Through nvmath's bindings where they are installed, since CuPy's own refuse to be captured."""
    letter = "s" if dtype == np.float32 else "d"
    try:
        bindings, handle, workspace = _bindings(device, tf32)
    except Exception as error:  # not installed, or a library that it needs is not
        notes.append(f"steps are launched call by call: nvmath-python is not usable ({_first_line(error)})")
    else:
        return _Products(getattr(bindings, f"{letter}gemm_strided_batched"), handle, dtype, workspace)
    from cupy_backends.cuda.libs import cublas

    handle = cupy.cuda.device.get_cublas_handle()
    cublas.setMathMode(handle, TF32 if tf32 else FULL_PRECISION)
    return _Products(getattr(cublas, f"{letter}gemmStridedBatched"), handle, dtype)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
