"""Calls of machine code from machine code: what a compiled loop needs to run a list of kernels by itself.

A function in machine code takes *words*: numbers and addresses of 64 bits, the first few in registers and the
others on the stack. A call is a row of three numbers: the function's address, the address of a block of
memory with its words, and their number, as a position in SIZES. It is the caller who makes room on the stack
and clears it, on all processors for which Numba compiles, so that a function may be given more words than it
reads, and a few sizes do for all.
"""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
from llvmlite import ir

from nettrain.backend.argument_words import call_words
from nettrain.backend.helper import LaterModule, intrinsic
from nettrain.backend.kernel import code_address

if TYPE_CHECKING:
    from numba.core import types
    from numba.core.base import BaseContext
    from numba.core.typing.templates import Signature
else:
    types = LaterModule("numba.core.types")

SIZES = (4, 48, 72, 96, 128, 192)  # words of a call
WORD, STATUS = ir.IntType(64), ir.IntType(32)
Generate = Callable[["BaseContext", ir.IRBuilder, "Signature", tuple[ir.Value, ...]], ir.Value]


@dataclass(frozen=True, eq=False)
class MachineCall:
    """A call of the function at an address, with these words; what they point to is in `kept`."""

    function: int
    words: Sequence[int]
    kept: object


def _define_call_row(_: object, row: "types.Integer") -> "tuple[Signature, Generate]":
    def generate(
        context: "BaseContext", builder: ir.IRBuilder, signature: "Signature", values: tuple[ir.Value, ...]
    ) -> ir.Value:
        function, words, size = _loaded(builder, builder.inttoptr(values[0], WORD.as_pointer()), 3)
        block = builder.inttoptr(words, WORD.as_pointer())
        end = builder.append_basic_block("called")
        switch = builder.switch(size, end)
        for number, count in enumerate(SIZES):
            case = builder.append_basic_block(f"words{count}")
            switch.add_case(ir.Constant(WORD, number), case)
            builder.position_at_end(case)
            kind = ir.FunctionType(STATUS, [WORD] * count)
            builder.call(builder.inttoptr(function, kind.as_pointer()), _loaded(builder, block, count))
            builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return types.void(types.int64), generate


def _loaded(builder: ir.IRBuilder, block: ir.Value, count: int) -> list[ir.Value]:
    """So many words from the beginning of a block on."""
    return [builder.load(builder.gep(block, [ir.Constant(WORD, k)])) for k in range(count)]


# call_row(address), for compiled loops: make the call whose row of three numbers lies there.
call_row = intrinsic(_define_call_row)
ROW_BYTES = 24


class CallTable:
    """Calls as rows of three numbers in memory, from `address` on."""

    def __init__(self, calls: Sequence[MachineCall]) -> None:
        sizes = [_size(call) for call in calls]
        self._kept = calls
        self.blocks = np.zeros(sum(SIZES[size] for size in sizes), np.int64)
        self._rows = np.zeros((len(calls), 3), np.int64)
        self.address: int = self._rows.ctypes.data
        start = 0
        for row, call, size in zip(self._rows, calls, sizes, strict=True):
            block = self.blocks[start : start + SIZES[size]]
            block[: len(call.words)] = call.words
            row[:] = call.function, block.ctypes.data, size
            start += SIZES[size]


def _size(call: MachineCall) -> int:
    """The position in SIZES of the first that holds the words of a call."""
    return next(number for number, count in enumerate(SIZES) if count >= len(call.words))


class MachineFunction:
    """A function of a whole number, the last word of a call, during which Python's other threads run."""

    def __init__(self, call: MachineCall) -> None:
        self._table = CallTable([call])
        self._last = self._table.blocks[len(call.words) - 1 : len(call.words)]
        self._make = partial(_maker(), self._table.address)

    def __call__(self, number: int) -> None:
        self._last[0] = number
        self._make()


def make_row(row: int) -> None:  # pragma: no cover - machine code
    """Make the call whose row lies there."""
    call_row(row)


@cache
def _maker() -> Callable[[int], None]:
    """`make_row`, for Python; to pass one word takes a tenth of the time that those of a call would."""
    words = call_words(())
    kind = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_int64] * (len(words) + 1))
    return partial(kind(code_address(make_row, 0)), *words)
