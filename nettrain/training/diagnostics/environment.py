"""The hardware and the software versions of a run."""

import platform
from functools import cache
from importlib.metadata import version

import numpy as np
from threadpoolctl import threadpool_info
from typing_extensions import TypedDict

from nettrain import __version__
from nettrain.backend.device import find_device

LIBRARIES = ("numba", "scipy", "polars", "pydantic", "typer", "rich", "safetensors", "matplotlib")


class Environment(TypedDict):
    """Versions, and the device that computed."""

    nettrain: str
    python: str
    numpy: str
    backend: str
    device: str
    threads: int
    blas: str


def environment(threads: int, backend: str = "numpy", number: int = 0) -> Environment:
    """The environment of a run on this backend; `number` is that of the GPU, if it computes on one."""
    return {
        "nettrain": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "backend": backend,
        "device": find_device(number).name if backend == "cupy" else _processor(),
        "threads": threads,
        "blas": _blas(),
    }


def versions() -> dict[str, str]:
    """The versions of the libraries that nettrain depends on."""
    return {name: version(name) for name in LIBRARIES}


@cache
def _blas() -> str:
    libraries = {
        f"{lib['internal_api']} {lib['version']}" for lib in threadpool_info() if lib["user_api"] == "blas"
    }
    return ", ".join(sorted(libraries)) or "none"


@cache
def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as f:
            names = [line.partition(":")[2].strip() for line in f if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()
