"""From a backend's name to a backend."""

import os
from dataclasses import dataclass

from nettrain.backend.base import Backend
from nettrain.errors import BackendError, nearest

NAMES = ("numpy", "cupy")
PREFERRED = (
    "NETTRAIN_AUTO"  # of the environment: what `auto` means on this machine, without looking for a GPU
)


@dataclass(frozen=True)
class BackendChoice:
    """The name of a backend, and where it was left open the reason for it."""

    name: str
    reason: str = ""


def choose_backend(name: str, device: int = 0) -> BackendChoice:
    """Resolve `auto`: CuPy if it can be imported and finds its device, otherwise NumPy; other names stay.

    Where CuPy is not installed this costs a search of the import path, but no import. Raises a BackendError
    when the environment prefers an unknown backend.
    """
    if name != "auto":
        return BackendChoice(name)
    if preferred := os.environ.get(PREFERRED):
        return _preferred(preferred)
    from nettrain.backend.device import cupy_is_installed, find_device

    if not cupy_is_installed():
        return BackendChoice("numpy", "cupy is not installed")
    try:
        return BackendChoice("cupy", str(find_device(device)))
    except BackendError as error:
        return BackendChoice("numpy", _in_brief(error))


def _preferred(name: str) -> BackendChoice:
    if name not in NAMES:
        raise BackendError(f'{PREFERRED}: unknown "{name}"{nearest(name, NAMES)}')
    return BackendChoice(name, f"{PREFERRED}={name}")


def _in_brief(error: BackendError) -> str:
    """What is missing; `nettrain info` and `--backend cupy` say what to do about it."""
    return str(error).split(": ")[1]


def open_backend(name: str, *, dtype: str, threads: int, device: int = 0, tf32: bool = False) -> Backend:
    """The backend of that name, with numbers in `dtype`; NumPy ignores device and tf32.

    Raises a BackendError when the backend cannot be used on this machine.
    """
    if name == "numpy":
        from nettrain.backend.numpy import NumpyBackend

        return NumpyBackend(dtype, threads)
    if name != "cupy":
        raise ValueError(f"no backend {name!r}")
    from nettrain.backend.device import find_device

    find_device(device)
    from nettrain.backend.cupy import CupyBackend

    return CupyBackend(dtype, threads, device, tf32)
