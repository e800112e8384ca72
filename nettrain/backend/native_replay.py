"""Tapes in machine code: what stands side by side on a tape and needs no interpreter, one loop runs.

Kernels, ufuncs and products through a BLAS become calls of their machine code; all else Python does in
between. Products in blocks, and kernels with much to do, become groups of calls, which threads share out. The
machine code is the same as Python would call, and so are the results, to the bit.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby

import numpy as np

from nettrain.backend.argument_words import call_words
from nettrain.backend.base import Array, Call, Replay
from nettrain.backend.blas_call import blas_calls
from nettrain.backend.kernel import BoundKernel
from nettrain.backend.machine_call import SIZES, CallTable, MachineCall
from nettrain.backend.replay import PythonReplay, SideBySide
from nettrain.backend.ufunc_loop import ufunc_calls
from nettrain.backend.worker_threads import WorkerThreads, worker_threads

SHARED_FROM = 32_768  # elements that a kernel visits; below, to share them costs more than it saves
SHARES_PER_THREAD = 2  # so that a thread which the system puts aside holds up little
Group = Sequence[Sequence[MachineCall]]  # shares that may be made at the same time, of equally many calls


class NativeReplay:
    """Calls that a compiled loop makes, group after group, with these threads."""

    def __init__(self, calls: Sequence[Call], groups: Sequence[Group], workers: WorkerThreads) -> None:
        self.calls = calls
        if workers.threads == 1:
            groups = [[[call for group in groups for share in group for call in share]]]
        table = CallTable([call for group in groups for share in group for call in share])
        sizes = np.array([(len(group), len(group[0])) for group in groups], np.int64).reshape(-1, 2)
        self.repeat = workers.function(table, sizes)  # of the number of times

    def __call__(self) -> None:
        self.repeat(1)


def replayed(calls: Iterable[Call], threads: int = 1) -> Replay:
    """These calls in order, as far as possible in machine code."""
    parts: list[Call] = []
    found = [(call, machine_calls(call, threads)) for call in flat(calls)]
    for is_native, some in groupby(found, key=lambda pair: pair[1] is not None):
        alike = list(some)
        own = [call for call, _ in alike]
        groups = [group for _, made in alike for group in made or ()]
        parts += [NativeReplay(own, groups, worker_threads(threads))] if is_native else own
    only = parts[0] if len(parts) == 1 else None
    return only if isinstance(only, NativeReplay) else PythonReplay(parts)


def flat(calls: Iterable[Call]) -> Iterator[Call]:
    """All calls, those of replays among them one by one."""
    for call in calls:
        if isinstance(call, PythonReplay | NativeReplay) and not isinstance(call, SideBySide):
            yield from flat(call.calls)
        else:
            yield call


def machine_calls(call: Call, threads: int = 1) -> list[Group] | None:
    """What a call does, as groups of calls of machine code; None for one that Python has to make."""
    if isinstance(call, SideBySide):
        return _side_by_side([_in_order(share) for share in call.calls])
    if isinstance(call, BoundKernel):
        return _kernel_calls(call, threads)
    if isinstance(call, partial) and isinstance(call.func, np.ufunc) and call.keywords.keys() == {"out"}:
        return _one_by_one(_ufunc_calls(call.func, call.args, call.keywords["out"]))
    if isinstance(call, partial) and call.func is np.copyto and not call.keywords:
        to, values = call.args
        return _one_by_one(ufunc_calls(np.positive, [values], to))
    return None


def _ufunc_calls(ufunc: np.ufunc, inputs: Sequence[Array], out: Array) -> list[MachineCall] | None:
    if ufunc is np.matmul:
        return blas_calls(inputs[0], inputs[1], out)
    return ufunc_calls(ufunc, inputs, out)


def _one_by_one(calls: list[MachineCall] | None) -> list[Group] | None:
    return None if calls is None else [[[call]] for call in calls]


def _in_order(call: Call) -> list[MachineCall] | None:
    """What a call does, as calls of one thread."""
    calls: list[MachineCall] = []
    for part in flat([call]):
        groups = machine_calls(part)
        if groups is None:
            return None
        calls += [one for group in groups for share in group for one in share]
    return calls


def _side_by_side(shares: Sequence[list[MachineCall] | None]) -> list[Group] | None:
    """A group of these shares, or of one where they are not alike."""
    found = [share for share in shares if share is not None]
    if len(found) < len(shares):
        return None
    alike = len({len(share) for share in found}) == 1
    return [found if alike else [[call for share in found for call in share]]]


def _kernel_calls(bound: BoundKernel, threads: int) -> list[Group] | None:
    words = call_words(bound.arrays)
    if len(words) + 2 > SIZES[-1]:
        return None
    if threads > 1 and bound.work >= SHARED_FROM:
        with suppress(OSError):  # the kernel's source is not at hand
            address, shares = bound.address_of_share(), SHARES_PER_THREAD * threads
            return [[[MachineCall(address, [*words, k, shares], bound)] for k in range(shares)]]
    return [[[MachineCall(bound.address(), words, bound)]]]
