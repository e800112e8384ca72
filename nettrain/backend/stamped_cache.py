"""Machine code on disk that is never stale and quickly loaded: the only file with Numba's private classes.

With a version of Numba that lacks them the import fails, or `attach` does; `backend.kernel` then takes
Numba's own cache.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import FunctionType
from typing import Any, cast

import llvmlite.binding as llvm
from numba.core import environment
from numba.core.caching import FunctionCache
from numba.core.runtime import _nrt_python  # type: ignore[attr-defined]

REBUILD: Any = environment._rebuild_env  # what pickles of machine code call for each function in it


def attach(dispatcher: object, body: FunctionType, stamp: str) -> None:
    """Have the dispatcher of a function keep machine code on disk, valid as long as the stamp is the same.

    Raises a RuntimeError when there is no folder to write to.
    """
    dispatcher._cache = _StampedCache(body, stamp)  # type: ignore[attr-defined]


class _StampedCache(FunctionCache):
    """Numba's cache, with the stamp of our choice beside its own, which is a hash of the function's file."""

    def __init__(self, body: FunctionType, stamp: str) -> None:
        super().__init__(body)  # type: ignore[no-untyped-call]
        self._cache_file._source_stamp = (self._cache_file._source_stamp, stamp)

    def load_overload(self, sig: object, target_context: object) -> object:
        """The machine code for these types, without first importing all that compiling needs."""
        _add_runtime()
        with _without_modules(), self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]


@cache
def _add_runtime() -> None:
    """Tell LLVM where the functions of Numba's runtime are that machine code calls.

    The others are part of the code already. Numba's own way is to compile them all, which takes 20 MB.
    """
    for name, address in _nrt_python.c_helpers.items():
        llvm.add_symbol(name if name.startswith("_") else f"NRT_{name}", address)


@contextmanager
def _without_modules() -> Iterator[None]:
    """Keep Numba from importing the modules of its own functions that kernels call.

    They would be asked for names alone, by code that works on Python objects, which no kernel does; and they
    import much that only compiling needs, and SciPy's linear algebra.
    """
    environment._rebuild_env = _environment
    try:
        yield
    finally:
        environment._rebuild_env = REBUILD


def _environment(module: str, constants: list[object], name: str) -> environment.Environment:
    """The environment of a compiled function of a module, which need not have been imported."""
    if module in sys.modules or environment.lookup_environment(name) is not None:
        return cast(environment.Environment, REBUILD(module, constants, name))
    made = environment.Environment({})
    made.consts[:] = constants
    made.env_name = name
    environment.Environment._memo[name] = made
    return made
