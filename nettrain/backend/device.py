"""Which GPU can be used, or why none can, according to CuPy; without CuPy nothing is imported.

Nothing here allocates memory on a device. An error message has three parts with colons between them: a key,
what is missing in a few words, and the rest: why, and what to install.
"""

import re
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from types import ModuleType
from typing import cast

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
REQUESTED = re.compile(r"allocating ([\d,]+) bytes")
SHORT = ("cudaErrorMemoryAllocation", "CUDA_ERROR_OUT_OF_MEMORY", "STATUS_ALLOC_FAILED")


@dataclass(frozen=True)
class Device:
    """A GPU that can be used."""

    number: int
    name: str
    compute_capability: str

    def __str__(self) -> str:
        return f"device {self.number}, {self.name}"


@dataclass(frozen=True)
class Gpu:
    """What `nettrain info` reports of a GPU; memory in bytes, versions as they are usually written."""

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


def cupy_is_installed() -> bool:
    """Whether `import cupy` would find a package; a mere folder of that name is not CuPy."""
    if "cupy" in sys.modules:
        return sys.modules["cupy"] is not None
    spec = find_spec("cupy")
    return spec is not None and spec.origin is not None


def find_device(number: int = 0) -> Device:
    """That device, after a check for all that a run needs. Raises a BackendError for what is missing."""
    cupy = _import_cupy()
    count = _count(cupy)
    if number >= count:
        there = "0 alone" if count == 1 else f"0 to {count - 1}"
        raise NoDeviceError(f"backend.device: no device {number}: this machine has {there}")
    _load_libraries(cupy)
    properties = cupy.cuda.runtime.getDeviceProperties(number)
    capability = f"{properties['major']}.{properties['minor']}"
    return Device(number, properties["name"].decode(), capability)


def count_devices() -> int:
    """How many devices there are. Raises a BackendError when there is none."""
    return _count(_import_cupy())


def describe_gpu(number: int) -> Gpu:
    """Name, memory and versions of a device. Raises a BackendError when it cannot be used."""
    device, cupy = find_device(number), _import_cupy()
    runtime = cupy.cuda.runtime
    free, total = memory(number)
    with cupy.cuda.Device(number):
        cublas = cupy.cuda.cublas.getVersion(cupy.cuda.device.get_cublas_handle())
    return Gpu(
        device=number,
        name=device.name,
        compute_capability=device.compute_capability,
        memory_free=free,
        memory_total=total,
        driver=_driver_release(),
        driver_cuda=_version(runtime.driverGetVersion()),
        cuda_runtime=_version(runtime.runtimeGetVersion()),
        cublas=f"{cublas // 10000}.{cublas // 100 % 100}.{cublas % 100}",
        cupy=str(cupy.__version__),
    )


def memory(number: int) -> tuple[int, int]:
    """Free and total bytes of a device; blocks that CuPy keeps for later count as free."""
    cupy = _import_cupy()
    with cupy.cuda.Device(number):
        free, total = cupy.cuda.runtime.memGetInfo()
        return int(free) + int(cupy.get_default_memory_pool().free_bytes()), int(total)


def free_bytes(number: int) -> int:
    """Bytes that can be allocated on a device: what is free, within the limit of CuPy's memory pool."""
    cupy, (free, _) = _import_cupy(), memory(number)
    with cupy.cuda.Device(number):
        pool = cupy.get_default_memory_pool()
        limit = int(pool.get_limit())  # set by CUPY_GPU_MEMORY_LIMIT, or by set_limit
        return min(free, limit - int(pool.used_bytes())) if limit else free


def is_shortage(error: BaseException) -> bool:
    """Whether this error of CuPy, CUDA or cuBLAS means that a device has no memory left."""
    kind = type(error)
    if isinstance(error, DeviceMemoryError):
        return True
    if not kind.__module__.startswith(("cupy", "nvmath", "cuda")):
        return False
    return isinstance(error, MemoryError) or any(word in str(error) for word in SHORT)


def describe_shortage(error: BaseException, number: int) -> str:
    """A message about a shortage: how much was requested, and how much is free."""
    size = REQUESTED.search(str(error))
    asked = f"{format_bytes(int(size[1].replace(',', '')))} asked for" if size else "no memory left"
    free, total = memory(number)
    return f"device {number}: {asked}, {format_bytes(free)} of {format_bytes(total)} free"


def format_bytes(size: int) -> str:
    """Bytes: 512 B, 1.5 MB, 141 GB."""
    value, units = float(size), iter(("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB"))
    unit = next(units)
    while value >= 999.5 and (larger := next(units, None)):
        value, unit = value / 1000, larger
    return f"{value:.{1 if value < 99.95 and unit != 'B' else 0}f} {unit}"


def _import_cupy() -> ModuleType:
    """The module `cupy`. Raises a BackendError when it cannot be imported."""
    if not cupy_is_installed():
        raise NoCupyError(f"backend.name: cupy is not installed: {INSTALL}")
    packages = _installed_packages()
    if len(packages) > 1:
        raise SeveralCupysError(
            f"backend.name: two packages bring cupy: {' and '.join(packages)}, one spoils the other:"
            f" pip uninstall {' '.join(packages)}, then {INSTALL}"
        )
    try:
        import cupy
    except Exception as error:  # importing CuPy may fail in many ways
        reason = _reason(error)
        if "libcuda.so" in reason:
            raise NoDriverError(_no_driver("cupy")) from error
        raise NoCupyError(f"backend.name: cupy cannot be imported: {reason}") from error
    return cast(ModuleType, cupy)


def _installed_packages() -> list[str]:
    """The installed packages that contain `cupy`."""
    from importlib.metadata import PackageNotFoundError, distribution

    installed = []
    for name in PACKAGES:
        try:
            distribution(name)
        except PackageNotFoundError:
            continue
        installed.append(name)
    return installed


def _reason(error: Exception) -> str:
    """The last line of text in a message; CuPy puts a frame around the cause of a failed import."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip(" =-")]
    return lines[-1] if lines else type(error).__name__


def _count(cupy: ModuleType) -> int:
    """How many devices there are, at least one. Raises a BackendError with the reason if there is none."""
    runtime, count = cupy.cuda.runtime, 0
    try:
        count = int(runtime.getDeviceCount())
    except Exception as error:  # a CUDARuntimeError, whose text begins with CUDA's name for the error
        if str(error).startswith(NO_DRIVER):
            raise _old_driver(cupy) from error
        if not str(error).startswith(NO_DEVICE):
            raise BackendError(f"backend.name: cupy meets an error of CUDA: {_reason(error)}") from error
    if not count:
        why = "the driver answers, but shows none (is CUDA_VISIBLE_DEVICES set?)"
        raise NoDeviceError(f"backend.name: cupy finds no device: {why}")
    return count


def _old_driver(cupy: ModuleType) -> BackendError:
    """CUDA has one error for no driver and for one that is too old; a version of 0 means none."""
    runtime = cupy.cuda.runtime
    offers, built = int(runtime.driverGetVersion()), int(runtime.runtimeGetVersion())
    if not offers:
        return NoDriverError(_no_driver(f"cupy {cupy.__version__}"))
    instead = "a newer driver"
    if offers // 1000 == 12 and built // 1000 > 12:
        wrong = " ".join(_installed_packages()) or "cupy"
        instead += f", or pip uninstall {wrong} and pip install 'nettrain[cuda12]'"
    return OtherCudaError(
        f"backend.name: the driver is too old for this cupy: it offers CUDA {_version(offers)},"
        f" cupy is built for {_version(built)}: install {instead}"
    )


def _no_driver(which: str) -> str:
    driver = "a driver of NVIDIA (from 580 on for CUDA 13, from 525 on for CUDA 12)"
    return f"backend.name: {which} finds no driver: install {driver}, or use numpy"


def _load_libraries(cupy: ModuleType) -> None:
    """Load the libraries that every run needs. Raises a CudaLibraryError for a missing one."""
    loaders = {
        "cuBLAS": lambda: cupy.cuda.cublas,
        "NVRTC": cupy.cuda.nvrtc.getVersion,
    }
    for library, load in loaders.items():
        try:
            load()
        except Exception as error:  # an ImportError, or one of cuda.pathfinder
            major = int(cupy.cuda.runtime.runtimeGetVersion()) // 1000
            raise CudaLibraryError(
                f"backend.name: cupy finds no {library}: pip install 'nettrain[cuda{major}]'"
                f" brings it ({_reason(error)})"
            ) from error


def _driver_release() -> str | None:
    """The release of the driver, such as 580.65.06, where Linux reports it."""
    try:
        with open(KERNEL_MODULE) as f:
            release = re.search(r"\s(\d+\.\d+(\.\d+)?)\s", f.readline())
    except OSError:
        return None
    return release[1] if release else None


def _version(number: int) -> str:
    """CUDA's 13020 as 13.2."""
    return f"{number // 1000}.{number % 1000 // 10}"
