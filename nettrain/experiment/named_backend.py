"""The backend that a resolved experiment names."""

from nettrain.backend.base import Backend
from nettrain.backend.choose import open_backend
from nettrain.experiment.settings import BackendSettings


def named_backend(settings: BackendSettings, kernel_threads: int = 0) -> Backend:
    """Open the backend of a resolved experiment. Raises BackendError when it is not available.

    On a host its kernels have `kernel_threads`, where these are more than the threads of the experiment.
    """
    return open_backend(
        settings.name,
        dtype=settings.dtype,
        threads=int(settings.threads),
        device=settings.device,
        tf32=settings.tf32,
        kernel_threads=kernel_threads,
    )
