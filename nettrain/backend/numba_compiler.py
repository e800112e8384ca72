"""Numba: imported where a kernel must be compiled.

Numba keeps machine code on disk too. `backend.stamped_cache` makes that fast and never stale, but needs
private classes of Numba. Where these are missing, or the environment says NETTRAIN_CODE_CACHE=numba, its own
cache does it.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from types import CodeType, FunctionType
from typing import Any, Literal, Protocol, TypedDict, cast

import numba
import numba.extending
import numpy as np

from nettrain.backend.fingerprint import fingerprint
from nettrain.backend.helper import Helper, prange
from nettrain.backend.kernel import SWITCH

try:
    from nettrain.backend import stamped_cache
except (ImportError, AttributeError):
    stamped_cache = None  # type: ignore[assignment]


class Options(TypedDict, total=False):
    """Options of Numba's compiler.

    There is no fastmath: sums must keep their order, or a member's bits would depend on its neighbours.
    """

    error_model: Literal["numpy"]
    no_cpython_wrapper: bool
    no_cfunc_wrapper: bool


class Dispatcher(Protocol):
    """What Numba makes of a function: compiles it for types of arguments, or loads it from disk."""

    overloads: Mapping[tuple[object, ...], Any]  # what was compiled, by types of arguments

    def compile(self, types: tuple[object, ...]) -> Callable[..., None]:
        """The function compiled for these types of arguments."""


@dataclass(frozen=True, eq=False)
class Compiled:
    """A function that Numba has compiled for types of arguments, or loaded from its own cache."""

    entry: Callable[..., None]  # for Python
    overload: Any

    @property
    def address(self) -> int:
        """Where the machine code lies."""
        return int(self.overload.library.get_pointer_to_function(self.symbol))

    @property
    def symbol(self) -> str:
        """The name of its machine code."""
        return str(self.overload.fndesc.llvm_func_name)

    def object_code(self) -> bytes:
        """An object file with the machine code."""
        _, kind, (code, _) = self.overload.library.serialize_using_object_code()
        if kind != "object":
            raise TypeError(f"Numba keeps code as {kind}")
        return bytes(code)

    def needs(self) -> list[str]:
        """Functions and variables outside of the object file that the machine code refers to."""
        module = self.overload.library._final_module
        every = (*module.functions, *module.global_variables)
        return sorted(one.name for one in every if one.is_declaration and not one.name.startswith("llvm."))

    def call(self, arguments: Sequence[object]) -> tuple[Callable[..., None], Sequence[object]]:
        """A function for Python, and what it takes."""
        return self.entry, arguments


def argument_type(argument: object, *, strided: bool) -> Any:
    """Numba's type of an argument; of a `strided` array, for all gaps."""
    kind = _type_of(argument)
    return kind.copy(layout="A") if strided and isinstance(argument, np.ndarray) else kind


_TYPES: dict[tuple[object, ...], object] = {}  # of arrays of the host, by what decides them


def _type_of(argument: object) -> Any:
    """`numba.typeof`, which takes long, asked once for all arrays of one form."""
    if type(argument) is not np.ndarray:
        return numba.typeof(argument)
    flags = argument.flags
    form = (
        *(argument.dtype, argument.ndim),
        *(flags.c_contiguous, flags.f_contiguous, flags.aligned, flags.writeable),
    )
    if form not in _TYPES:
        _TYPES[form] = numba.typeof(argument)
    return _TYPES[form]


def compiled(body: FunctionType, arguments: Sequence[object], *, strided: bool = False) -> Compiled:
    """A function compiled now for arguments like these, and kept nowhere; Python cannot call it."""
    options = Options(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
    return _for_arguments(_dispatcher(_for_numba(body), options), arguments, strided=strided)


def kept_by_numba(
    body: FunctionType,
    arguments: Sequence[object],
    *,
    strided: bool = False,
) -> Compiled:
    """A function compiled for arguments like these, which Numba keeps on disk where it can."""
    return _for_arguments(_kept(body), arguments, strided=strided)


def _for_arguments(dispatcher: Dispatcher, arguments: Sequence[object], *, strided: bool) -> Compiled:
    types = tuple(argument_type(argument, strided=strided) for argument in arguments)
    entry = dispatcher.compile(types)
    return Compiled(entry, dispatcher.overloads[types])


@cache
def _kept(body: FunctionType) -> Dispatcher:
    """A dispatcher whose machine code is kept on disk, where there is a folder that may be written to."""
    options, name = Options(error_model="numpy"), body.__qualname__
    stamp = fingerprint(body, **options)
    for keep in _ways_to_keep():
        with suppress(RuntimeError, AttributeError, TypeError):  # no such folder, or another version of Numba
            return keep(body, name, stamp, options)
    return _dispatcher(_for_numba(body), options)


def _ways_to_keep() -> list[Callable[[FunctionType, str, str, Options], Dispatcher]]:
    plain = stamped_cache is None or os.environ.get(SWITCH) == "numba"
    return [_by_name] if plain else [_by_stamp, _by_name]


def _by_stamp(body: FunctionType, name: str, stamp: str, options: Options) -> Dispatcher:
    renamed = _for_numba(body, name)
    dispatcher = _dispatcher(renamed, options)
    stamped_cache.attach(dispatcher, renamed, stamp)
    return dispatcher


def _by_name(body: FunctionType, name: str, stamp: str, options: Options) -> Dispatcher:
    """Through Numba's own cache, which knows nothing of stamps, but has a file for each name."""
    return _dispatcher(_for_numba(body, f"{name}_{stamp}"), options, cache=True)


def _dispatcher(body: FunctionType, options: Options, *, cache: bool = False) -> Dispatcher:
    return cast(Dispatcher, numba.njit(cache=cache, **cast(Any, options))(body))


@cache
def compiled_helper(helper: Helper) -> Callable[..., object]:
    """What Numba makes of a helper, for the kernels that call it, and for Python."""
    if helper.decorator == "njit":
        return cast(Callable[..., object], numba.njit(**cast(Any, helper.options))(_for_numba(helper.body)))
    intrinsic: Any = numba.extending.intrinsic  # which takes options or a function
    mark = intrinsic(**helper.options) if helper.options else intrinsic
    return cast(Callable[..., object], mark(helper.body))


def _for_numba(body: FunctionType, name: str = "") -> FunctionType:
    """A copy that refers to what Numba knows, `numba.prange` and compiled helpers, maybe under another name.

    Numba's caches tell functions apart by name, not by options.
    """
    own = body.__globals__
    scope = {**own, **{name: _known_to_numba(own[name]) for name in _names(body.__code__) & own.keys()}}
    copy = FunctionType(body.__code__, scope, body.__name__, body.__defaults__, body.__closure__)
    copy.__qualname__ = name or body.__qualname__
    copy.__module__ = body.__module__
    return copy


def _names(code: CodeType) -> set[str]:
    """All global names, and attributes, that a function refers to."""
    inner = [_names(part) for part in code.co_consts if isinstance(part, CodeType)]
    return {*code.co_names}.union(*inner)


def _known_to_numba(value: object) -> object:
    if value is prange:
        return numba.prange
    return compiled_helper(value) if isinstance(value, Helper) else value
