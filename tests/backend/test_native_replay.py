"""Calls in machine code: kernels, ufuncs, and what stays with Python."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from nettrain.backend import native_replay
from nettrain.backend.base import Array
from nettrain.backend.kernel import kernel, prange
from nettrain.backend.machine_call import SIZES
from nettrain.backend.native_replay import (
    SHARED_FROM,
    SHARES_PER_THREAD,
    NativeReplay,
    machine_calls,
    replayed,
)
from nettrain.backend.numpy import TAPE, NumpyBackend
from nettrain.backend.replay import PythonReplay, SideBySide, recorded_formula

RNG = np.random.default_rng(0)


@kernel
def add_number(out: Array, x: Array, number: int) -> None:
    """out (n,) = x (n,) + number."""
    for i in prange(out.size):
        out[i] = x[i] + number


def array(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return RNG.normal(size=shape).astype(dtype)


@pytest.mark.parametrize("times", [0, 1, 7])
def test_calls_are_made_in_order_and_as_often_as_said(times: int) -> None:
    backend, out, x = NumpyBackend("float64"), np.zeros(3), np.zeros(3)
    calls = [backend.launch(add_number, 3, out, x, 5), partial(np.multiply, out, 2.0, out=x)]
    replay = replayed(calls)
    assert isinstance(replay, NativeReplay)
    replay.repeat(times)
    assert x.tolist() == [10 * (2**times - 1)] * 3  # x ← 2·(x + 5)


OPERANDS = {
    "alike": ((3, 4, 5), (3, 4, 5)),
    "a number of each member": ((3, 4, 5), (3, 1, 1)),
    "one for all members": ((1, 4, 5), (3, 4, 5)),
    "a single member": ((1, 4, 5), (1, 1, 1)),
    "one axis": ((7,), (7,)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("ufunc", [np.add, np.subtract, np.divide, np.maximum, np.logaddexp])
@pytest.mark.parametrize("operands", OPERANDS)
def test_ufuncs_of_two_operands(operands: str, ufunc: np.ufunc, dtype: Any) -> None:
    a, b = (array(*shape, dtype=dtype) for shape in OPERANDS[operands])
    out = np.zeros(np.broadcast_shapes(a.shape, b.shape), dtype)
    replay = replayed([partial(ufunc, a, b, out=out)])
    assert isinstance(replay, NativeReplay)
    replay()
    assert out.tobytes() == ufunc(a, b).tobytes()


@pytest.mark.parametrize("size", [1, 3, 16, 17, 1000])
@pytest.mark.parametrize("ufunc", [np.tanh, np.exp, np.expm1, np.log1p, np.absolute, np.negative])
def test_ufuncs_of_one_operand(ufunc: np.ufunc, size: int) -> None:
    x, out = np.abs(array(2, size, 3)), np.zeros((2, size, 3), np.float32)
    replayed([partial(ufunc, x, out=out)])()
    assert out.tobytes() == ufunc(x).tobytes()


def test_copies_in_place_and_numbers() -> None:
    x, out = array(2, 3, 4), np.zeros((2, 3, 4), np.float32)
    wanted = 1 - x
    replayed([partial(np.copyto, out, x), partial(np.subtract, 1.0, out, out=out)])()
    assert out.tobytes() == wanted.tobytes()


SQUARE = array(2, 4, 4)
LEFT_TO_PYTHON = {
    "gaps": partial(np.add, array(3, 8)[:, ::2], 1.0, out=array(3, 4)),
    "gaps in the result": partial(np.add, array(3, 4), 1.0, out=array(3, 8)[:, ::2]),
    "another dtype": partial(np.add, array(3, 4, dtype=np.float64), 1.0, out=array(3, 4)),
    "a number with a dtype": partial(np.add, array(3, 4), np.float64(1), out=array(3, 4)),
    "a row for each": partial(np.add, array(3, 4), array(4), out=array(3, 4)),
    "a condition": partial(np.add, array(3), array(3), out=array(3), where=np.ones(3, bool)),
    "a product of rows and columns with gaps": partial(
        np.matmul, array(2, 3, 8)[:, :, ::2], array(2, 4, 5), out=array(2, 3, 5)
    ),
    "a matrix times its transpose": partial(np.matmul, SQUARE, SQUARE.transpose(0, 2, 1), out=array(2, 4, 4)),
    "a closure": lambda: None,
    "a closure among others": SideBySide([partial(np.add, array(3), 1.0, out=array(3)), lambda: None]),
}


@pytest.mark.parametrize("what", LEFT_TO_PYTHON)
def test_what_is_left_to_python(what: str) -> None:
    assert machine_calls(LEFT_TO_PYTHON[what]) is None


def test_threads_share_out_a_kernel_with_enough_to_do() -> None:
    groups = {
        (work, threads): machine_calls(
            NumpyBackend().launch(add_number, work, array(9), array(9), 1), threads
        )
        for work in (SHARED_FROM - 1, SHARED_FROM)
        for threads in (1, 2, 3)
    }
    sizes = {key: [len(group) for group in found or ()] for key, found in groups.items()}
    shared = {(SHARED_FROM, n): [n * SHARES_PER_THREAD] for n in (2, 3)}
    assert sizes == {**{key: [1] for key in sizes}, **shared}


def test_shares_are_made_side_by_side_where_they_are_alike() -> None:
    def share(calls: int) -> PythonReplay:
        return PythonReplay([partial(np.add, array(3), 1.0, out=array(3))] * calls)

    alike, different = (machine_calls(SideBySide([share(n) for n in sizes])) for sizes in ([2, 2, 2], [1, 2]))
    assert [[len(one) for one in group] for group in alike or ()] == [[2, 2, 2]]
    assert [[len(one) for one in group] for group in different or ()] == [[3]]


def test_a_kernel_without_source_is_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(body: object) -> None:
        raise OSError("could not get source code")

    bound = NumpyBackend().launch(kernel(add_number.body), SHARED_FROM, array(9), array(9), 1)
    monkeypatch.setattr("nettrain.backend.kernel.shared_body", fail)
    assert [len(group) for group in machine_calls(bound, 2) or ()] == [1]


def test_python_makes_the_calls_between_those_in_machine_code() -> None:
    x, seen = np.zeros(2), []
    one = partial(np.add, x, 1.0, out=x)
    inside = PythonReplay([one, lambda: seen.append(x.tolist())])
    replay = replayed([one, inside, one, one])
    assert isinstance(replay, PythonReplay)
    replay.repeat(2)
    assert (seen, x.tolist()) == ([[2, 2], [6, 6]], [8, 8])
    assert [type(call) is NativeReplay for call in replay.calls] == [True, False, True]


def test_a_kernel_of_too_many_arguments_is_left_to_python() -> None:
    many = NumpyBackend("float64").launch(add_number, 3, np.zeros(3), np.zeros(3), 5)
    assert machine_calls(many) is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native_replay, "SIZES", SIZES[:1])
        assert machine_calls(many) is None


def test_a_formula_that_needs_results_of_its_own_stays_a_call() -> None:
    x, out = array(2, 3, 4), np.zeros((2, 3, 4), np.float32)

    def formula(xp: Any, x: Array, out: Array) -> None:
        xp.subtract(x, xp.max(x, axis=-1, keepdims=True), out=out)

    call = recorded_formula(formula, x, out)
    assert isinstance(call, partial)
    call()
    assert out.tobytes() == (x - x.max(axis=-1, keepdims=True)).tobytes()


def test_the_environment_can_ask_for_python(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.zeros(2)
    monkeypatch.setenv(TAPE, "python")
    assert isinstance(NumpyBackend().capture([partial(np.add, x, 1.0, out=x)]), PythonReplay)


def test_python_runs_the_tape_where_machine_code_cannot_be_called(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(calls: object, threads: int) -> None:
        raise AttributeError("no such thing\nin this version")

    x, backend = np.zeros(2), NumpyBackend()
    monkeypatch.setattr(native_replay, "replayed", fail)
    backend.capture([partial(np.add, x, 1.0, out=x)])()
    backend.capture([partial(np.add, x, 1.0, out=x)])()
    assert (x.tolist(), backend.notes) == ([2, 2], ["tapes are run by Python: AttributeError: no such thing"])
