"""Calls that Python makes in order, again and again."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from nettrain.backend.base import Array, Call


class PythonReplay:
    """Calls that Python makes in order."""

    def __init__(self, calls: Iterable[Call]) -> None:
        self.calls = tuple(calls)

    def __call__(self) -> None:
        for call in self.calls:
            call()

    def repeat(self, times: int) -> None:
        """Make all calls so many times."""
        for _ in range(times):
            self()


class SideBySide(PythonReplay):
    """Calls that may be made at the same time: none reads or writes what another writes."""


def recorded_formula(function: Callable[..., None], *arrays: Array) -> Call:
    """function(np, *arrays) as calls of NumPy's functions, if it makes no others than with an `out`."""
    recorder = _Recorder()
    try:
        function(recorder, *(array.view(_Placeholder) for array in arrays))
    except TypeError:  # it needs a result that is not in an array of the tape
        return partial(function, np, *arrays)
    return PythonReplay(recorder.calls)


class _Recorder:
    """In the place of NumPy: its functions note that they were called."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        function = getattr(np, name)

        def note(*operands: Any, out: Array) -> None:
            self.calls.append(partial(function, *map(_plain, operands), out=_plain(out)))

        return note


class _Placeholder(np.ndarray[Any, Any]):
    """An array while a formula is recorded: its numbers are not there yet, so that nothing may read them."""

    def __array_ufunc__(self, *args: object, **kwargs: object) -> object:
        raise TypeError("a formula computes with functions of xp that have an `out`")

    def __array_function__(self, *args: object, **kwargs: object) -> object:
        raise TypeError("a formula computes with functions of xp that have an `out`")

    def __setitem__(self, *args: object) -> None:
        raise TypeError("a formula writes by `out`")

    def copy(self, *args: object, **kwargs: object) -> "_Placeholder":
        raise TypeError("there is nothing to copy yet")

    astype = argmax = argmin = take = copy  # type: ignore[assignment]


def _plain(operand: Any) -> Any:
    """The array itself, or a number."""
    return operand.view(np.ndarray) if isinstance(operand, _Placeholder) else operand
