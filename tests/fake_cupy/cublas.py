"""cuBLAS's strided batched products on addresses, column-major, by NumPy."""

import ctypes
from types import ModuleType
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tests.fake_cupy.queue import queue

CUBLAS_OP_N, CUBLAS_OP_T, CUBLAS_OP_C = 0, 1, 2
CUBLAS_POINTER_MODE_HOST, CUBLAS_POINTER_MODE_DEVICE = 0, 1
CUBLAS_DEFAULT_MATH, CUBLAS_TENSOR_OP_MATH, CUBLAS_PEDANTIC_MATH, CUBLAS_TF32_TENSOR_OP_MATH = 0, 1, 2, 3


def _matrices(address: int, kind: Any, sizes: tuple[int, int, int], lead: int, stride: int) -> Any:
    """Matrices (batch, rows, columns), stored column by column from this address on."""
    batch, rows, columns = sizes
    last = (batch - 1) * stride + (columns - 1) * lead + rows
    if lead < rows:
        raise ValueError("CUBLAS_STATUS_INVALID_VALUE: the leading dimension is less than the rows")
    memory = np.frombuffer((ctypes.c_char * (last * kind.itemsize)).from_address(address), kind)
    size = kind.itemsize
    return as_strided(memory, sizes, (stride * size, size, lead * size))


def _product(kind: Any) -> Any:
    def product(
        handle: int, transa: int, transb: int, m: int, n: int, k: int, alpha: int,
        a: int, lda: int, stride_a: int, b: int, ldb: int, stride_b: int,
        beta: int, c: int, ldc: int, stride_c: int, batch: int,
    ) -> None:  # fmt: skip
        """C = alpha·op(A)·op(B) + beta·C, batch times; op(A) is (m, k), op(B) (k, n)."""
        one, two = (
            np.frombuffer((ctypes.c_char * kind.itemsize).from_address(p), kind)[0] for p in (alpha, beta)
        )
        left = _matrices(a, kind, (batch, k, m) if transa else (batch, m, k), lda, stride_a)
        right = _matrices(b, kind, (batch, n, k) if transb else (batch, k, n), ldb, stride_b)
        out = _matrices(c, kind, (batch, m, n), ldc, stride_c)
        left = left.swapaxes(1, 2) if transa else left
        right = right.swapaxes(1, 2) if transb else right
        product = one * np.matmul(left, right)
        out[...] = product if two == 0 else product + two * out  # with beta 0, C is not read

    return product


def _queued(kind: Any, *, captures: bool) -> Any:
    """CuPy refuses its own wrapper while a stream is captured; other bindings do not."""
    product = _product(np.dtype(kind))

    def call(*given: int) -> None:
        if not captures:
            queue.forbid("cuBLAS through CuPy")
        queue.do(lambda: product(*given))

    return call


sgemmStridedBatched = _queued(np.float32, captures=False)
dgemmStridedBatched = _queued(np.float64, captures=False)


def getVersion(handle: int) -> int:
    return 120804


def setMathMode(handle: int, mode: int) -> None:
    assert mode in {CUBLAS_DEFAULT_MATH, CUBLAS_PEDANTIC_MATH, CUBLAS_TF32_TENSOR_OP_MATH}


def setPointerMode(handle: int, mode: int) -> None:
    assert mode in {CUBLAS_POINTER_MODE_HOST, CUBLAS_POINTER_MODE_DEVICE}


def setStream(handle: int, stream: int) -> None:
    pass


def bindings() -> ModuleType:
    """`nvmath.bindings.cublas`."""
    made = ModuleType("nvmath.bindings.cublas")
    made.create = lambda: 2  # type: ignore[attr-defined]
    made.set_stream = setStream  # type: ignore[attr-defined]
    made.set_math_mode = setMathMode  # type: ignore[attr-defined]
    made.set_workspace = lambda handle, address, size: None  # type: ignore[attr-defined]
    made.sgemm_strided_batched = _queued(np.float32, captures=True)  # type: ignore[attr-defined]
    made.dgemm_strided_batched = _queued(np.float64, captures=True)  # type: ignore[attr-defined]
    return made
