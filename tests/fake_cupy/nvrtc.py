"""NVIDIA's run-time compiler, from its wheel: it needs no device."""

import ctypes
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def library() -> ctypes.CDLL | None:
    """The compiler, where its wheel is installed (one for each of CUDA's versions)."""
    spec = find_spec("nvidia")
    folders = (spec.submodule_search_locations if spec else None) or ()
    files = [file for folder in folders for file in _files(folder)]
    return ctypes.CDLL(str(files[0])) if files else None


def _files(folder: str) -> list[Path]:
    names = (path for path in Path(folder).glob("**/libnvrtc.so.*") if ".alt." not in path.name)
    return sorted(names)


def compile_for(source: str, architecture: str) -> bytes:
    """The program as machine code for this architecture. Raises an AssertionError with the compiler's log."""
    nvrtc = library()
    assert nvrtc is not None
    handle = ctypes.c_void_p()
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(handle), source.encode(), b"kernel.cu", 0, None, None) == 0
    options = [f"--gpu-architecture={architecture}".encode(), b"--std=c++17", b"-ftz=true"]
    failed = nvrtc.nvrtcCompileProgram(handle, len(options), (ctypes.c_char_p * len(options))(*options))
    assert failed == 0, _text(nvrtc, handle, "ProgramLog")
    made = _text(nvrtc, handle, "CUBIN")
    nvrtc.nvrtcDestroyProgram(ctypes.byref(handle))
    return made


def _text(nvrtc: ctypes.CDLL, handle: ctypes.c_void_p, what: str) -> bytes:
    size = ctypes.c_size_t()
    assert getattr(nvrtc, f"nvrtcGet{what}Size")(handle, ctypes.byref(size)) == 0
    text = ctypes.create_string_buffer(size.value)
    assert getattr(nvrtc, f"nvrtcGet{what}")(handle, text) == 0
    return text.raw
