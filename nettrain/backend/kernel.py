"""Loops over arrays, compiled: the only file that imports Numba.

A kernel is a plain function of arrays, written as loops with `prange` outermost. It is compiled twice at
most: for one thread, and with its `prange` spread over threads where there is enough work. Both do the
same arithmetic in the same order within an iteration, so they give the same bits.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import FunctionType
from typing import Any, TypeVar, cast

import numba
import numba.core.cgutils
import numba.core.types
import numba.extending
import numpy as np
from numba.core.caching import FunctionCache
from numba.core.runtime import rtsys  # type: ignore[attr-defined]

CONFIG: Any = numba.config
CONFIG.THREADING_LAYER = "workqueue"  # "omp" fights with the threads of OpenBLAS
PARALLEL_FROM = 262_144  # elements; below, waking the threads costs more than they save

F = TypeVar("F", bound=Callable[..., Any])
BLAS, ARRAYS = "scipy.linalg.cython_blas", "numba.np.arraymath"
prange = numba.prange
typeof: Callable[[Any], Any] = numba.typeof
intrinsic: Any = numba.extending.intrinsic
types: Any = numba.core.types
cgutils: Any = numba.core.cgutils


class _Kept(FunctionCache):
    """Machine code on disk, loaded without first importing all that compiling needs."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        rtsys.initialize(target_context)
        with _without_blas(), self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]


@contextmanager
def _without_blas() -> Iterator[None]:
    """Keep Numba from importing SciPy's linear algebra only to see that it is there: no kernel uses it."""
    modules = cast(dict[str, Any], sys.modules)
    if BLAS in modules or ARRAYS in modules:
        yield
        return
    modules[BLAS] = None  # an import of it fails at once
    try:
        yield
    finally:
        del modules[BLAS]
        if ARRAYS in modules:  # it is there, for loops that are not ours
            modules[ARRAYS]._HAVE_BLAS = True


class Kernel:
    """A compiled loop."""

    def __init__(self, body: FunctionType, *, strided: bool = False) -> None:
        self.__name__, self.__doc__ = body.__name__, body.__doc__
        self.body = body
        self.strided = strided
        self._serial = _compile(body, parallel=False)
        self._parallel = _compile(_renamed(body, f"{body.__qualname__}_parallel"), parallel=True)

    def bind(self, work: int, threads: int, arrays: Sequence[Any]) -> Callable[[], None]:
        """A call of the kernel on these arrays, compiled now, in the form that suits `work` elements."""
        form = self._parallel if threads > 1 and work >= PARALLEL_FROM else self._serial
        # the compiled entry itself: the dispatcher would look at every array's type again at each call
        entry = form.compile(tuple(self._type(array) for array in arrays))
        return partial(entry, *arrays)

    def _type(self, array: Any) -> Any:
        found = typeof(array)
        return found.copy(layout="A") if self.strided and isinstance(array, np.ndarray) else found

    def __call__(self, *arrays: Any) -> None:
        self._serial(*arrays)


def kernel(body: Callable[..., None]) -> Kernel:
    """Decorator: compile this loop when it is first used, and keep the machine code on disk."""
    return Kernel(cast(FunctionType, body))


def strided(body: Callable[..., None]) -> Kernel:
    """`kernel` for arrays with gaps and turned ones: one compiled form takes them all."""
    return Kernel(cast(FunctionType, body), strided=True)


def inline(body: F) -> F:
    """Decorator for a helper that kernels call.

    The cache on disk looks at a kernel's own file: after a change to a helper, touch the files that call it.
    """
    return cast(F, numba.njit(cache=True, error_model="numpy")(body))


def expanded(body: F) -> F:
    """`inline` for what a loop does most: the body becomes the loop's own, which then may use vectors."""
    return cast(F, numba.njit(cache=True, error_model="numpy", inline="always")(body))


def set_threads(threads: int) -> None:
    """Let parallel kernels use up to this many threads."""
    numba.set_num_threads(min(threads, CONFIG.NUMBA_NUM_THREADS))


def _compile(body: FunctionType, *, parallel: bool) -> Any:
    # no fastmath: sums must keep their order, or a member's bits would depend on its neighbours
    compiled: Any = numba.njit(parallel=parallel, error_model="numpy")(body)
    compiled._cache = _Kept(body)  # type: ignore[no-untyped-call]
    return compiled


def _renamed(body: FunctionType, name: str) -> FunctionType:
    """A copy under another name: Numba's cache tells functions apart by name, not by flags."""
    copy = FunctionType(body.__code__, body.__globals__, body.__name__, body.__defaults__)
    copy.__qualname__ = name
    copy.__module__ = body.__module__
    return copy
