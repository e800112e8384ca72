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

Compiling takes a second or so. The machine code is kept on disk, beside the source file or, where that folder
is read-only, in the user's cache, and is used again only if nothing that it was made from has changed (see
`backend.fingerprint`). It is kept by `backend.stamped_cache`, which is fast but needs private classes of
Numba. Where these are missing, or the environment says NETTRAIN_CODE_CACHE=numba, Numba's own cache does it.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from types import FunctionType
from typing import Any, Literal, Protocol, TypedDict, TypeVar, cast

import numba
import numpy as np

from nettrain.backend.base import Array
from nettrain.backend.fingerprint import fingerprint

try:
    from nettrain.backend import stamped_cache
except (ImportError, AttributeError):
    stamped_cache = None  # type: ignore[assignment]

numba.config.THREADING_LAYER = "workqueue"  # type: ignore[attr-defined]  # "omp" fights with OpenBLAS's threads
PARALLEL_FROM = 262_144  # elements; below, waking the threads costs more than they save
SWITCH = "NETTRAIN_CODE_CACHE"  # of the environment; "numba" for Numba's own cache
prange = numba.prange
Body = TypeVar("Body", bound=Callable[..., object])


class Options(TypedDict, total=False):
    """Options of Numba's compiler, all of which are part of a fingerprint.

    There is no fastmath: sums must keep their order, or a member's bits would depend on its neighbours.
    """

    parallel: bool
    error_model: Literal["numpy"]
    nogil: bool


class Dispatcher(Protocol):
    """What Numba makes of a function: compiles it for types of arguments, or loads it from disk."""

    py_func: FunctionType
    overloads: Mapping[tuple[object, ...], Any]  # what was compiled, by types of arguments

    def compile(self, types: tuple[object, ...]) -> Callable[..., None]:
        """The function compiled for these types of arguments."""

    def __call__(self, *arguments: object) -> None:
        """Compile for the types of these arguments, and run."""


class BoundKernel(partial[None]):
    """A call of a kernel's machine code on fixed arrays; `serial` if a single thread does it."""

    form: Dispatcher
    types: tuple[object, ...]
    serial: bool

    def address(self) -> int:
        """Where the machine code lies, which takes words (see `backend.argument_words`)."""
        compiled = self.form.overloads[self.types]
        return int(compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name))


class Kernel:
    """A compiled loop; `strided` kernels have one compiled form for arrays with and without gaps."""

    def __init__(self, body: FunctionType, *, strided: bool = False) -> None:
        self.__name__, self.__doc__ = body.__name__, body.__doc__
        self.body = body
        self.strided = strided

    @cached_property
    def serial(self) -> Dispatcher:
        """The form for a single thread."""
        return _compiled(self.body, parallel=False)

    @cached_property
    def parallel(self) -> Dispatcher:
        """The form whose outermost loop is shared out among threads."""
        return _compiled(self.body, parallel=True)

    def bind(self, work: int, threads: int, arrays: Sequence[Array]) -> BoundKernel:
        """A call of the kernel on these arrays, compiled now, in the form that suits `work` elements."""
        serial = threads == 1 or work < PARALLEL_FROM
        form, types = self.serial if serial else self.parallel, tuple(self._type(array) for array in arrays)
        # the compiled entry itself: the dispatcher would look at every array's type again at each call
        bound = BoundKernel(form.compile(types), *arrays)
        bound.form, bound.types, bound.serial = form, types, serial
        return bound

    def _type(self, array: Array) -> object:
        kind = _type_of(array)
        return kind.copy(layout="A") if self.strided and isinstance(array, np.ndarray) else kind

    def __call__(self, *arrays: Array) -> None:
        self.serial(*arrays)


_TYPES: dict[tuple[object, ...], object] = {}  # of arrays of the host, by what decides them


def _type_of(array: Array) -> Any:
    """`numba.typeof`, which takes long, asked once for all arrays of one form."""
    if type(array) is not np.ndarray:
        return numba.typeof(array)
    flags = array.flags
    form = array.dtype, array.ndim, flags.c_contiguous, flags.f_contiguous, flags.aligned, flags.writeable
    if form not in _TYPES:
        _TYPES[form] = numba.typeof(array)
    return _TYPES[form]


def kernel(body: Callable[..., None]) -> Kernel:
    """Decorator: compile this loop when it is first used, and keep the machine code on disk."""
    return Kernel(cast(FunctionType, body))


def strided(body: Callable[..., None]) -> Kernel:
    """`kernel` for arrays with gaps and transposed ones: one compiled form takes them all."""
    return Kernel(cast(FunctionType, body), strided=True)


def inline(body: Body) -> Body:
    """Decorator for a helper that kernels call; it becomes part of their machine code."""
    return cast(Body, numba.njit(error_model="numpy")(body))


def expanded(body: Body) -> Body:
    """`inline` for what a loop does most: the body becomes the loop's own, which then may use vectors."""
    return cast(Body, numba.njit(error_model="numpy", inline="always")(body))


def set_threads(threads: int) -> None:
    """Let parallel kernels use up to this many threads."""
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]


def kernel_threads() -> int:
    """How many threads parallel kernels may use."""
    return int(numba.get_num_threads())


def compiled_without_gil(body: Callable[..., None], *arguments: object) -> Callable[..., None]:
    """A function compiled for arguments like these, which lets other threads of Python run meanwhile."""
    options = Options(parallel=False, error_model="numpy", nogil=True)
    form = _kept(cast(FunctionType, body), body.__qualname__, options)
    return form.compile(tuple(_type_of(argument) for argument in arguments))


def _compiled(body: FunctionType, *, parallel: bool) -> Dispatcher:
    name = f"{body.__qualname__}_parallel" if parallel else body.__qualname__
    return _kept(body, name, Options(parallel=parallel, error_model="numpy"))


def _kept(body: FunctionType, name: str, options: Options) -> Dispatcher:
    """A dispatcher whose machine code is kept on disk, where there is a folder that may be written to."""
    stamp = fingerprint(body, **options)
    for keep in _ways_to_keep():
        with suppress(RuntimeError, AttributeError, TypeError):  # no such folder, or another version of Numba
            return keep(body, name, stamp, options)
    return _dispatcher(body, options)


def _ways_to_keep() -> list[Callable[[FunctionType, str, str, Options], Dispatcher]]:
    plain = stamped_cache is None or os.environ.get(SWITCH) == "numba"
    return [_by_name] if plain else [_by_stamp, _by_name]


def _by_stamp(body: FunctionType, name: str, stamp: str, options: Options) -> Dispatcher:
    renamed = _renamed(body, name)
    dispatcher = _dispatcher(renamed, options)
    stamped_cache.attach(dispatcher, renamed, stamp)
    return dispatcher


def _by_name(body: FunctionType, name: str, stamp: str, options: Options) -> Dispatcher:
    """Through Numba's own cache, which knows nothing of stamps, but has a file for each name."""
    return _dispatcher(_renamed(body, f"{name}_{stamp}"), options, cache=True)


def _dispatcher(body: FunctionType, options: Options, *, cache: bool = False) -> Dispatcher:
    return cast(Dispatcher, numba.njit(cache=cache, **options)(body))


def _renamed(body: FunctionType, name: str) -> FunctionType:
    """A copy under another name: Numba's caches tell functions apart by name, not by options."""
    copy = FunctionType(body.__code__, body.__globals__, body.__name__, body.__defaults__, body.__closure__)
    copy.__qualname__ = name
    copy.__module__ = body.__module__
    return copy
