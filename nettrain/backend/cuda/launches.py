"""Calls that launch kernels, and how a list of calls becomes a shorter one."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

from nettrain.backend.base import Call
from nettrain.backend.cuda.passes import Pass, Sums, joined, summed
from nettrain.backend.cuda.program import Program

Compile = Callable[[Program], Callable[..., object]]


class InTurn:
    """Calls one behind the other, as one."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self.calls = tuple(calls)

    def __call__(self) -> None:
        for call in self.calls:
            call()


class Launch:
    """A call that runs a pass; compiled when it is first called, for it may yet become part of another."""

    def __init__(self, what: Pass, compiled: Compile) -> None:
        self.what, self.compiled = what, compiled

    @cached_property
    def _bound(self) -> Call:
        function, (grid, block) = self.compiled(self.what.program), self.what.geometry
        given = (self.what.iterations, *(part for one in self.what.arguments for part in _parts(one)))
        return lambda: function(grid, block, given)

    def __call__(self) -> None:
        self._bound()


class ColumnSums:
    """A call for sums of columns, which the launch before it may take along."""

    def __init__(self, sums: Sums, alone: Call) -> None:
        self.sums, self.alone = sums, alone

    def __call__(self) -> None:
        self.alone()


def merged(calls: Sequence[Call]) -> list[Call]:
    """Calls that do the same in the same order, with fewer launches."""
    fewer: list[Call] = []
    for call in _flat(calls):
        both = _both(fewer[-1], call) if fewer else None
        fewer[len(fewer) - (both is not None) :] = [both or call]
    return fewer


def _flat(calls: Sequence[Call]) -> Iterator[Call]:
    for call in calls:
        if isinstance(call, InTurn):
            yield from _flat(call.calls)
        else:
            yield call


def _both(first: Call, second: Call) -> Launch | None:
    """One launch that does both."""
    if not isinstance(first, Launch):
        return None
    together: Pass | None = None
    if isinstance(second, Launch):
        together = joined(first.what, second.what)
    elif isinstance(second, ColumnSums):
        together = summed(first.what, second.sums)
    return None if together is None else Launch(together, first.compiled)


def _parts(argument: Any) -> tuple[Any, ...]:
    """What a program is given for an argument: address and shape, or the number itself."""
    return (argument, *argument.shape) if hasattr(argument, "shape") else (int(argument),)
