"""Kernels: loops over arrays, written in Python and compiled by Numba.

A kernel is a plain function of arrays whose outermost loop runs over `prange`:

    @kernel
    def scale(out: Array, x: Array, factor: Array) -> None:
        '''out (n, k) = factor (1,) · x (n, k).'''
        for i in prange(x.shape[0]):
            for j in range(x.shape[1]):
                out[i, j] = factor[0] * x[i, j]

`kernel.bind(work, arrays)` compiles it for the types of these arrays and returns a call without arguments,
which a training step runs again and again. A kernel has two forms: one for a single thread, and one that
makes a share of the iterations of its `prange` (see `backend.shared_loop`), for tapes in machine code, whose
threads share out what has enough work. Both do the same arithmetic in the same order within an iteration, so
they give the same bits. Helpers that kernels call are marked `inline`. The CuPy backend translates the same
Python functions to CUDA C++ (see `backend.cuda`).

Compiling takes a second or so, and importing Numba a tenth of one. So the machine code is kept on disk,
beside the source file or, where that folder is read-only, in the user's cache, and is used again only if
nothing that it was made from has changed (see `backend.fingerprint`). It is loaded without Numba (see
`backend.machine_code`) where that can be done, otherwise by it (see `backend.numba_compiler`).
"""

import os
from collections.abc import Callable, Sequence
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Protocol, cast

from nettrain.backend.argument_words import argument_form
from nettrain.backend.base import Array
from nettrain.backend.fingerprint import fingerprint
from nettrain.backend.helper import expanded, inline, prange
from nettrain.backend.shared_loop import shared_body

if TYPE_CHECKING:
    from nettrain.backend.machine_code import CompiledCode, MachineCode
    from nettrain.backend.numba_compiler import Compiled

__all__ = [
    "BoundKernel",
    "Kernel",
    "code_address",
    "expanded",
    "inline",
    "kernel",
    "prange",
    "strided",
]
SWITCH = "NETTRAIN_CODE_CACHE"  # of the environment; "numba" for Numba's own cache


class CompiledForm(Protocol):
    """A form of a kernel in machine code, for one set of types."""

    @property
    def address(self) -> int:
        """Where the machine code lies, which takes words (see `backend.argument_words`)."""

    def call(self, arguments: Sequence[object]) -> tuple[Callable[..., None], Sequence[object]]:
        """A function for Python, and what it takes."""


class BoundKernel(partial[None]):
    """A call of a kernel's machine code on fixed arrays, of which it visits `work` elements."""

    kernel: "Kernel"
    form: CompiledForm
    arrays: Sequence[Array]
    work: int

    def address(self) -> int:
        """Where the machine code lies, which takes words (see `backend.argument_words`)."""
        return self.form.address

    def address_of_share(self) -> int:
        """Where that for a share of the iterations lies, which takes the words of two more numbers.

        They are the number of the share, and of how many. Raises an OSError without the kernel's source.
        """
        return self.kernel.form_of_share(self.arrays).address


class Kernel:
    """A compiled loop; `strided` kernels have one compiled form for arrays with and without gaps."""

    def __init__(self, body: FunctionType, *, strided: bool = False) -> None:
        self.__name__, self.__doc__ = body.__name__, body.__doc__
        self.body = body
        self.strided = strided
        self._forms: dict[tuple[str, ...], CompiledForm] = {}

    def bind(self, work: int, arrays: Sequence[Array]) -> BoundKernel:
        """A call of the kernel on these arrays, of which it visits `work` elements, compiled now."""
        form = self._form(self.body, arrays)
        function, values = form.call(arrays)
        bound = BoundKernel(function, *values)
        bound.kernel, bound.form, bound.arrays, bound.work = self, form, arrays, work
        return bound

    def form_of_share(self, arrays: Sequence[Array]) -> CompiledForm:
        """The form for a share of the iterations."""
        return self._form(shared_body(self.body), (*arrays, 0, 1))

    def _form(self, body: FunctionType, arguments: Sequence[object]) -> CompiledForm:
        forms = tuple(argument_form(argument, strided=self.strided) for argument in arguments)
        if forms not in self._forms:  # that of a share takes two numbers more
            kept = _kept_code(body, arguments, forms, strided=self.strided)
            self._forms[forms] = kept or _kept_by_numba(body, arguments, strided=self.strided)
        return self._forms[forms]

    def __call__(self, *arrays: Array) -> None:
        self.bind(0, arrays)()


def kernel(body: Callable[..., None]) -> Kernel:
    """Decorator: compile this loop when it is first used, and keep the machine code on disk."""
    return Kernel(cast(FunctionType, body))


def strided(body: Callable[..., None]) -> Kernel:
    """`kernel` for arrays with gaps and transposed ones: one compiled form takes them all."""
    return Kernel(cast(FunctionType, body), strided=True)


def code_address(body: Callable[..., None], *arguments: object) -> int:
    """Where the machine code of a function for arguments like these lies, which takes words."""
    function = cast(FunctionType, body)
    kept = _kept_code(function, arguments, tuple(map(argument_form, arguments)))
    return (kept or _kept_by_numba(function, arguments)).address


def _kept_code(
    body: FunctionType, arguments: Sequence[object], forms: tuple[str, ...], *, strided: bool = False
) -> "MachineCode | None":
    """A function for arguments of these forms and a single thread; None where Numba has to keep it."""
    if os.environ.get(SWITCH) == "numba":
        return None

    def compile() -> "CompiledCode":
        from nettrain.backend.numba_compiler import compiled

        return compiled(body, arguments, strided=strided)

    try:
        from nettrain.backend.machine_code import machine_code

        return machine_code(body, forms, fingerprint(body), compile)
    except Exception:  # it needs Numba's runtime; or another version of Numba or llvmlite fails in some way
        return None


def _kept_by_numba(body: FunctionType, arguments: Sequence[object], *, strided: bool = False) -> "Compiled":
    from nettrain.backend.numba_compiler import kept_by_numba

    return kept_by_numba(body, arguments, strided=strided)
