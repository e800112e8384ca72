"""The NumPy backend and its kernels."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import nettrain.backend
from nettrain.backend.base import Array, Backend
from nettrain.backend.choose import open_backend
from nettrain.backend.kernel import kernel, prange
from nettrain.backend.native_replay import SHARED_FROM
from nettrain.backend.numpy import NumpyBackend


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
    backend.gather(np.asfortranarray(table[:, ::2]), np.array([2, 0]), out[0, :, :2])()
    assert out[0].tolist() == [[6, 8, 11], [0, 2, 2]]


def test_formulas_that_cannot_be_recorded_are_computed_anew() -> None:
    def by_a_copy(xp: Any, x: Array, y: Array) -> None:
        xp.copyto(y, 2 * x.copy())

    def by_an_item(xp: Any, x: Array, y: Array) -> None:
        y[:] = 2 * np.ones(3)
        xp.multiply(x, y, out=y)

    def by_a_function(xp: Any, x: Array, y: Array) -> None:
        xp.multiply(np.concatenate([x]), 2, out=y)

    for formula in (by_a_copy, by_an_item, by_a_function):
        x, y = np.arange(3.0), np.zeros(3)
        call = open_backend("numpy", dtype="float64", threads=1).formula(formula, x, y)
        assert y.tolist() == [0, 0, 0]
        for _ in range(2):
            x += 1
            call()
            assert y.tolist() == (2 * x).tolist()


@pytest.mark.parametrize(
    ("module", "note"),
    [("tiled_products", "all products go through the BLAS"), ("native_replay", "tapes are run by Python")],
)
def test_another_version_of_numba_may_not_have_what_machine_code_needs(
    module: str, note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(nettrain.backend, module, raising=False)
    monkeypatch.setitem(sys.modules, f"nettrain.backend.{module}", None)
    backend = open_backend("numpy", dtype="float64", threads=1)
    (told,) = backend.notes
    assert told.startswith(f"{note}: ModuleNotFoundError: ")
    assert_product(backend)


def test_squares_that_cannot_be_transposed_by_machine_code() -> None:
    class Unbuilt:
        def bind(self, work: int, arrays: tuple[Array, ...]) -> None:
            raise RuntimeError("LLVM ERROR\nmore of it")

    backend = NumpyBackend("float64")
    backend._tiles = cast(ModuleType, SimpleNamespace(transpose_squares=Unbuilt()))
    out, w = backend.zeros((2, 3, 2)), np.arange(14.0).reshape(2, 7)
    backend.transpose(out, w, 1)()
    np.testing.assert_array_equal(w[:, 1:].reshape(2, 2, 3).swapaxes(1, 2), out)
    assert ["all products go through the BLAS: RuntimeError: LLVM ERROR"] == backend.notes
    assert_product(backend)


def assert_product(backend: Backend) -> None:
    a, b, out = np.ones((1, 2, 3)), np.arange(12.0).reshape(1, 3, 4), np.zeros((1, 2, 4))
    backend.capture([backend.product(a, b, out)])()
    np.testing.assert_array_equal(a @ b, out)


def test_a_backend_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="no backend 'tpu'"):
        open_backend("tpu", dtype="float32", threads=1)
