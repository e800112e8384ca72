"""Threads of our own, which share out the calls of a tape in machine code.

How a computation is cut into calls never depends on the number of threads, so neither do the bits of a
result. Whoever is free takes the next share of a group, under one lock: a thread that the system has put
aside delays the share it is in, and no other. A thread that has to wait offers its processor to others again
and again for half a millisecond or so, in which the next product of a step comes, and then sleeps. To sleep
at once would be slower: waking a thread takes as long as a product of 64 × 256 and 256 × 256 numbers.
"""

import ctypes
import os
import threading
from functools import cache

import numpy as np

from nettrain.backend.argument_words import call_words
from nettrain.backend.base import Array
from nettrain.backend.kernel import code_address, inline
from nettrain.backend.machine_call import ROW_BYTES, CallTable, MachineCall, MachineFunction, call_row

# What the threads have in common: the first row of a group, how many calls a share has, and how many shares
# there are, are begun, have ended
ROW, CALLS, COUNT, BEGUN, ENDED = range(5)
# What they ask of the system, positions in a table of calls
OWN, DISOWN, LOCK, UNLOCK, SLEEP, WAKE_ALL, AWAIT_END, TELL_END, YIELD = range(9)
OBJECT_BYTES = 128  # of a mutex or condition variable, at most
OFFERS = 500  # of its processor that a thread makes before it sleeps


def run_groups(  # pragma: no cover - machine code
    calls: int, groups: Array, state: Array, system: int, times: int
) -> None:
    """Make the calls from this row on so many times, group by group.

    Each row of groups (n, 2) has the number of shares in a group, and the number of calls in each of them.
    """
    for _ in range(times):
        row = calls
        for k in range(groups.shape[0]):
            shares, each = groups[k, 0], groups[k, 1]
            if shares == 1:
                make(row, each)
            else:
                share_out(row, shares, each, state, system)
            row += ROW_BYTES * shares * each


@inline
def make(row: int, count: int) -> None:
    """Make so many calls, one after the other."""
    for k in range(count):
        call_row(row + ROW_BYTES * k)


@inline
def share_out(row: int, shares: int, each: int, state: Array, system: int) -> None:
    """Have so many shares made by all threads, this one included, and wait until all have ended."""
    ask(system, OWN)  # one group at a time, whichever thread of Python it comes from
    ask(system, LOCK)
    state[ROW], state[CALLS], state[COUNT], state[BEGUN], state[ENDED] = row, each, shares, 0, 0
    ask(system, WAKE_ALL)
    while state[BEGUN] < shares:
        make_next(state, system)
    ask(system, UNLOCK)
    offers = 0
    while state[ENDED] < shares and offers < OFFERS:
        ask(system, YIELD)
        offers += 1
    ask(system, LOCK)
    while state[ENDED] < shares:
        ask(system, AWAIT_END)
    ask(system, UNLOCK)
    ask(system, DISOWN)


def serve(state: Array, system: int) -> None:  # pragma: no cover - machine code
    """What a worker does for ever: wait for shares, and make them."""
    ask(system, LOCK)
    while True:
        ask(system, UNLOCK)
        offers = 0
        while state[BEGUN] >= state[COUNT] and offers < OFFERS:  # a look without the lock
            ask(system, YIELD)
            offers += 1
        ask(system, LOCK)
        while state[BEGUN] >= state[COUNT]:
            ask(system, SLEEP)
        while state[BEGUN] < state[COUNT]:
            make_next(state, system)


@inline
def make_next(state: Array, system: int) -> None:
    """Take the next share and make it, without the lock, which is held before and afterwards."""
    each = state[CALLS]
    row = state[ROW] + ROW_BYTES * state[BEGUN] * each
    state[BEGUN] += 1
    ask(system, UNLOCK)
    make(row, each)
    ask(system, LOCK)
    state[ENDED] += 1
    if state[ENDED] == state[COUNT]:
        ask(system, TELL_END)


@inline
def ask(system: int, what: int) -> None:
    """Make one of the calls of the system."""
    call_row(system + ROW_BYTES * what)


class WorkerThreads:
    """So many threads, the caller's included; they last as long as the process."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._state = np.zeros(5, np.int64)
        self._objects = np.zeros((4, OBJECT_BYTES), np.uint8)  # two mutexes and two condition variables
        self._system = CallTable(self._system_calls() if threads > 1 else [])
        if threads > 1:
            self._renew()
            os.register_at_fork(after_in_child=self._renew)
            arguments = self._state, self._system.address
            call = MachineCall(code_address(serve, *arguments), call_words(arguments), self)
            for _ in range(threads - 1):
                served = MachineFunction(call)
                threading.Thread(
                    target=served, args=arguments[1:], name="nettrain worker", daemon=True
                ).start()

    def function(self, calls: CallTable, groups: Array) -> MachineFunction:
        """What makes all calls so many times: groups (n, 2) have so many shares of so many calls each.

        Shares are made side by side, calls of a share in order.
        """
        arguments = calls.address, groups, self._state, self._system.address, 0
        return MachineFunction(MachineCall(_run_groups(), call_words(arguments), (calls, groups)))

    def _system_calls(self) -> list[MachineCall]:
        """A call for each position from OWN to YIELD. Raises an AttributeError without POSIX's threads."""
        owner, lock, calls, end = (row.ctypes.data for row in self._objects)
        asked: dict[int, tuple[str, list[int]]] = {
            OWN: ("pthread_mutex_lock", [owner]),
            DISOWN: ("pthread_mutex_unlock", [owner]),
            LOCK: ("pthread_mutex_lock", [lock]),
            UNLOCK: ("pthread_mutex_unlock", [lock]),
            SLEEP: ("pthread_cond_wait", [calls, lock]),
            WAKE_ALL: ("pthread_cond_broadcast", [calls]),
            AWAIT_END: ("pthread_cond_wait", [end, lock]),
            TELL_END: ("pthread_cond_signal", [end]),
            YIELD: ("sched_yield", []),
        }
        library = ctypes.CDLL(None)
        functions = {
            name: ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0
            for name, _ in asked.values()
        }
        return [MachineCall(functions[name], words, self._objects) for name, words in asked.values()]

    def _renew(self) -> None:
        """Begin with free locks. A child of a fork has none of the threads: the caller makes all calls."""
        library = ctypes.CDLL(None)
        self._state[:] = 0
        for row, kind in zip(self._objects, ("mutex", "mutex", "cond", "cond"), strict=True):
            getattr(library, f"pthread_{kind}_init")(ctypes.c_void_p(row.ctypes.data), None)


@cache
def worker_threads(threads: int) -> WorkerThreads:
    """The threads of this process, so many together with the caller's."""
    return WorkerThreads(threads)


@cache
def _run_groups() -> int:
    """Where the machine code of `run_groups` lies."""
    return code_address(run_groups, 0, np.zeros((0, 2), np.int64), np.zeros(0, np.int64), 0, 0)
