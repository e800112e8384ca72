"""Calls that launch kernels, and how a list of calls gets by with fewer launches."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from nettrain.backend.base import Array, Call
from nettrain.backend.cuda.passes import KernelPass, Sums, fused, fused_with_sums
from nettrain.backend.cuda.program import Program

Compiled = Callable[..., object]  # of grid, block and arguments


class CallSequence:
    """Several calls as one, which runs them in order."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self.calls = tuple(calls)

    def __call__(self) -> None:
        for call in self.calls:
            call()


class PassLaunch:
    """A call that runs a pass; it is compiled when it is first run, for it may yet become part of another."""

    def __init__(self, what: KernelPass, compiled: Callable[[Program], Compiled]) -> None:
        self.what, self.compiled = what, compiled

    @cached_property
    def _bound(self) -> Call:
        function, (grid, block) = self.compiled(self.what.program), self.what.geometry
        parts = (part for argument in self.what.arguments for part in _parts(argument))
        arguments = (self.what.iterations, *parts)
        return lambda: function(grid, block, arguments)

    def __call__(self) -> None:
        self._bound()


class ColumnSums:
    """A call for sums of columns, which the launch before it may be able to compute as well."""

    def __init__(self, sums: Sums, alone: Call) -> None:
        self.sums, self.alone = sums, alone

    def __call__(self) -> None:
        self.alone()


def merge_launches(calls: Sequence[Call]) -> list[Call]:
    """Calls that do the same in the same order, with fewer launches."""
    merged: list[Call] = []
    for call in _flat(calls):
        both = _fused(merged[-1], call) if merged else None
        merged[len(merged) - (both is not None) :] = [both or call]
    return merged


def _flat(calls: Sequence[Call]) -> Iterator[Call]:
    for call in calls:
        if isinstance(call, CallSequence):
            yield from _flat(call.calls)
        else:
            yield call


def _fused(first: Call, second: Call) -> PassLaunch | None:
    """One launch that does both, if there is one."""
    if not isinstance(first, PassLaunch):
        return None
    both: KernelPass | None = None
    if isinstance(second, PassLaunch):
        both = fused(first.what, second.what)
    elif isinstance(second, ColumnSums):
        both = fused_with_sums(first.what, second.sums)
    return None if both is None else PassLaunch(both, first.compiled)


def _parts(argument: Array) -> tuple[object, ...]:
    """An argument as a program takes it: address and shape of an array, or a whole number."""
    return (argument, *argument.shape) if hasattr(argument, "shape") else (int(argument),)
