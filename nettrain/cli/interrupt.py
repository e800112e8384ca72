"""Ctrl-C and SIGTERM: whatever a command does, they end it with one line and the exit code 130 or 143.

While networks train (`interruptible`), the first ends the run after its step, a second at once, and further
ones are ignored. At all other times the first ends the command where it is, by an exception. Python can lose
an exception: in a callback from machine code, in the destructor of an object, in a library that catches all
there are. Then it is raised anew, until the command has ended.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType

TYPE_CHECKING = False  # as type checkers know it; typing need not be imported for it
if TYPE_CHECKING:
    from sys import UnraisableHookArgs

SIGNALS = (signal.SIGINT, signal.SIGTERM)
VERBS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
REMINDER = 0.1  # seconds between looks whether the exception has been lost
PATIENCE = 1.0  # seconds for putting things in order, in which a second signal changes nothing


class Stopped(KeyboardInterrupt):
    """Ends a command because of a signal."""


class Interruption:
    """What signals have done to this process: one object, `ending`, for all of it."""

    def __init__(self) -> None:
        self.number = signal.SIGINT  # of the first signal
        self.raised = False  # whether it was raised, and not only counted
        self._is_known = False  # so that there is nothing to raise any more
        self._since = 0.0
        self._explanation: str | None = None

    @property
    def code(self) -> int:
        """The exit code of a command that the signal ends: 130 or 143."""
        return 128 + self.number

    @property
    def verb(self) -> str:
        """What the signal did to the command: it is `interrupted` or `terminated`."""
        return VERBS[self.number]

    def explain(self, explanation: str) -> None:
        """Have `tell` say what can be done about a command that is ended at once."""
        self._explanation = explanation

    def tell(self) -> int:
        """Print the line about a command that the signal has ended where it was, and return the exit code."""
        self._is_known = True
        more = "" if self._explanation is None else f" at once; {self._explanation}"
        print(f"{self.verb}{more}", file=sys.stderr)
        return self.code

    def tell_after_step(self, what: str) -> int:
        """Print the line about a training that the signal has ended after its step, and return the exit code.

        A second signal that was raised meanwhile, and lost, has no line of its own.
        """
        self.raised = False
        print(f"{self.verb}; {what}", file=sys.stderr)
        return self.code

    def count(self, number: int) -> None:
        """A signal has come which ends the training."""
        self.number, self._is_known = signal.Signals(number), True

    def end(self, number: int, frame: FrameType | None = None) -> None:
        """The handler of signals: end the command where it is."""
        if self._is_known:
            return
        if not self.raised:
            self.number, self.raised, self._since = signal.Signals(number), True, monotonic()
            _remind(self._raise_lost)
        elif _is_unwinding() and monotonic() - self._since < PATIENCE:
            return
        raise Stopped

    def take_over(self) -> bool:
        """Whether a signal was raised and lost; from now on it counts as one of `interruptible`."""
        lost, self.raised = self.raised, False
        self._is_known = lost
        if lost:
            _remind_no_more()
        return lost

    def _raise_lost(self, number: int, frame: FrameType | None) -> None:
        if self.raised and not self._is_known and not _is_unwinding():
            raise Stopped


ending = Interruption()


def end_on_signals() -> None:
    """From now on signals end the process, unless its parent has it ignore them, as `nohup` does."""
    heeded = _heeded()
    for number in heeded:
        signal.signal(number, ending.end)
    if signal.SIGINT not in heeded:
        _import_polars()
    sys.unraisablehook = _report_unraisable


def ignore_signals() -> None:
    """From now on nothing interrupts the process."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """A function that returns whether a signal has come; a second one raises KeyboardInterrupt.

    The handlers from before are restored at the end, except after a second signal: nothing may interrupt the
    process while it exits.
    """
    _import_polars()  # whose calls would end at once
    times = int(ending.take_over())

    def count(number: int, frame: FrameType | None) -> None:
        nonlocal times
        times += 1
        if times == 1:
            ending.count(number)
        if times == 2:
            for one in before:
                signal.signal(one, signal.SIG_IGN)
            ending.raised = True
            raise Stopped

    before = {number: signal.signal(number, count) for number in _heeded()}
    try:
        yield lambda: times > 0
    finally:
        if times < 2:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def explained(explanation: str) -> Iterator[None]:
    """When a second signal ends the block at once, its line ends with this explanation."""
    try:
        yield
    except KeyboardInterrupt:
        ending.explain(explanation)
        raise


def _import_polars() -> None:
    from nettrain.data.polars_signals import import_polars  # takes a while

    import_polars()


def _heeded() -> list[signal.Signals]:
    return [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]


def _remind(handler: Callable[[int, FrameType | None], None]) -> None:
    """Have a handler called every now and then, where the system can."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, REMINDER, REMINDER)


def _remind_no_more() -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)


def _is_unwinding() -> bool:
    """Whether what runs now puts things in order on the way of the exception."""
    error = sys.exc_info()[1]
    while error is not None and not isinstance(error, Stopped):
        error = error.__context__
    return error is not None


def _report_unraisable(unraisable: "UnraisableHookArgs") -> None:
    """Report what Python cannot raise.

    Of a signal that is lost in this way nothing, as it is raised anew; nor, where warnings are errors, of a
    file that an interrupted function had opened and could not close.
    """
    lost = (Stopped, ResourceWarning) if ending.raised else Stopped
    if not isinstance(unraisable.exc_value, lost):
        sys.__unraisablehook__(unraisable)
