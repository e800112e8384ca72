"""Machine code of functions on disk, loaded by LLVM alone, without Numba.

A file holds one function for one form of its arguments: a line that says what it is, and an object file. It
lies beside the source, among Python's own compiled files, or where these may not be written in the user's
cache (or in NUMBA_CACHE_DIR), and its name says for which processor it is. It is used again only if its
stamp is the same (see `backend.fingerprint`).
"""

import ctypes
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import FunctionType
from typing import Any, Protocol

import llvmlite.binding as llvm

from nettrain.backend.argument_words import call_words
from nettrain.errors import NettrainError
from nettrain.files import write_atomic

DESTRUCTOR = "NRT_MemInfo_call_dtor"  # what frees the memory of arrays that compiled code has made
_engines: list[Any] = []  # which hold machine code


class CompiledCode(Protocol):
    """What a compiler makes."""

    @property
    def address(self) -> int:
        """Where the machine code lies."""

    @property
    def symbol(self) -> str:
        """The name of its machine code."""

    def object_code(self) -> bytes:
        """An object file with the machine code."""

    def needs(self) -> list[str]:
        """Functions and variables outside of the object file that the machine code refers to."""


@dataclass(frozen=True)
class MachineCode:
    """A function in machine code, which takes words."""

    address: int

    def call(self, arguments: Sequence[object]) -> tuple[Callable[..., None], Sequence[object]]:
        """A function for Python, and what it takes."""
        words = call_words(arguments)
        return _for_python(len(words))(self.address), words


@cache
def _for_python(words: int) -> Callable[[int], Callable[..., None]]:
    """What makes a function for Python of an address, during which Python's other threads wait."""
    return ctypes.PYFUNCTYPE(ctypes.c_int32, *[ctypes.c_int64] * words)


@dataclass(frozen=True)
class CodeHead:
    """What the first line of a file says: its stamp, the function's symbol, what it needs, a check sum."""

    stamp: str
    symbol: str
    needs: list[str]
    sha256: str


def machine_code(
    body: FunctionType, forms: Sequence[str], stamp: str, compile: Callable[[], CompiledCode]
) -> MachineCode:
    """A function's code for arguments of these forms, from disk, or compiled now and kept for later.

    Raises LookupError when the code on disk can only be loaded by Numba.
    """
    places = [folder / _file_name(body, forms) for folder in _folders(body)]
    for place in places:
        with suppress(OSError, ValueError, TypeError):  # there is none, or something else
            return MachineCode(_load(place.read_bytes(), stamp))
    code = compile()
    _keep(code, stamp, places)
    return MachineCode(code.address)


def _file_name(body: FunctionType, forms: Sequence[str]) -> str:
    key = sha256(repr((body.__qualname__, *forms, *_host())).encode()).hexdigest()[:16]
    return f"{body.__module__.rpartition('.')[2]}.{body.__name__}-{key}.code"


@cache
def _host() -> tuple[str, ...]:
    """What decides which machine code runs here: operating system, processor, what the processor can do."""
    wanted = [os.environ.get(f"NUMBA_CPU_{name}", "") for name in ("NAME", "FEATURES")]
    features = llvm.get_host_cpu_features().flatten()
    return llvm.get_process_triple(), llvm.get_host_cpu_name(), features, *wanted, _vector_library()


def _vector_library() -> str:
    """Intel's library of functions of vectors, which code compiled by Numba calls where it is installed."""
    names = {"linux": "libsvml.so", "darwin": "libsvml.dylib", "win32": "svml_dispmd"}
    try:
        llvm.load_library_permanently(names[sys.platform])
    except (KeyError, RuntimeError):
        return ""
    return names[sys.platform]


def _folders(body: FunctionType) -> Iterator[Path]:
    """Folders for the code of a function, the best first."""
    source = Path(body.__code__.co_filename).resolve()
    if not source.is_file():  # it was typed
        return
    apart = sha256(os.fsencode(source.parent)).hexdigest()[:16]
    if named := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(named) / apart
    else:
        yield source.parent / "__pycache__"
        yield _user_cache() / "nettrain" / apart


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _keep(code: CompiledCode, stamp: str, places: Sequence[Path]) -> None:
    """Write code to the first of these files that can be written."""
    content = code.object_code()
    head = CodeHead(stamp, code.symbol, code.needs(), sha256(content).hexdigest())
    for place in places:
        with suppress(OSError, NettrainError):
            place.parent.mkdir(parents=True, exist_ok=True)
            return write_atomic(place, json.dumps(asdict(head)).encode() + b"\n" + content)


def _load(content: bytes, stamp: str) -> int:
    """The address of the function in a file's content.

    Raises ValueError or TypeError if it is of no use, LookupError if it needs functions that are not there.
    """
    line, _, code = content.partition(b"\n")
    head = CodeHead(**json.loads(line))
    if head.stamp != stamp or head.sha256 != sha256(code).hexdigest():
        raise ValueError("not the code that is wanted")
    _make_functions_known()
    if missing := [name for name in head.needs if llvm.address_of_symbol(name) is None]:
        raise LookupError(f"only Numba has {', '.join(missing)}")  # without which LLVM would end the process
    engine = _engine("")
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    return _address(engine, head.symbol)


def address_of(text: str, symbol: str) -> int:
    """The address of a function in a module written in LLVM's language, compiled now and kept nowhere."""
    _make_functions_known()
    return _address(_engine(text), symbol)


def _engine(text: str) -> Any:
    """What compiles a module for this processor, and holds its machine code."""
    machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(jit=True)
    return llvm.create_mcjit_compiler(llvm.parse_assembly(text), machine)  # which owns the machine


def _address(engine: Any, symbol: str) -> int:
    engine.finalize_object()
    _engines.append(engine)  # it would take the code with it
    return int(engine.get_function_address(symbol))


@cache
def _make_functions_known() -> None:
    """Tell LLVM, once, which processor this is and where the functions are that machine code may call."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    for name, address in _functions().items():
        if llvm.address_of_symbol(name) is None:
            llvm.add_symbol(name, address)


def _functions() -> dict[str, int]:
    """Addresses by name: of Numba's functions in C, whose module can be imported without Numba."""
    package = find_spec("numba")
    folders = package.submodule_search_locations if package else None
    found = PathFinder.find_spec("numba._helperlib", folders)
    if found is None or found.loader is None:
        raise ImportError("there is no numba._helperlib")
    library = module_from_spec(found)
    found.loader.exec_module(library)
    theirs = {f"numba_{name}": address for name, address in library.c_helpers.items()}
    nothing = ctypes.cast(_no_destructor, ctypes.c_void_p).value
    return {**library.c_helpers, **theirs, DESTRUCTOR: nothing or 0}


# serial kernels make no arrays, and their arguments have no owner whom they would have to tell
_no_destructor = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: None)
