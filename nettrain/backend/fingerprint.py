"""What a function's machine code is made from, as a short hash: equal hashes, equal machine code.

Numba's cache takes machine code from disk if the file with the function has not changed. But a kernel is also
made of the helpers and intrinsics that it calls, of the global constants of all these, of compiler options,
and by certain versions of Numba and LLVM. The hash covers them all. It reads the functions that are in
memory, not their files, which may have been edited since they were imported.
"""

import os
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from inspect import unwrap
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import cast

import numpy as np

from nettrain.backend.helper import Helper, LaterModule

# Settings of Numba that change machine code, each by its variable of the environment; processor and features
# are part of the name of what is kept
SETTINGS = (
    *("OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "ENABLE_AVX", "DISABLE_INTEL_SVML"),
    *("BOUNDSCHECK", "DEBUGINFO"),
)
SETTINGS_FILE = ".numba_config.yaml"  # in the current folder, which Numba reads when it is imported


def fingerprint(body: FunctionType, **options: object) -> str:
    """A hash of the code that `body` compiles to with these options, 16 hexadecimal digits.

    It follows global names, so a function must name its helpers directly, not as attributes of a module.
    Raises a TypeError for a global value that each process would describe differently, by its address.
    """
    digest = sha256(repr((_toolchain(), sorted(options.items()))).encode())
    for part in _Walk(body.__module__).parts(body):
        digest.update(f"{part}\0".encode())
    return digest.hexdigest()[:16]


@cache
def _toolchain() -> tuple[object, ...]:
    versions = [version(library) for library in ("numba", "llvmlite", "numpy")]
    file = Path(SETTINGS_FILE)
    return (
        *versions,
        *(os.environ.get(f"NUMBA_{name}") for name in SETTINGS),
        file.read_bytes() if file.is_file() else b"",
    )


class _Walk:
    """Visits a function and all that it refers to, each once.

    Functions and classes of this package, and of the package of the first function, are visited in turn;
    those of libraries are covered by their versions.
    """

    def __init__(self, module: str) -> None:
        self._packages = {module.partition(".")[0], __name__.partition(".")[0]}
        self._seen: set[int] = set()

    def parts(self, value: object) -> Iterator[str]:
        """Texts that together describe a value."""
        if isinstance(value, Helper):
            yield repr((value.decorator, sorted(value.options.items())))
            value = value.body
        elif isinstance(value, LaterModule):
            value = repr(value)
        elif hasattr(value, "__wrapped__") and not isinstance(value, FunctionType):
            yield repr(getattr(value, "targetoptions", None))  # of a compiled helper; an intrinsic has none
            value = unwrap(cast(FunctionType, value))
        if isinstance(value, FunctionType | type):
            yield f"{value.__module__}.{value.__qualname__}"
            if self._is_ours(value.__module__) and id(value) not in self._seen:
                self._seen.add(id(value))
                yield from self._function(value) if isinstance(value, FunctionType) else self._class(value)
        elif isinstance(value, tuple | list):
            yield f"{type(value).__name__} of {len(value)}"
            for element in value:
                yield from self.parts(element)
        else:
            if isinstance(value, ModuleType) and self._is_ours(value.__name__):
                raise TypeError(
                    f"no fingerprint of {value.__name__}: a kernel must name its helpers directly"
                )
            yield _text(value)

    def _is_ours(self, module: str) -> bool:
        return module.partition(".")[0] in self._packages

    def _function(self, function: FunctionType) -> Iterator[str]:
        yield from self.parts(function.__defaults__)
        for cell in function.__closure__ or ():
            yield from self.parts(cell.cell_contents)
        yield from self._code(function.__code__, function.__globals__)

    def _code(self, code: CodeType, scope: dict[str, object]) -> Iterator[str]:
        yield repr((code.co_code, code.co_argcount, code.co_names, code.co_varnames, code.co_freevars))
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                yield from self._code(constant, scope)
            else:
                yield from self.parts(constant)
        for name in code.co_names:  # attributes as well, of which some may be called as a global value is
            if name in scope:
                yield from self.parts(scope[name])

    def _class(self, kind: type) -> Iterator[str]:
        for base in kind.__bases__:
            yield from self.parts(base)
        for name, member in vars(kind).items():
            if isinstance(member, FunctionType) or not name.startswith("__"):
                yield name
                yield from self.parts(member)


def _text(value: object) -> str:
    """A value's type and text."""
    if isinstance(value, ModuleType):
        return value.__name__
    if isinstance(value, frozenset):
        text = repr(sorted(map(repr, value)))  # its order changes from process to process
    elif isinstance(value, np.ndarray):
        text = repr((value.dtype, value.shape, value.tobytes()))
    else:
        text = str(value) if type(value).__module__.startswith("llvmlite.") else repr(value)
    if f"{id(value):x}" in text:
        raise TypeError(f"no fingerprint of {text}: it is told apart by its address")
    return f"{type(value).__qualname__} {text}"
