"""The fake CuPy has CuPy's rules, and where CuPy is installed also its names and arguments."""

import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests.fake_cupy.arrays import ndarray
from tests.fake_cupy.module import FUNCTIONS, UFUNCS, in_place_of_cupy, modules
from tests.fake_cupy.traffic import traffic

HOST = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def cupy() -> Iterator[Any]:
    with in_place_of_cupy() as fake:
        yield fake


def test_it_is_what_import_cupy_gives_and_goes_away_again() -> None:
    before = sys.modules.get("cupy")
    with in_place_of_cupy() as fake:
        import cupy
        from cupyx.scipy.special import ndtr

        assert cupy is fake
        assert ndtr(cupy.zeros(1)).get().tolist() == [0.5]
    assert sys.modules.get("cupy") is before


REFUSED: dict[str, Callable[[Any, Any], Any]] = {
    "becomes no NumPy array": lambda cupy, a: np.asarray(a),
    "no ufunc of NumPy": lambda cupy, a: np.exp(a),
    "no function of NumPy": lambda cupy, a: np.concatenate([a, a]),
    "no NumPy array beside it": lambda cupy, a: a + HOST,
    "nor in front of it": lambda cupy, a: HOST * a,
    "nor in a comparison": lambda cupy, a: a > HOST,
    "nor as an argument": lambda cupy, a: cupy.maximum(a, HOST),
    "nor as out": lambda cupy, a: cupy.exp(a, out=HOST.copy()),
    "nor in a condition": lambda cupy, a: cupy.where(HOST > 0, a, a),
    "no where": lambda cupy, a: cupy.add(a, a, where=a > 0),
    "no NumPy scalar that widens": lambda cupy, a: a * np.float64(2),
    "out is not narrowed across kinds": lambda cupy, a: cupy.add(a, a, out=cupy.zeros((2, 3), np.int32)),
    "take knows no mode": lambda cupy, a: cupy.take(a, cupy.zeros(1, int), mode="clip"),
    "rows of another type": lambda cupy, a: cupy.take(a, cupy.zeros(1, int), 0, cupy.zeros((1, 3))),
    "no list of arrays": lambda cupy, a: cupy.asarray([a, a]),
    "set wants the same type": lambda cupy, a: a.set(HOST.astype(np.float64)),
    "no errstate": lambda cupy, a: cupy.errstate,
    "no random numbers": lambda cupy, a: cupy.random,
}


@pytest.mark.parametrize("rule", REFUSED)
def test_what_is_refused(cupy: Any, rule: str) -> None:
    with pytest.raises((TypeError, ValueError, AttributeError)):
        REFUSED[rule](cupy, cupy.asarray(HOST))


def test_a_host_array_is_not_assigned(cupy: Any) -> None:
    a = cupy.zeros((2, 3), np.float32)
    with pytest.raises(ValueError, match="non-scalar"):
        a[:] = HOST
    a[:] = np.array(2.0)
    a[0] = cupy.asarray(HOST[:1])  # leading axes of length 1 do not count
    assert a.get().tolist() == [[0, 1, 2], [2, 2, 2]]


def test_asarray_copies(cupy: Any) -> None:
    host = HOST.copy()
    a = cupy.asarray(host)
    host[:] = 9
    assert a.get().tolist() == HOST.tolist()
    assert cupy.asarray(a).data.ptr == a.data.ptr


def test_numbers_keep_the_type_of_arrays(cupy: Any) -> None:
    a = cupy.asarray(HOST)
    for result in (a * 2.0, 1 - a, -a, a * np.float32(2), cupy.sqrt(a), a.sum(axis=0), a.mean(axis=1)):
        assert isinstance(result, ndarray)
        assert result.dtype == np.float32
    assert (a > 1).dtype == bool
    assert a.sum().shape == ()  # an array too


@pytest.mark.parametrize(
    "wait",
    [
        *(
            lambda a: float(a[0]),
            lambda a: int(a[0]),
            bool,
            lambda a: a.item(),
            lambda a: a.get(),
            lambda a: a.tolist(),
        ),
        *(lambda a: a[a > 0], lambda a: a[np.array([True])]),
    ],
)
def test_what_waits_is_counted(cupy: Any, wait: Callable[[Any], Any]) -> None:
    a = cupy.zeros(1)
    traffic.reset()
    wait(a)
    assert traffic.waits == 1
    cupy.asnumpy(a)
    cupy.cuda.get_current_stream().synchronize()
    assert traffic.waits == 3


def test_computing_waits_for_nothing(cupy: Any) -> None:
    a = cupy.asarray(HOST)
    traffic.reset()
    a += cupy.exp(a)
    a[1] = a[0]
    cupy.take(a, cupy.arange(1), axis=0, out=cupy.zeros((1, 3), np.float32))
    cupy.stack([a.max(axis=0), a.argmax(axis=0).astype(np.float32)])
    assert (traffic.waits, traffic.uploads) == (0, 0)
    a[np.array([1, 0])] = a[[0, 1]]  # indices of the host are handed over
    assert (traffic.waits, traffic.uploads) == (0, 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("transposed", [(False, False), (True, False), (False, True), (True, True)])
def test_products_on_addresses(cupy: Any, dtype: Any, transposed: tuple[bool, bool]) -> None:
    """The columns of an array are the rows of its transpose: what cuBLAS multiplies are b and a."""
    from cupy_backends.cuda.libs import cublas

    rng, (n, m, k) = np.random.default_rng(0), (3, 4, 5)
    a, b = (rng.random(shape).astype(dtype) for shape in ((2, n, m), (1, m, k)))
    expected = a @ b
    left, right = (
        cupy.asarray(x.swapaxes(1, 2).copy() if t else x) for x, t in zip((a, b), transposed, strict=True)
    )
    out, one, zero = cupy.empty((2, n, k), dtype), np.ones((), dtype), np.zeros((), dtype)
    multiply = cublas.sgemmStridedBatched if dtype == np.float32 else cublas.dgemmStridedBatched
    strides = [x.strides[1] // x.itemsize for x in (left, right)]
    sides = ((right.data.ptr, strides[1], 0), (left.data.ptr, strides[0], n * m))
    arguments = (
        int(transposed[1]),
        int(transposed[0]),
        k,
        n,
        m,
        one.ctypes.data,
        *sides[0],
        *sides[1],
        zero.ctypes.data,
    )
    multiply(1, *arguments, out.data.ptr, k, n * k, 2)
    np.testing.assert_allclose(out.get(), expected, rtol=1e-6)


def test_matrices_as_cublas_takes_them(cupy: Any) -> None:
    from nettrain.backend.cupy import PLAIN, TRANSPOSED, Operand, operand

    a = cupy.asarray(np.zeros((2, 4, 6)))
    address = a.data.ptr
    assert Operand(PLAIN, address, 6, 24) == operand(a)
    assert Operand(TRANSPOSED, address, 6, 24) == operand(a.swapaxes(1, 2))
    assert Operand(PLAIN, address, 6, 0) == operand(a[:1])
    assert Operand(PLAIN, address, 6, 24) == operand(a[:, :, ::6]), "a column"
    with pytest.raises(ValueError, match=r"no matrices for cuBLAS: shape \(2, 4, 3\), strides"):
        operand(a[:, :, ::2])


LIBRARIES = ("cupy.cuda.cublas", "cupy.cuda.nvrtc")  # a machine without a device may lack them


def test_cupy_itself_has_all_of_it() -> None:
    real = pytest.importorskip("cupy")
    for name, module in modules().items():
        if name.startswith("cupy.cuda") and name not in LIBRARIES:
            theirs = real.cuda
            for part in name.split(".")[2:]:
                theirs = getattr(theirs, part)
            ours = {own for own in vars(module) if own[0] != "_" and f"{name}.{own}" not in LIBRARIES}
            assert {own for own in ours if not hasattr(theirs, own)} == set()
    assert [name for name in UFUNCS if not isinstance(getattr(real, name), real.ufunc)] == []
    assert [name for name in vars(ndarray) if name[0] != "_" and not hasattr(real.ndarray, name)] == []
    for function in FUNCTIONS:
        ours, theirs = (
            inspect.signature(one).parameters for one in (function, getattr(real, function.__name__))
        )
        shared = [name for name in theirs if name in ours]
        assert list(ours) == shared, function.__name__
