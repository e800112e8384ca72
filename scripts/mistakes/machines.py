"""Machines where something is missing, of which CuPy says so in its own words."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

NO_DRIVER = "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version"
LOST = "libcublas.so.13: cannot open shared object file: No such file or directory"
TOO_LARGE = "Out of memory allocating 20,480,000,000 bytes (allocated so far: 9,663,676,416 bytes)."


def _of_cupy(name: str, base: type[Exception], module: str) -> Any:
    return type(name, (base,), {"__module__": module})


CudaError = _of_cupy("CUDARuntimeError", RuntimeError, "cupy_backends.cuda.api.runtime")
OutOfMemory = _of_cupy("OutOfMemoryError", MemoryError, "cupy.cuda.memory")


def _raising(error: Exception) -> Callable[..., Any]:
    def call(*_: object, **__: object) -> Any:
        raise error

    return call


class _Cuda(SimpleNamespace):
    """`cupy.cuda`, whose cuBLAS is loaded when it is asked for."""

    @property
    def cublas(self) -> object:
        if isinstance(self.library, Exception):
            raise self.library
        return self.library


@contextlib.contextmanager
def _machine(cupy: ModuleType | None, *packages: str) -> Iterator[None]:
    """One with this CuPy, which these packages have brought."""

    def distribution(name: str) -> object:
        if name not in packages:
            raise metadata.PackageNotFoundError(name)
        return None

    with patch.dict(sys.modules, {"cupy": cupy}), patch.object(metadata, "distribution", distribution):
        yield


def _cupy(**runtime: Any) -> Any:
    """A CuPy with one H200."""
    functions = {
        "getDeviceCount": lambda: 1,
        "driverGetVersion": lambda: 13000,
        "runtimeGetVersion": lambda: 13020,
        "getDeviceProperties": lambda number: {"name": b"NVIDIA H200", "major": 9, "minor": 0},
        "memGetInfo": lambda: (1_500_000_000, 16_000_000_000),
    }
    module: Any = ModuleType("cupy")
    module.__version__ = "14.2.0"
    module.cuda = _Cuda(
        runtime=SimpleNamespace(**functions | runtime),
        library=SimpleNamespace(getVersion=lambda handle: 130102),
        nvrtc=SimpleNamespace(getVersion=lambda: (13, 2)),
        device=SimpleNamespace(get_cublas_handle=lambda: 7),
        Device=lambda number: contextlib.nullcontext(),
    )
    module.get_default_memory_pool = lambda: SimpleNamespace(free_bytes=lambda: 0)
    return module


def without_cupy() -> contextlib.AbstractContextManager[None]:
    """A machine without CuPy."""
    return _machine(None)


def with_two_cupys() -> contextlib.AbstractContextManager[None]:
    """Where two packages bring it."""
    return _machine(_cupy(), "cupy-cuda12x", "cupy-cuda13x")


def without_driver() -> contextlib.AbstractContextManager[None]:
    """Where no driver is installed."""
    return _machine(_cupy(getDeviceCount=_raising(CudaError(NO_DRIVER)), driverGetVersion=lambda: 0))


def with_an_old_driver() -> contextlib.AbstractContextManager[None]:
    """Whose driver is for another CUDA than CuPy."""
    old = _cupy(getDeviceCount=_raising(CudaError(NO_DRIVER)), driverGetVersion=lambda: 12040)
    return _machine(old, "cupy-cuda13x")


def with_one_gpu() -> contextlib.AbstractContextManager[None]:
    """Where all is well."""
    return _machine(_cupy())


def with_a_mismatch() -> contextlib.AbstractContextManager[None]:
    """Whose driver CUDA refuses."""
    text = "cudaErrorSystemDriverMismatch: system has unsupported display driver / cuda driver combination"
    return _machine(_cupy(getDeviceCount=_raising(CudaError(text))))


def without_gpu() -> contextlib.AbstractContextManager[None]:
    """Whose driver shows no device."""
    return _machine(_cupy(getDeviceCount=lambda: 0))


def without_cublas() -> contextlib.AbstractContextManager[None]:
    """Where a library of CUDA is missing."""
    cupy = _cupy()
    cupy.cuda.library = ImportError(LOST)
    return _machine(cupy)


@contextlib.contextmanager
def with_a_full_gpu() -> Iterator[None]:
    """Whose device has no memory left when training begins."""
    room = "nettrain.workflow.preparation"
    with (
        _machine(_cupy()),
        patch(f"{room}.named_backend", lambda settings: None),
        patch(f"{room}.build", _raising(OutOfMemory(TOO_LARGE))),
    ):
        yield


@contextlib.contextmanager
def without_onnx() -> Iterator[None]:
    """A machine without the package `onnx`, where nothing that needs it has been imported."""
    users = [name for name in sys.modules if name.startswith("nettrain.export.onnx_model")]
    with patch.dict(sys.modules, {"onnx": None}):
        for name in users:
            del sys.modules[name]
        yield


def where_nettrain_fails() -> contextlib.AbstractContextManager[object]:
    """One that shows a bug of nettrain."""
    return patch("nettrain.workflow.runs.compare_runs", side_effect=KeyError("epochs_run"))
