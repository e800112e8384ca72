"""What is installed, and what `auto` would compute with."""

from dataclasses import dataclass

from nettrain.backend.choose import choose_backend
from nettrain.backend.device import Gpu, count_devices, describe_gpu
from nettrain.errors import BackendError
from nettrain.experiment.threads import available_cores
from nettrain.training.diagnostics.environment import environment, versions


@dataclass(frozen=True)
class Installation:
    """Versions, processors and GPUs; `no_gpu` says why there is none to be used."""

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
    backend_reason: str  # why `auto` takes this backend


def installation() -> Installation:
    """What this machine has. Raises BackendError when the environment asks for an unknown backend."""
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
    """All about every GPU, and when none can be used, why."""
    try:
        return tuple(describe_gpu(number) for number in range(count_devices())), None
    except BackendError as error:
        return (), str(error).removeprefix("backend.name: ")
