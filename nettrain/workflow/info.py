"""The installation, and the backend that `auto` would choose."""

from dataclasses import dataclass

from nettrain.backend.choose import choose_backend
from nettrain.backend.device import Gpu, count_devices, describe_gpu
from nettrain.errors import BackendError
from nettrain.experiment.threads import available_cores
from nettrain.training.diagnostics.environment import environment, versions


@dataclass(frozen=True)
class Installation:
    """Versions, processors and GPUs; `no_gpu` says why no GPU can be used."""

    nettrain: str
    python: str
    numpy: str
    backend: str
    device: str
    blas: str
    libraries: dict[str, str]
    processors: int
    gpus: tuple[Gpu, ...]
    no_gpu: str | None
    backend_reason: str  # why `auto` chooses this backend


def installation() -> Installation:
    """The installation on this machine. Raises BackendError when the environment names an unknown backend."""
    choice = choose_backend("auto")
    gpus, no_gpu = available_gpus()
    facts = environment(available_cores(), choice.name if gpus else "numpy")
    return Installation(
        nettrain=facts["nettrain"],
        python=facts["python"],
        numpy=facts["numpy"],
        backend=choice.name,
        device=facts["device"],
        blas=facts["blas"],
        libraries=versions(),
        processors=facts["threads"],
        gpus=gpus,
        no_gpu=no_gpu,
        backend_reason=choice.reason,
    )


def available_gpus() -> tuple[tuple[Gpu, ...], str | None]:
    """Every GPU; or, when none can be used, the reason."""
    try:
        return tuple(describe_gpu(number) for number in range(count_devices())), None
    except BackendError as error:
        return (), str(error).removeprefix("backend.name: ")
