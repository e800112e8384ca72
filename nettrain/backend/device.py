"""What GPU there is, or why there is none, asked of CuPy; without CuPy nothing is imported.

Nothing here allocates on a device. An error is a key, in a few words what is missing, and after another colon
the rest: why, and what to install.
"""

import re
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from nettrain.errors import (
    BackendError,
    CudaLibraryError,
    DeviceMemoryError,
    NoCupyError,
    NoDeviceError,
    NoDriverError,
    OtherCudaError,
    SeveralCupysError,
)

PACKAGES = ("cupy", "cupy-cuda11x", "cupy-cuda12x", "cupy-cuda13x")  # each brings all of `cupy`
INSTALL = "pip install 'nettrain[cuda13]', or 'nettrain[cuda12]' for a driver before 580"
KERNEL_MODULE = "/proc/driver/nvidia/version"
NO_DEVICE, NO_DRIVER = "cudaErrorNoDevice", "cudaErrorInsufficientDriver"
ASKED = re.compile(r"allocating ([\d,]+) bytes")
SHORT = ("cudaErrorMemoryAllocation", "CUDA_ERROR_OUT_OF_MEMORY", "STATUS_ALLOC_FAILED")


@dataclass(frozen=True)
class Device:
    """A GPU that answers."""

    number: int
    name: str
    compute_capability: str

    def __str__(self) -> str:
        return f"device {self.number}, {self.name}"


@dataclass(frozen=True)
class Gpu:
    """All that is told of a GPU; memory in bytes, versions as they are usually written."""

    device: int
    name: str
    compute_capability: str
    memory_free: int
    memory_total: int
    driver: str | None
    driver_cuda: str
    cuda_runtime: str
    cublas: str
    cupy: str


def cupy_is_there() -> bool:
    """Whether `import cupy` would find something; a folder of that name alone is not CuPy."""
    if "cupy" in sys.modules:
        return sys.modules["cupy"] is not None
    found = find_spec("cupy")
    return found is not None and found.origin is not None


def device(number: int = 0) -> Device:
    """That device, when all that a run needs is there. Raises a BackendError that says what is not."""
    cupy = _cupy()
    count = _count(cupy)
    if number >= count:
        there = "0 alone" if count == 1 else f"0 to {count - 1}"
        raise NoDeviceError(f"backend.device: no device {number}: this machine has {there}")
    _find_libraries(cupy)
    facts = cupy.cuda.runtime.getDeviceProperties(number)
    name, capability = facts["name"].decode(), f"{facts['major']}.{facts['minor']}"
    return Device(number, name, capability)


def devices() -> int:
    """How many devices there are. Raises a BackendError when there is none."""
    return _count(_cupy())


def gpu(number: int) -> Gpu:
    """All about a device. Raises a BackendError when it cannot be used."""
    found, cupy = device(number), _cupy()
    runtime = cupy.cuda.runtime
    free, total = memory(number)
    with cupy.cuda.Device(number):
        cublas = cupy.cuda.cublas.getVersion(cupy.cuda.device.get_cublas_handle())
    return Gpu(
        device=number,
        name=found.name,
        compute_capability=found.compute_capability,
        memory_free=free,
        memory_total=total,
        driver=_driver(),
        driver_cuda=_version(runtime.driverGetVersion()),
        cuda_runtime=_version(runtime.runtimeGetVersion()),
        cublas=f"{cublas // 10000}.{cublas // 100 % 100}.{cublas % 100}",
        cupy=str(cupy.__version__),
    )


def memory(number: int) -> tuple[int, int]:
    """Bytes of a device that are free, and all of them; blocks that CuPy keeps for later are free."""
    cupy = _cupy()
    with cupy.cuda.Device(number):
        free, total = cupy.cuda.runtime.memGetInfo()
        return int(free) + int(cupy.get_default_memory_pool().free_bytes()), int(total)


def room(number: int) -> int:
    """Bytes that may be taken on a device: what is free, within the limit of CuPy's memory pool."""
    cupy, (free, _) = _cupy(), memory(number)
    with cupy.cuda.Device(number):
        pool = cupy.get_default_memory_pool()
        limit = int(pool.get_limit())  # set by CUPY_GPU_MEMORY_LIMIT, or by set_limit
        return min(free, limit - int(pool.used_bytes())) if limit else free


def is_shortage(error: BaseException) -> bool:
    """Whether this error of CuPy, CUDA or cuBLAS says that a device has no memory left."""
    kind = type(error)
    if isinstance(error, DeviceMemoryError):
        return True
    if not kind.__module__.startswith(("cupy", "nvmath", "cuda")):
        return False
    return isinstance(error, MemoryError) or any(word in str(error) for word in SHORT)


def shortage(error: BaseException, number: int) -> str:
    """A shortage in words: how much was asked for, and how much is free."""
    found = ASKED.search(str(error))
    asked = f"{in_words(int(found[1].replace(',', '')))} asked for" if found else "no memory left"
    free, total = memory(number)
    return f"device {number}: {asked}, {in_words(free)} of {in_words(total)} free"


def in_words(size: int) -> str:
    """Bytes: 512 B, 1.5 MB, 141 GB."""
    value, units = float(size), iter(("B", "kB", "MB", "GB"))
    unit = next(units)
    while value >= 999.5 and (larger := next(units, None)):
        value, unit = value / 1000, larger
    return f"{value:.{1 if value < 99.95 and unit != 'B' else 0}f} {unit}"


def _cupy() -> Any:
    """The module. Raises a BackendError when it cannot be had."""
    if not cupy_is_there():
        raise NoCupyError(f"backend.name: cupy is not installed: {INSTALL}")
    several = _installed()
    if len(several) > 1:
        raise SeveralCupysError(
            f"backend.name: two packages bring cupy: {' and '.join(several)}, one spoils the other:"
            f" pip uninstall {' '.join(several)}, then {INSTALL}"
        )
    try:
        import cupy
    except Exception as error:  # whatever CuPy's import meets
        reason = _reason(error)
        if "libcuda.so" in reason:
            raise NoDriverError(_no_driver("cupy")) from error
        raise NoCupyError(f"backend.name: cupy cannot be imported: {reason}") from error
    return cupy


def _installed() -> list[str]:
    """The packages that bring `cupy`."""
    from importlib.metadata import PackageNotFoundError, distribution

    found = []
    for name in PACKAGES:
        try:
            distribution(name)
        except PackageNotFoundError:
            continue
        found.append(name)
    return found


def _reason(error: Exception) -> str:
    """The last telling line of a message; CuPy frames the cause of a failed import in many."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip(" =-")]
    return lines[-1] if lines else type(error).__name__


def _count(cupy: Any) -> int:
    """How many devices there are, at least one. Raises what keeps them away."""
    runtime, count = cupy.cuda.runtime, 0
    try:
        count = int(runtime.getDeviceCount())
    except Exception as error:  # a CUDARuntimeError, whose text begins with CUDA's name of it
        if str(error).startswith(NO_DRIVER):
            raise _old_driver(cupy) from error
        if not str(error).startswith(NO_DEVICE):
            raise BackendError(f"backend.name: cupy meets an error of CUDA: {_reason(error)}") from error
    if not count:
        why = "the driver answers, but shows none (is CUDA_VISIBLE_DEVICES set?)"
        raise NoDeviceError(f"backend.name: cupy finds no device: {why}")
    return count


def _old_driver(cupy: Any) -> BackendError:
    """CUDA has one error for no driver and for one that is too old; the driver's version tells them apart."""
    offers, built = (int(version()) for version in (cupy.cuda.runtime.driverGetVersion, _built_for(cupy)))
    if not offers:
        return NoDriverError(_no_driver(f"cupy {cupy.__version__}"))
    instead = "a newer driver"
    if offers // 1000 == 12 and built // 1000 > 12:
        wrong = " ".join(_installed()) or "cupy"
        instead += f", or pip uninstall {wrong} and pip install 'nettrain[cuda12]'"
    return OtherCudaError(
        f"backend.name: the driver is too old for this cupy: it offers CUDA {_version(offers)},"
        f" cupy is built for {_version(built)}: install {instead}"
    )


def _built_for(cupy: Any) -> Any:
    return cupy.cuda.runtime.runtimeGetVersion


def _no_driver(which: str) -> str:
    driver = "a driver of NVIDIA (from 580 on for CUDA 13, from 525 on for CUDA 12)"
    return f"backend.name: {which} finds no driver: install {driver}, or use numpy"


def _find_libraries(cupy: Any) -> None:
    """Load what every run needs. Raises CudaLibraryError for what is not there."""
    wanted = {
        "cuBLAS": lambda: cupy.cuda.cublas,
        "NVRTC": cupy.cuda.nvrtc.getVersion,
    }
    for library, load in wanted.items():
        try:
            load()
        except Exception as error:  # an ImportError, or one of cuda.pathfinder
            major = int(cupy.cuda.runtime.runtimeGetVersion()) // 1000
            raise CudaLibraryError(
                f"backend.name: cupy finds no {library}: pip install 'nettrain[cuda{major}]'"
                f" brings it ({_reason(error)})"
            ) from error


def _driver() -> str | None:
    """The release of the driver, such as 580.65.06, where Linux tells it."""
    try:
        with open(KERNEL_MODULE) as f:
            found = re.search(r"\s(\d+\.\d+(\.\d+)?)\s", f.readline())
    except OSError:
        return None
    return found[1] if found else None


def _version(number: int) -> str:
    """CUDA's 13020 as 13.2."""
    return f"{number // 1000}.{number % 1000 // 10}"
