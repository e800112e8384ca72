"""From a backend's name to a backend."""

from nettrain.backend.base import Backend


def open_backend(name: str, *, dtype: str, threads: int) -> Backend:
    """The backend of that name; numbers are kept in `dtype`."""
    from nettrain.backend.numpy import NumpyBackend

    if name != NumpyBackend.name:
        raise ValueError(f"no backend {name!r}")
    return NumpyBackend(dtype, threads)
