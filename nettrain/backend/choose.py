"""From a backend's name to a backend."""

import os
from dataclasses import dataclass

from nettrain.backend.base import Backend
from nettrain.errors import BackendError, nearest

NAMES = ("numpy", "cupy")
PREFERRED = "NETTRAIN_AUTO"  # of the environment: what `auto` takes on this machine, instead of asking it


@dataclass(frozen=True)
class BackendChoice:
    """The backend that is taken, and why where it was left open."""

    name: str
    reason: str = ""


def chosen(name: str, device: int = 0) -> BackendChoice:
    """What `auto` takes: CuPy when it imports and a device answers, otherwise NumPy; other names as they are.

    Where CuPy is not installed this costs a look into the import path, and no import. Raises a BackendError
    when the environment prefers what is no backend.
    """
    if name != "auto":
        return BackendChoice(name)
    if preferred := os.environ.get(PREFERRED):
        return _preferred(preferred)
    from nettrain.backend.device import cupy_is_there
    from nettrain.backend.device import device as answering

    if not cupy_is_there():
        return BackendChoice("numpy", "cupy is not installed")
    try:
        return BackendChoice("cupy", str(answering(device)))
    except BackendError as error:
        return BackendChoice("numpy", _in_brief(error))


def _preferred(name: str) -> BackendChoice:
    if name not in NAMES:
        raise BackendError(f'{PREFERRED}: unknown "{name}"{nearest(name, NAMES)}')
    return BackendChoice(name, f"{PREFERRED}={name}")


def _in_brief(error: BackendError) -> str:
    """What is missing; `nettrain info` and `--backend cupy` say what to do about it."""
    _key, _, told = str(error).partition(": ")
    return told.partition(": ")[0]


def open_backend(name: str, *, dtype: str, threads: int, device: int = 0, tf32: bool = False) -> Backend:
    """The backend of that name, with numbers in `dtype`; device and tf32 are for those that have one.

    Raises a BackendError when it is not there.
    """
    if name == "numpy":
        from nettrain.backend.numpy import NumpyBackend

        return NumpyBackend(dtype, threads)
    if name != "cupy":
        raise ValueError(f"no backend {name!r}")
    from nettrain.backend.device import device as answering

    answering(device)
    from nettrain.backend.cupy import CupyBackend

    return CupyBackend(dtype, threads, device, tf32)
