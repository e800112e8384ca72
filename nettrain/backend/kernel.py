"""Kernels: loops over arrays, written in Python and compiled by Numba.

A kernel is a plain function of arrays whose outermost loop runs over `prange`:

    @kernel
    def scale(out: Array, x: Array, factor: Array) -> None:
        '''out (n, k) = factor (1,) · x (n, k).'''
        for i in prange(x.shape[0]):
            for j in range(x.shape[1]):
                out[i, j] = factor[0] * x[i, j]

`kernel.bind(work, threads, arrays)` compiles it for the types of these arrays and returns a call without
arguments, which a training step runs again and again. A kernel has two forms: one for a single thread, and
one whose `prange` is shared out among threads where there is enough work. Both do the same arithmetic in the
same order within an iteration, so they give the same bits. Helpers that kernels call are marked `inline`.
The CuPy backend translates the same Python functions to CUDA C++ (see `backend.cuda`).

Compiling takes a second or so, and importing Numba a fifth of one. So the machine code is kept on disk,
beside the source file or, where that folder is read-only, in the user's cache, and is used again only if
nothing that it was made from has changed (see `backend.fingerprint`). The form for a single thread is loaded
without Numba (see `backend.machine_code`), the other one by it (see `backend.numba_compiler`).
"""

import os
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Protocol, cast

from nettrain.backend.argument_words import argument_form
from nettrain.backend.base import Array
from nettrain.backend.fingerprint import fingerprint
from nettrain.backend.helper import expanded, inline, prange

if TYPE_CHECKING:
    from nettrain.backend.machine_code import CompiledCode, MachineCode

__all__ = [
    "BoundKernel",
    "Kernel",
    "compiled_without_gil",
    "expanded",
    "inline",
    "kernel",
    "prange",
    "strided",
]
PARALLEL_FROM = 262_144  # elements; below, waking the threads costs more than they save
SWITCH = "NETTRAIN_CODE_CACHE"  # of the environment; "numba" for Numba's own cache


class CompiledForm(Protocol):
    """A form of a kernel in machine code, for one set of types."""

    @property
    def address(self) -> int:
        """Where the machine code lies, which takes words (see `backend.argument_words`)."""

    def call(self, arguments: Sequence[object]) -> tuple[Callable[..., None], Sequence[object]]:
        """A function for Python, and what it takes."""


class BoundKernel(partial[None]):
    """A call of a kernel's machine code on fixed arrays; `serial` if a single thread does it."""

    form: CompiledForm
    arrays: Sequence[Array]
    serial: bool

    def address(self) -> int:
        """Where the machine code lies, which takes words (see `backend.argument_words`)."""
        return self.form.address


class Kernel:
    """A compiled loop; `strided` kernels have one compiled form for arrays with and without gaps."""

    def __init__(self, body: FunctionType, *, strided: bool = False) -> None:
        self.__name__, self.__doc__ = body.__name__, body.__doc__
        self.body = body
        self.strided = strided
        self._serial: dict[tuple[str, ...], CompiledForm] = {}

    def bind(self, work: int, threads: int, arrays: Sequence[Array]) -> BoundKernel:
        """A call of the kernel on these arrays, compiled now, in the form that suits `work` elements."""
        serial = threads == 1 or work < PARALLEL_FROM
        form = self._serial_form(arrays) if serial else self._numba_form(arrays, parallel=True)
        function, values = form.call(arrays)
        bound = BoundKernel(function, *values)
        bound.form, bound.arrays, bound.serial = form, arrays, serial
        return bound

    def _serial_form(self, arrays: Sequence[Array]) -> CompiledForm:
        """The form for a single thread."""
        forms = tuple(argument_form(array, strided=self.strided) for array in arrays)
        if forms not in self._serial:
            kept = _kept_code(self.body, arrays, forms, strided=self.strided)
            self._serial[forms] = kept or self._numba_form(arrays)
        return self._serial[forms]

    def _numba_form(self, arrays: Sequence[Array], *, parallel: bool = False) -> CompiledForm:
        """A form that Numba keeps; if `parallel`, its outermost loop is shared out among threads."""
        kept_by_numba = _numba_compiler().kept_by_numba
        form: CompiledForm = kept_by_numba(self.body, arrays, strided=self.strided, parallel=parallel)
        return form

    def __call__(self, *arrays: Array) -> None:
        self.bind(0, 1, arrays)()


def kernel(body: Callable[..., None]) -> Kernel:
    """Decorator: compile this loop when it is first used, and keep the machine code on disk."""
    return Kernel(cast(FunctionType, body))


def strided(body: Callable[..., None]) -> Kernel:
    """`kernel` for arrays with gaps and transposed ones: one compiled form takes them all."""
    return Kernel(cast(FunctionType, body), strided=True)


def compiled_without_gil(body: Callable[..., None], *arrays: Array) -> Callable[..., Callable[[int], None]]:
    """A function that takes arrays like these and returns another: of a whole number, their last argument.

    That one lets other threads of Python run meanwhile.
    """
    function, arguments = cast(FunctionType, body), (*arrays, 0)
    kept = _kept_code(function, arguments, tuple(map(argument_form, arguments)))
    if kept is not None:
        return kept.without_gil
    entry: Callable[..., None] = _numba_compiler().kept_by_numba(function, arguments, nogil=True).entry
    return partial(partial, entry)


def _kept_code(
    body: FunctionType, arguments: Sequence[object], forms: tuple[str, ...], *, strided: bool = False
) -> "MachineCode | None":
    """A function for arguments of these forms and a single thread; None where Numba has to keep it."""
    if os.environ.get(SWITCH) == "numba":
        return None

    def compile() -> "CompiledCode":
        compiled: CompiledCode = _numba_compiler().compiled(body, arguments, strided=strided)
        return compiled

    try:
        from nettrain.backend.machine_code import machine_code

        return machine_code(body, forms, fingerprint(body), compile)
    except Exception:  # another version of Numba or llvmlite may fail in any way
        return None


class _Threads(threading.local):
    """How many threads the parallel kernels of a thread of Python may use, before Numba can be told."""

    pending: int | None = None


_threads = _Threads()
ALL_THREADS = 1 << 30


def set_threads(threads: int) -> None:
    """Let parallel kernels use up to this many threads."""
    _threads.pending = threads
    if "numba" in sys.modules:
        _numba_compiler()


def kernel_threads() -> int:
    """How many threads parallel kernels may use; ALL_THREADS while nobody has said it."""
    if "numba" in sys.modules:
        return int(_numba_compiler().kernel_threads())
    return ALL_THREADS if _threads.pending is None else _threads.pending


def _numba_compiler() -> ModuleType:
    """The module that imports Numba, which knows then how many threads it may use."""
    from nettrain.backend import numba_compiler

    if _threads.pending is not None:
        numba_compiler.set_threads(_threads.pending)
        _threads.pending = None
    return numba_compiler
