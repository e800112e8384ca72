"""Tapes in machine code: what stands side by side on a tape and needs no interpreter, one loop runs.

Kernels and ufuncs become calls of their machine code; all else, such as a product through a BLAS, Python does
in between. Kernels that are shared out among threads stay with Python too: they take long, and two threads
must not be in them at once, which the global interpreter lock sees to. The machine code is the same as
Python would call, and so are the results, to the bit.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby

import numpy as np

from nettrain.backend.argument_words import call_words
from nettrain.backend.base import Call, Replay
from nettrain.backend.kernel import BoundKernel
from nettrain.backend.machine_call import SIZES, MachineCall, MachineCalls
from nettrain.backend.replay import PythonReplay
from nettrain.backend.ufunc_loop import ufunc_calls


class NativeReplay:
    """Calls that a compiled loop makes in order."""

    def __init__(self, calls: Sequence[Call], machine: Iterable[MachineCall]) -> None:
        self.calls = calls
        self.repeat = MachineCalls(list(machine)).run

    def __call__(self) -> None:
        self.repeat(1)


def replayed(calls: Iterable[Call]) -> Replay:
    """These calls in order, as far as possible in machine code."""
    parts: list[Call] = []
    found = [(call, machine_calls(call)) for call in _flat(calls)]
    for is_native, group in groupby(found, key=lambda pair: pair[1] is not None):
        alike = list(group)
        own = [call for call, _ in alike]
        machine = [one for _, made in alike for one in made or ()]
        parts += [NativeReplay(own, machine)] if is_native else own
    only = parts[0] if len(parts) == 1 else None
    return only if isinstance(only, NativeReplay) else PythonReplay(parts)


def _flat(calls: Iterable[Call]) -> Iterator[Call]:
    """All calls, those of replays among them one by one."""
    for call in calls:
        if isinstance(call, PythonReplay | NativeReplay):
            yield from _flat(call.calls)
        else:
            yield call


def machine_calls(call: Call) -> list[MachineCall] | None:
    """What a call does, as calls of machine code; None for one that Python has to make."""
    if isinstance(call, BoundKernel):
        return _kernel_call(call)
    if isinstance(call, partial) and isinstance(call.func, np.ufunc) and call.keywords.keys() == {"out"}:
        return ufunc_calls(call.func, call.args, call.keywords["out"])
    if isinstance(call, partial) and call.func is np.copyto and not call.keywords:
        to, values = call.args
        return ufunc_calls(np.positive, [values], to)
    return None


def _kernel_call(bound: BoundKernel) -> list[MachineCall] | None:
    words = call_words(bound.arrays)
    if not bound.serial or len(words) > SIZES[-1]:
        return None
    return [MachineCall(bound.address(), words, bound)]
