"""The backend that a resolved experiment names."""

from nettrain.backend.base import Backend
from nettrain.backend.choose import open_backend
from nettrain.experiment.settings import BackendSettings


def named_backend(settings: BackendSettings, threads: int = 0) -> Backend:
    """Open the backend of a resolved experiment. Raises BackendError when it is not available.

    On a host it has `threads`, where these are more than those of the experiment.
    """
    return open_backend(
        settings.name,
        dtype=settings.dtype,
        threads=max(int(settings.threads), threads),
        device=settings.device,
        tf32=settings.tf32,
    )
