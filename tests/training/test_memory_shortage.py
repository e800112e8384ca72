"""When a device has not enough memory, the error says how much, and what to lower."""

import contextlib
import sys
from types import ModuleType, SimpleNamespace

import pytest

from nettrain.errors import DeviceMemoryError
from nettrain.training.diagnostics.memory_shortage import explained_shortage
from tests.trained import IRIS, experiment

TEXT = "Out of memory allocating 20,480,000,000 bytes (allocated so far: 512 bytes)."
OutOfMemory = type("OutOfMemoryError", (MemoryError,), {"__module__": "cupy.cuda.memory"})


@pytest.fixture(autouse=True)
def cupy(monkeypatch):
    """A CuPy that reports free memory."""
    module = ModuleType("cupy")
    runtime = SimpleNamespace(memGetInfo=lambda: (1_500_000_000, 16_000_000_000))
    module.cuda = SimpleNamespace(runtime=runtime, Device=lambda n: contextlib.nullcontext())
    module.get_default_memory_pool = lambda: SimpleNamespace(free_bytes=lambda: 0)
    monkeypatch.setitem(sys.modules, "cupy", module)


BEGINS = "backend.device 0: 20.5 GB asked for, 1.5 GB of 16.0 GB free; lower"
LOWER = [
    ([], "training.batch_size (16)"),
    (["training.batch_size=full"], "training.batch_size (full)"),
    (["training.ensemble=8"], "training.batch_size (16) or training.ensemble (8)"),
    (["training.repeat=3", "training.batch_size=1"], "training.repeat (3)"),
    (["backend.dtype=float64"], "training.batch_size (16) or backend.dtype (float32)"),
    (["training.batch_size=1"], "model.hidden"),
]


@pytest.mark.parametrize(("overrides", "lower"), LOWER, ids=str)
def test_settings_to_lower(overrides, lower):
    with pytest.raises(DeviceMemoryError) as caught, explained_shortage(experiment(IRIS, *overrides)):
        raise OutOfMemory(TEXT)
    assert (4, f"{BEGINS} {lower}") == (caught.value.code, str(caught.value))


def test_explained_errors_and_other_errors_stay_as_they_are():
    for error in (DeviceMemoryError("explained"), MemoryError("of the host"), ValueError("?")):
        with pytest.raises(type(error)) as caught, explained_shortage(experiment(IRIS)):
            raise error
        assert error is caught.value
