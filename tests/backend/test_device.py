"""Messages when no GPU can be used: errors of CuPy and CUDA, summarized in one line.

The errors are those of CuPy 14.2, with the types, modules and texts that its wheels and NVIDIA's libraries have
on machines without a driver, device or library.
"""

import contextlib
import sys
from dataclasses import replace
from importlib import metadata
from types import ModuleType, SimpleNamespace

import pytest

from nettrain import errors
from nettrain.backend import device
from nettrain.backend.choose import PREFERRED, BackendChoice, choose_backend, open_backend

NO_DRIVER = "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version"
NO_DEVICE = "cudaErrorNoDevice: no CUDA-capable device is detected"
OLD_DRIVER = "backend.name: the driver is too old for this cupy"
NEED = "from 580 on for CUDA 13, from 525 on for CUDA 12"
INSTALL = "pip install 'nettrain[cuda13]', or 'nettrain[cuda12]' for a driver before 580"


def of_cupy(name, base=RuntimeError, module="cupy_backends.cuda.api.runtime"):
    """An exception class as CuPy has it."""
    return type(name, (base,), {"__module__": module})


CudaError = of_cupy("CUDARuntimeError")
OutOfMemory = of_cupy("OutOfMemoryError", MemoryError, "cupy.cuda.memory")


@pytest.fixture(autouse=True)
def auto(monkeypatch):
    """`auto` asks the machine, though the suite prefers NumPy."""
    monkeypatch.delenv(PREFERRED)


def raising(error):
    def call(*_):
        raise error

    return call


class Cuda(SimpleNamespace):
    """`cupy.cuda`, whose cuBLAS is loaded when it is asked for."""

    @property
    def cublas(self):
        if isinstance(self.library, Exception):
            raise self.library
        return self.library


@pytest.fixture
def cupy(monkeypatch):
    """A CuPy with one H200, and no package that brings it."""
    runtime = SimpleNamespace(
        getDeviceCount=lambda: 1,
        driverGetVersion=lambda: 13000,
        runtimeGetVersion=lambda: 13020,
        getDeviceProperties=lambda n: {"name": b"NVIDIA H200", "major": 9, "minor": 0},
        memGetInfo=lambda: (140_000_000_000, 150_000_000_000),
    )
    module = ModuleType("cupy")
    module.__version__ = "14.2.0"
    module.cuda = Cuda(
        runtime=runtime,
        library=SimpleNamespace(getVersion=lambda handle: 130102),
        nvrtc=SimpleNamespace(getVersion=lambda: (13, 2)),
        device=SimpleNamespace(get_cublas_handle=lambda: 7),
        Device=lambda n: contextlib.nullcontext(),
    )
    module.get_default_memory_pool = lambda: SimpleNamespace(free_bytes=lambda: 2_000_000_000)
    monkeypatch.setitem(sys.modules, "cupy", module)
    brought(monkeypatch)
    return module


def brought(monkeypatch, *packages):
    """Only these packages are installed."""

    def distribution(name):
        if name not in packages:
            raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", distribution)


def refused(kind, text, number=0):
    """A run on the device fails with this error, and `auto` gives the same reason."""
    with pytest.raises(errors.BackendError) as caught:
        open_backend("cupy", dtype="float32", threads=1, device=number)
    assert (kind, text, 4) == (type(caught.value), str(caught.value), caught.value.code)
    brief = text.split(": ")[1]
    assert BackendChoice("numpy", brief) == choose_backend("auto", number)
    assert len(brief) < 39  # a run's line about its backend then fits a terminal of 80


def test_a_device_that_answers_is_taken_and_named(cupy):
    assert BackendChoice("cupy", "device 0, NVIDIA H200") == choose_backend("auto")


def test_the_environment_may_prefer_a_backend(cupy, monkeypatch):
    monkeypatch.setenv(PREFERRED, "numpy")
    assert BackendChoice("numpy", "NETTRAIN_AUTO=numpy") == choose_backend("auto")
    assert BackendChoice("cupy") == choose_backend("cupy")
    monkeypatch.setenv(PREFERRED, "nunpy")
    with pytest.raises(errors.BackendError) as caught:
        choose_backend("auto")
    assert 'NETTRAIN_AUTO: unknown "nunpy", did you mean "numpy"?' == str(caught.value)


def test_what_is_reported_of_a_device(cupy, monkeypatch, tmp_path):
    text = (
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\nGCC version: 13\n"
    )
    (tmp_path / "version").write_text(text)
    monkeypatch.setattr(device, "KERNEL_MODULE", tmp_path / "version")
    expected = device.Gpu(
        device=0,
        name="NVIDIA H200",
        compute_capability="9.0",
        memory_free=142_000_000_000,
        memory_total=150_000_000_000,
        driver="580.65.06",
        driver_cuda="13.0",
        cuda_runtime="13.2",
        cublas="13.1.2",
        cupy="14.2.0",
    )
    assert expected == device.describe_gpu(0)
    monkeypatch.setattr(device, "KERNEL_MODULE", tmp_path / "elsewhere")
    assert replace(expected, driver=None) == device.describe_gpu(0)


def test_no_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(errors.NoCupyError, match="not installed") as caught:
        open_backend("cupy", dtype="float32", threads=1)
    assert f"backend.name: cupy is not installed: {INSTALL}" == str(caught.value)
    assert BackendChoice("numpy", "cupy is not installed") == choose_backend("auto")


def test_a_folder_of_that_name_is_not_cupy(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    (tmp_path / "cupy").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert not device.cupy_is_installed()


def test_a_cupy_that_does_not_import(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    rule = "=" * 64
    reason = "ImportError: libcudart.so.13: cannot open shared object file: No such file or directory"
    text = f"\n{rule}\nFailed to import CuPy.\n\nOriginal error:\n  {reason}\n{rule}\n"
    (tmp_path / "cupy.py").write_text(f"raise ImportError({text!r})")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    refused(errors.NoCupyError, f"backend.name: cupy cannot be imported: {reason}")


def test_a_cupy_that_does_not_import_without_a_driver(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    brought(monkeypatch)
    (tmp_path / "cupy.py").write_text("raise ImportError('libcuda.so.1: cannot open shared object file')")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    text = f"cupy finds no driver: install a driver of NVIDIA ({NEED}), or use numpy"
    refused(errors.NoDriverError, f"backend.name: {text}")


def test_no_driver(cupy):
    cupy.cuda.runtime.getDeviceCount = raising(CudaError(NO_DRIVER))
    cupy.cuda.runtime.driverGetVersion = lambda: 0
    text = f"cupy 14.2.0 finds no driver: install a driver of NVIDIA ({NEED}), or use numpy"
    refused(errors.NoDriverError, f"backend.name: {text}")


@pytest.mark.parametrize("count", [lambda: 0, raising(CudaError(NO_DEVICE))], ids=["zero", "error"])
def test_a_driver_without_device(cupy, count):
    cupy.cuda.runtime.getDeviceCount = count
    why = "the driver answers, but shows none (is CUDA_VISIBLE_DEVICES set?)"
    refused(errors.NoDeviceError, f"backend.name: cupy finds no device: {why}")


@pytest.mark.parametrize(("count", "there"), [(1, "0 alone"), (4, "0 to 3")])
def test_a_device_that_is_not_there(cupy, count, there):
    cupy.cuda.runtime.getDeviceCount = lambda: count
    refused(errors.NoDeviceError, f"backend.device: no device 5: this machine has {there}", number=5)


def test_a_driver_too_old_for_this_cupy(cupy, monkeypatch):
    cupy.cuda.runtime.getDeviceCount = raising(CudaError(NO_DRIVER))
    cupy.cuda.runtime.driverGetVersion = lambda: 12040
    brought(monkeypatch, "cupy-cuda13x")
    begins = f"{OLD_DRIVER}: it offers CUDA 12.4, cupy is built for 13.2: install a newer driver"
    instead = "or pip uninstall cupy-cuda13x and pip install 'nettrain[cuda12]'"
    refused(errors.OtherCudaError, f"{begins}, {instead}")


def test_a_driver_too_old_for_any_cupy(cupy):
    cupy.cuda.runtime.getDeviceCount = raising(CudaError(NO_DRIVER))
    cupy.cuda.runtime.driverGetVersion = lambda: 11080
    cupy.cuda.runtime.runtimeGetVersion = lambda: 12090
    begins = f"{OLD_DRIVER}: it offers CUDA 11.8, cupy is built for 12.9"
    refused(errors.OtherCudaError, f"{begins}: install a newer driver")


def test_two_packages_that_bring_cupy(cupy, monkeypatch):
    brought(monkeypatch, "cupy-cuda12x", "cupy-cuda13x")
    begins = "backend.name: two packages bring cupy: cupy-cuda12x and cupy-cuda13x, one spoils the other"
    text = f"{begins}: pip uninstall cupy-cuda12x cupy-cuda13x, then {INSTALL}"
    refused(errors.SeveralCupysError, text)


def test_a_library_that_is_missing(cupy):
    reason = "libcublas.so.13: cannot open shared object file: No such file or directory"
    cupy.cuda.library = ImportError(reason)
    expected = f"backend.name: cupy finds no cuBLAS: pip install 'nettrain[cuda13]' brings it ({reason})"
    refused(errors.CudaLibraryError, expected)
    cupy.cuda.library = None
    reason = 'Failure finding "libnvrtc.so.13": No such file: libnvrtc.so.13'
    lost = of_cupy("DynamicLibNotFoundError", module="cuda.pathfinder._dynamic_libs.load_dl_common")
    cupy.cuda.nvrtc.getVersion = raising(lost(f"{reason}\n"))
    expected = f"backend.name: cupy finds no NVRTC: pip install 'nettrain[cuda13]' brings it ({reason})"
    refused(errors.CudaLibraryError, expected)


def test_another_error_of_cuda_keeps_its_message(cupy):
    text = "cudaErrorSystemDriverMismatch: system has unsupported display driver / cuda driver combination"
    cupy.cuda.runtime.getDeviceCount = raising(CudaError(text))
    refused(errors.BackendError, f"backend.name: cupy meets an error of CUDA: {text}")


ALLOCATING = "Out of memory allocating 10,737,418,240 bytes (allocated so far: 3,221,225,472 bytes)."
SHORTAGES = [
    (OutOfMemory(ALLOCATING), "device 1: 10.7 GB asked for, 142 GB of 150 GB free"),
    (
        CudaError("cudaErrorMemoryAllocation: out of memory"),
        "device 1: no memory left, 142 GB of 150 GB free",
    ),
    (
        of_cupy("CUBLASError", module="cupy_backends.cuda.libs.cublas")("CUBLAS_STATUS_ALLOC_FAILED"),
        "device 1: no memory left, 142 GB of 150 GB free",
    ),
]


@pytest.mark.parametrize(("error", "text"), SHORTAGES, ids=lambda part: type(part).__name__)
def test_a_shortage_of_memory_is_recognized_and_described(cupy, error, text):
    assert (True, text) == (device.is_shortage(error), device.describe_shortage(error, 1))


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("of the host"),
        CudaError("cudaErrorIllegalAddress: an illegal memory access"),
        ValueError(),
    ],
)
def test_what_is_no_shortage_of_the_device(error):
    assert not device.is_shortage(error)


SIZES = {0: "0 B", 999: "999 B", 1000: "1.0 kB", 1_500_000: "1.5 MB", 999_600_000: "1.0 GB", 141e9: "141 GB"}


@pytest.mark.parametrize(("size", "text"), SIZES.items(), ids=str)
def test_sizes(size, text):
    assert text == device.format_bytes(int(size))
