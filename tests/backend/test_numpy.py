"""The NumPy backend and its kernels."""

import numpy as np
import pytest

from nettrain.backend.base import Array
from nettrain.backend.choose import open_backend
from nettrain.backend.kernel import kernel, prange
from nettrain.backend.native_replay import SHARED_FROM


@kernel
def scaled(out: Array, factor: Array) -> None:
    for i in prange(out.shape[0]):
        out[i] = np.sqrt(out[i]) * factor[0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arrays_are_aligned_zeros_of_the_runs_dtype(dtype: str) -> None:
    backend = open_backend("numpy", dtype=dtype, threads=1)
    for shape in ((3,), (1, 7), (2, 3, 5), (4, 1)):
        array = backend.zeros(shape)
        assert array.shape == shape
        assert array.dtype == dtype
        assert array.ctypes.data % 64 == 0
        assert not array.any()


def test_from_host_rounds_numbers_and_keeps_whole_ones() -> None:
    backend = open_backend("numpy", dtype="float32", threads=1)
    assert backend.from_host(np.array([1 / 3])).dtype == np.float32
    assert backend.from_host(np.array([3], np.int32)).dtype == np.int32


def test_serial_and_parallel_kernels_give_the_same_bits() -> None:
    values = np.random.default_rng(0).random(SHARED_FROM + 13)
    factor = np.array([1.7])
    serial, parallel = values.copy(), values.copy()
    one, two = (open_backend("numpy", dtype="float64", threads=n) for n in (1, 2))
    one.capture([one.launch(scaled, values.size, serial, factor)])()
    two.capture([two.launch(scaled, values.size, parallel, factor)])()
    assert serial.tobytes() == parallel.tobytes()
    np.testing.assert_allclose(serial, np.sqrt(values) * 1.7, rtol=1e-15)


def test_gather_takes_rows_for_every_order() -> None:
    backend = open_backend("numpy", dtype="float32", threads=1)
    table = backend.from_host(np.arange(12.0).reshape(4, 3))
    out = backend.zeros((2, 2, 3))
    backend.gather(table, np.array([[3, 0], [1, 1]]), out)()
    assert out.tolist() == [[[9, 10, 11], [0, 1, 2]], [[3, 4, 5], [3, 4, 5]]]


def test_a_backend_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="no backend 'tpu'"):
        open_backend("tpu", dtype="float32", threads=1)
