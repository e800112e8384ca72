"""A product through NumPy's BLAS, called without NumPy: the same function with the same arguments.

`numpy.matmul` hands matrices whose rows or columns have no gaps to the BLAS's gemm, and a matrix and a single
row or column to its gemv. Other products stay with NumPy, as do all where its BLAS is not one that
threadpoolctl finds, or has other names for these functions.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from llvmlite import ir

from nettrain.backend.base import Array, DType
from nettrain.backend.blas_threads import blas_files
from nettrain.backend.machine_call import STATUS, WORD, MachineCall
from nettrain.backend.machine_code import address_of

ROW_MAJOR, COLUMN_MAJOR, AS_IT_IS, TRANSPOSED = 101, 102, 111, 112  # choices of the C interface of a BLAS
# The arguments of its functions: c a choice, i a whole number, p an address, 1 and 0 these very numbers
PATTERNS = {"gemm": "ccciii1pipi0pi", "gemv": "ccii1pipi0pi"}
# How the name of a function begins and ends, and the bits of its whole numbers
NAMES = (("scipy_cblas_", "64_", 64), ("cblas_", "64_", 64), ("scipy_cblas_", "", 32), ("cblas_", "", 32))
LETTERS = {"float32": "s", "float64": "d"}


def blas_calls(a: Array, b: Array, out: Array) -> list[MachineCall] | None:
    """What numpy.matmul does for out (R, n, k) = a (1|R, n, m) @ b (1|R, m, k), or None if that is else."""
    if a.dtype != out.dtype or b.dtype != out.dtype or not a.ndim == b.ndim == out.ndim == 3:
        return None
    is_line = 1 in out.shape[1:]
    function = _function("gemv" if is_line else "gemm", out.dtype)
    if function is None or out.size == 0 or 1 in (a.shape[2], out.shape[1] * out.shape[2]):
        return None
    triples = [(a[r % len(a)], b[r % len(b)], out[r]) for r in range(len(out))]
    words = [_gemv(*triple) if is_line else _gemm(*triple) for triple in triples]
    kept = a, b, out
    return None if None in words else [function.call(one, kept) for one in words if one is not None]


def _gemm(a: Array, b: Array, out: Array) -> list[int] | None:
    """The arguments for matrices, which are two different ones."""
    left, right, result = _Matrix.of(a), _Matrix.of(b), _Matrix.of(out)
    if not (left and right and result) or result.choice == TRANSPOSED or left.address == right.address:
        return None
    shape = [out.shape[0], out.shape[1], a.shape[1]]
    matrices = [left.address, left.leading, right.address, right.leading, result.address, result.leading]
    return [ROW_MAJOR, left.choice, right.choice, *shape, *matrices]


def _gemv(a: Array, b: Array, out: Array) -> list[int] | None:
    """The arguments for a row and a matrix, or for a matrix and a column, whose transpose is a row."""
    row, matrix, result = (a[0], b.T, out[0]) if len(out) == 1 else (b[:, 0], a, out[:, 0])
    found, size = _Matrix.of(matrix), out.itemsize
    if found is None or row.strides[0] < size:
        return None
    order = COLUMN_MAJOR if found.choice == AS_IT_IS else ROW_MAJOR
    lines = [found.address, found.leading, row.ctypes.data, row.strides[0] // size]
    written = [result.ctypes.data, result.strides[0] // size]
    return [order, TRANSPOSED, matrix.shape[1], matrix.shape[0], *lines, *written]


@dataclass(frozen=True)
class _Matrix:
    """A matrix as a BLAS sees it: where it lies, whether it is transposed, and from one line to the next."""

    address: int
    choice: int
    leading: int

    @classmethod
    def of(cls, matrix: Array) -> "_Matrix | None":
        """None if neither rows nor columns are free of gaps."""
        rows, columns = matrix.shape
        down, right = (stride // matrix.itemsize for stride in matrix.strides)
        if any(stride % matrix.itemsize for stride in matrix.strides):
            return None
        if right == 1 and down >= columns:
            return cls(matrix.ctypes.data, AS_IT_IS, down)
        return cls(matrix.ctypes.data, TRANSPOSED, right) if down == 1 and right >= rows else None


@dataclass(frozen=True)
class _Function:
    """A function of a BLAS, and machine code that calls it with words."""

    address: int
    caller: int

    def call(self, words: Sequence[int], kept: object) -> MachineCall:
        """The call with these arguments."""
        return MachineCall(self.caller, [self.address, *words], kept)


@cache
def _function(name: str, dtype: DType) -> _Function | None:
    """The function for numbers of this dtype, None where it is not found."""
    if dtype.name not in LETTERS:
        return None
    for library in map(ctypes.CDLL, blas_files()):
        for begin, end, bits in NAMES:
            found = getattr(library, f"{begin}{LETTERS[dtype.name]}{name}{end}", None)
            if found is not None:
                address = ctypes.cast(found, ctypes.c_void_p).value or 0
                return _Function(address, _caller(PATTERNS[name], bits, dtype.name))
    return None


@cache
def _caller(pattern: str, bits: int, dtype: str) -> int:
    """The address of a function of words: the address of a function of a BLAS, and its arguments."""
    number = ir.FloatType() if dtype == "float32" else ir.DoubleType()
    kinds = {"c": ir.IntType(32), "i": ir.IntType(bits), "p": WORD, "1": number, "0": number}
    given = [letter for letter in pattern if letter not in "10"]
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(STATUS, [WORD] * (1 + len(given))), "call")
    builder, words = ir.IRBuilder(function.append_basic_block()), iter(function.args)
    callee, arguments = next(words), []
    for letter in pattern:
        kind = kinds[letter]
        arguments.append(kind(float(letter)) if kind is number else builder.trunc(next(words), kind))
    shape = ir.FunctionType(ir.VoidType(), [kinds[letter] for letter in pattern])
    builder.call(builder.inttoptr(callee, shape.as_pointer()), arguments)
    builder.ret(STATUS(0))
    return address_of(str(module), "call")
