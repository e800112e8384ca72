"""Which rows are put on a device and which stay on the host, and how those are reported."""

import numpy as np
import pytest

from nettrain.backend.device import free_bytes
from nettrain.backend.numpy import NumpyBackend
from nettrain.inference.dataset import Dataset, place_datasets
from nettrain.inference.predict import inputs_of
from tests.fake_cupy.arrays import ndarray
from tests.fake_cupy.backend import FakeCupyBackend
from tests.fake_cupy.module import in_place_of_cupy

STAY = "stay in host memory: they stream to the device"


def dataset(rows: int) -> Dataset:
    """Rows of 100 bytes."""
    x, y, weight = np.zeros((rows, 22), np.float32), np.zeros(rows, np.int64), np.ones(rows, np.float32)
    return Dataset(x, y, weight, True, y, weight)


SPLITS = {"train": 1000, "validation": 300, "test": 200}
STREAMING = {"train": 5000, "validation": 400, "test": 400}
FREE = {  # free bytes, and the splits that are then on the device; a sixteenth is not used
    "for all": (161_000, ["train", "validation", "test"]),
    "for one less": (159_000, ["train", "validation"]),
    "for the training rows": (110_000, ["train"]),
    "for the others": (106_000, ["validation", "test"]),
    "for the others beside a double buffer": (59_000, ["validation", "test"]),
    "for one of them beside a double buffer": (58_000, ["validation"]),
    "for the last": (29_000, ["test"]),
    "for none": (26_000, []),
}


@pytest.mark.parametrize("reserved", [0, 1 << 20])
@pytest.mark.parametrize("free", FREE)
def test_datasets_are_put_on_the_device_while_they_fit_training_rows_first(free: str, reserved: int) -> None:
    size, expected = FREE[free]
    datasets = {name: dataset(rows) for name, rows in SPLITS.items()}
    backend = FakeCupyBackend(room=size + reserved * 16 // 15)
    placed, notes = place_datasets(datasets, backend, reserved, STREAMING)
    assert expected == [name for name, one in placed.items() if one.prefetcher is None]
    for name, one in placed.items():
        on_device = name in expected
        assert isinstance(one.x, ndarray) is on_device
        assert one.prefetcher is (None if on_device else backend.prefetcher())
        assert (one.rows, one.nbytes) == (SPLITS[name], 100 * SPLITS[name])
    assert len(expected) + len(notes) == len(SPLITS)


def test_notes_name_the_rows_that_stay_on_the_host() -> None:
    _, notes = place_datasets(
        {name: dataset(rows) for name, rows in SPLITS.items()}, FakeCupyBackend(room=0), 0, STREAMING
    )
    sizes = {"training": "100 kB", "validation": "30.0 kB", "test": "20.0 kB"}
    assert notes == [f"the {split} rows, {size}, {STAY}" for split, size in sizes.items()]


def test_on_the_host_no_rows_are_copied() -> None:
    backend, one = NumpyBackend(), dataset(3)
    assert np.shares_memory(inputs_of(backend, one.x).x, one.x)
    assert place_datasets({"train": one}, backend, 0, STREAMING)[0]["train"].x is one.x


def test_free_bytes_are_within_the_limit_of_the_memory_pool() -> None:
    with in_place_of_cupy() as cupy:
        free = free_bytes(0)
        assert free == cupy.cuda.runtime.memGetInfo()[0]
        cupy.get_default_memory_pool().set_limit(12_345)
        assert free_bytes(0) == 12_345


@pytest.mark.parametrize(("free", "on_device"), [(4096, True), (4095, False)])
def test_rows_to_predict_take_up_to_half_of_the_available_memory(free: int, on_device: bool) -> None:
    x = np.ones((32, 15), np.float32)  # 1920 bytes, half of 15/16 of 4096
    backend = FakeCupyBackend(room=free)
    inputs = inputs_of(backend, x)
    assert (isinstance(inputs.x, ndarray), inputs.prefetcher is None) == (on_device, on_device)
    assert inputs.others == ()
