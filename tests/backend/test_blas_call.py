"""Calls of the BLAS by address are those of numpy.matmul."""

import ctypes
from functools import partial

import numpy as np
import pytest

from nettrain.backend import blas_call
from nettrain.backend.blas_call import blas_calls
from nettrain.backend.machine_call import MachineCall
from nettrain.backend.native_replay import NativeReplay, replayed
from nettrain.backend.numpy import NumpyBackend
from nettrain.backend.worker_threads import worker_threads

RNG = np.random.default_rng(0)


def array(*shape, dtype="float32"):
    return RNG.normal(size=shape).astype(dtype)


def with_gaps(x):
    """The same numbers, in rows that have room behind them."""
    wide = np.zeros((*x.shape[:-1], x.shape[-1] + 3), x.dtype)
    wide[..., :-3] = x
    return wide[..., :-3]


def by_columns(x):
    return np.ascontiguousarray(x.transpose(0, 2, 1)).transpose(0, 2, 1)


LAYOUTS = {"rows": lambda x: x, "columns": by_columns, "gaps": with_gaps}
SHAPES = [(65, 70, 80), (2, 3, 2), (1, 70, 80), (65, 70, 1), (1, 2, 3)]


@pytest.fixture(autouse=True)
def one_thread():
    NumpyBackend()


def called(a, b, out):
    """numpy.matmul of these arrays, without NumPy."""
    replay = replayed([partial(np.matmul, a, b, out=out)])
    assert isinstance(replay, NativeReplay)
    replay()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("right", LAYOUTS)
@pytest.mark.parametrize("left", LAYOUTS)
def test_the_bits_are_those_of_numpy(left, right, shape, dtype):
    n, m, k = shape
    a, b = LAYOUTS[left](array(2, n, m, dtype=dtype)), LAYOUTS[right](array(1, m, k, dtype=dtype))
    out = np.zeros((2, n, k), dtype)
    called(a, b, out)
    assert out.tobytes() == np.matmul(a, b).tobytes()


def test_a_part_of_a_result_is_written_and_nothing_else():
    a, b, out = array(2, 40, 50), array(2, 50, 60), np.zeros((2, 100, 100), "float32")
    called(a, b, out[:, 10:50, 30:90])
    expected = np.zeros_like(out)
    expected[:, 10:50, 30:90] = a @ b
    assert out.tobytes() == expected.tobytes()


SQUARE = array(2, 4, 4)
LEFT_TO_NUMPY = {
    "gaps in rows and columns": (array(2, 6, 8)[:, ::2, ::2], array(2, 4, 5), (2, 3, 5)),
    "a product by its own transpose": (SQUARE, SQUARE.transpose(0, 2, 1), (2, 4, 4)),
    "a single product": (array(2, 3, 1), array(2, 1, 5), (2, 3, 5)),
    "a number": (array(2, 1, 6), array(2, 6, 1), (2, 1, 1)),
    "no rows": (array(2, 0, 6), array(2, 6, 3), (2, 0, 3)),
    "two dtypes": (array(2, 3, 4, dtype="float64"), array(2, 4, 5), (2, 3, 5)),
    "two axes": (array(3, 4), array(4, 5), (3, 5)),
    "a row from its end": (array(2, 1, 6)[..., ::-1], array(2, 6, 3), (2, 1, 3)),
    "numbers between others": (np.zeros((2, 3, 4), "float32, int16")["f0"], array(2, 4, 5), (2, 3, 5)),
    "whole numbers": (np.ones((2, 3, 4), int), np.ones((2, 4, 5), int), (2, 3, 5)),
}


@pytest.mark.parametrize("what", LEFT_TO_NUMPY)
def test_what_is_left_to_numpy(what):
    a, b, shape = LEFT_TO_NUMPY[what]
    assert blas_calls(a, b, np.zeros(shape, b.dtype)) is None


@pytest.mark.parametrize("missing", ["names", "libraries"])
def test_numpy_does_it_all_where_the_function_is_not_found(missing, monkeypatch):
    blas_call._function.cache_clear()
    if missing == "names":
        monkeypatch.setattr(blas_call, "NAMES", (("no_such_", "_function", 64),))
    else:
        monkeypatch.setattr(blas_call, "blas_files", list)
    a, b, out = array(1, 65, 70), array(1, 70, 80), np.zeros((1, 65, 80), "float32")
    assert blas_calls(a, b, out) is None
    NumpyBackend().capture([partial(np.matmul, a, b, out=out)])()
    assert out.tobytes() == np.matmul(a, b).tobytes()
    blas_call._function.cache_clear()


@pytest.mark.parametrize("bits", [32, 64])
def test_arguments_arrive_as_a_blas_has_them(bits):
    """A function in C with the arguments of gemm, which notes them."""
    whole, seen = {32: ctypes.c_int32, 64: ctypes.c_int64}[bits], []
    kinds = {"c": ctypes.c_int32, "i": whole, "p": ctypes.c_int64, "1": ctypes.c_double, "0": ctypes.c_double}
    pattern = blas_call.PATTERNS["gemm"]
    note = ctypes.CFUNCTYPE(None, *(kinds[letter] for letter in pattern))(lambda *given: seen.append(given))
    address = ctypes.cast(note, ctypes.c_void_p).value
    words = [address, *range(1, 13)]
    call = MachineCall(blas_call._caller(pattern, bits, "float64"), words, note)
    NativeReplay([], [[[call]]], worker_threads(1))()
    assert seen == [(1, 2, 3, 4, 5, 6, 1.0, 7, 8, 9, 10, 0.0, 11, 12)]
