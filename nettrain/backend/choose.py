"""From a backend's name to a backend."""

from dataclasses import dataclass

from nettrain.backend.base import Backend
from nettrain.errors import BackendError

NAMES = ("numpy", "cupy")
OWN_KEY = "backend.name: "  # what errors of a device begin with


@dataclass(frozen=True)
class Choice:
    """The backend that is taken, and why where it was left open."""

    name: str
    reason: str = ""


def chosen(name: str, device: int = 0) -> Choice:
    """What `auto` takes: CuPy when it imports and a device answers, otherwise NumPy; other names as they are.

    Where CuPy is not installed this costs a look into the import path, and no import.
    """
    if name != "auto":
        return Choice(name)
    from nettrain.backend.device import cupy_is_there
    from nettrain.backend.device import device as answering

    if not cupy_is_there():
        return Choice("numpy", "cupy is not installed")
    try:
        return Choice("cupy", str(answering(device)))
    except BackendError as error:
        return Choice("numpy", str(error).removeprefix(OWN_KEY))


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
