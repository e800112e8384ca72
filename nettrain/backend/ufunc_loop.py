"""The loops in NumPy's ufuncs, called without the ufunc: the same machine code on the same memory.

A ufunc finds out on every call which of its loops suits its arrays. On a tape it is always the same one: a C
function of the addresses of its operands, their length and their strides, which NumPy's C interface describes
as PyUFuncGenericFunction. It is called here for operands without gaps, as NumPy would: once for all elements,
or once for each member where an operand has one number for each member, or serves them all.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Array, DType
from nettrain.backend.machine_call import MachineCall


class UfuncObject(ctypes.Structure):
    """The beginning of a ufunc in memory, PyUFuncObject of NumPy's C interface."""

    _fields_ = (
        ("head", ctypes.c_char * object.__basicsize__),
        ("counts", ctypes.c_int * 4),
        ("functions", ctypes.POINTER(ctypes.c_void_p)),  # a loop for each of the ufunc's `types`
        ("data", ctypes.POINTER(ctypes.c_void_p)),  # what each loop takes behind its operands
    )


@dataclass(frozen=True, eq=False)
class _Loop:
    """A loop for operands of one dtype, and what it takes behind them."""

    function: int
    data: int

    @classmethod
    def of(cls, ufunc: np.ufunc, inputs: int, dtype: DType) -> "_Loop | None":
        """The loop of a ufunc, if it has one whose operands are all of this dtype."""
        kinds = f"{dtype.char * inputs}->{dtype.char}"
        if kinds not in ufunc.types:
            return None
        found, number = UfuncObject.from_address(id(ufunc)), ufunc.types.index(kinds)
        return cls(found.functions[number], found.data[number] or 0) if found.functions[number] else None

    def call(self, operands: Sequence["_Operand"], member: int, count: int) -> MachineCall:
        """The call for `count` elements from the beginning of a member on."""
        addresses = [one.array.ctypes.data + member * one.by_member for one in operands]
        memory = np.array([*addresses, count, *(one.by_element for one in operands)], np.int64)
        length, strides = (memory[k:].ctypes.data for k in (len(operands), len(operands) + 1))
        words = [memory.ctypes.data, length, strides, self.data]
        return MachineCall(self.function, words, (memory, *operands))


@dataclass(frozen=True, eq=False)
class _Operand:
    """An operand, and how many bytes are from one of its members to the next, and between its elements."""

    array: Array
    by_member: int
    by_element: int

    @classmethod
    def of(cls, value: object, out: Array) -> "_Operand | None":
        """A number, or an array like out (R, …), of all (1, …), or of a number for each member (R, 1, …)."""
        if type(value) in (int, float):
            return cls(np.full(1, value, out.dtype), 0, 0)
        if not isinstance(value, np.ndarray) or value.dtype != out.dtype or not _is_plain(value):
            return None
        size, each = out.itemsize, out.nbytes // len(out)
        if value.shape == out.shape:
            return cls(value, each, size)
        if value.shape == (1, *out.shape[1:]):
            return cls(value, 0, size)
        return cls(value, size, 0) if value.shape == (len(out), *[1] * (out.ndim - 1)) else None


def _is_plain(array: Array) -> bool:
    """Whether an array has no gaps and begins where its processor likes it to."""
    return bool(array.flags.c_contiguous and array.flags.aligned)


def ufunc_calls(ufunc: np.ufunc, inputs: Sequence[object], out: Array) -> list[MachineCall] | None:
    """What the ufunc does with these operands, as calls of its loop; None where NumPy does more than that."""
    loop = _Loop.of(ufunc, len(inputs), out.dtype)
    operands = [one for value in (*inputs, out) if (one := _Operand.of(value, out)) is not None]
    if loop is None or len(operands) <= len(inputs):
        return None
    alike = all(bool(one.by_member) == bool(one.by_element) for one in operands)  # no member is special
    members = 1 if alike else len(out)
    return [loop.call(operands, r, out.size // members) for r in range(members)]
