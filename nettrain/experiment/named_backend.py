"""The backend that a resolved experiment names."""

from nettrain.backend.base import Backend
from nettrain.backend.choose import open_backend
from nettrain.experiment.settings import BackendSettings


def named_backend(settings: BackendSettings) -> Backend:
    """Open the backend of a resolved experiment. Raises BackendError when it is not available."""
    return open_backend(
        settings.name,
        dtype=settings.dtype,
        threads=int(settings.threads),
        device=settings.device,
        tf32=settings.tf32,
    )
