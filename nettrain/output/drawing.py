"""Drawing in a process of its own, which imports Matplotlib while a network trains.

Importing Matplotlib takes as long as training a small network. The process is given names of functions and
their arguments, and returns bytes: it writes no file, and knows no run. Where it cannot be started, or ends
before its time, pictures are drawn in this process, with the same bytes; so they are where only one processor
may be used, or where the environment says NETTRAIN_DRAWING=here.
"""

import gc
import os
import pickle
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import BinaryIO, TypeAlias, cast

# draw("curves.curves_picture", …) calls this function of output/figures with the other arguments
Draw: TypeAlias = Callable[..., bytes]

SWITCH = "NETTRAIN_DRAWING"  # of the environment; "here" for no process
FIGURES = "nettrain.output.figures"
DRAWN_BY_EVERY_RUN = ("curves", "confusion")  # files that the process imports before it is asked for them
NEW_OBJECTS = 200_000  # see __main__; it ends soon
# the same modules are found as in this process; nothing else is imported first
START = "import sys; sys.path[:] = {path!r}; from nettrain.output.drawing import serve; serve()"
# the process has ended, or cannot be told
LOST = (OSError, EOFError, pickle.PickleError, AttributeError, TypeError)


class DrawingError(RuntimeError):
    """What went wrong in the other process, in words."""


def draw_here(name: str, *arguments: object, **options: object) -> bytes:
    """What a function of `output/figures` draws, in this process."""
    module, _, function = name.rpartition(".")
    picture: Draw = getattr(import_module(f"{FIGURES}.{module}"), function)
    return picture(*arguments, **options)


@contextmanager
def drawing_process() -> Iterator[Draw]:
    """A function as `draw_here`, which draws in a process that begins now and ends with the block."""
    process = _started()
    if process is None:
        yield draw_here
        return
    try:
        yield _RemoteDrawing(process).draw
    finally:
        process.terminate()
        with suppress(OSError), process:  # of what it was not sent because it has ended
            pass


def _started() -> "subprocess.Popen[bytes] | None":
    if os.environ.get(SWITCH) == "here" or _processors() == 1 or not sys.executable:
        return None
    flags = [f"-W{option}" for option in sys.warnoptions]
    with suppress(OSError):  # of a system that allows no more processes
        return subprocess.Popen(
            [sys.executable, *flags, "-c", START.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the training, which then draws what there is
        )
    return None


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _RemoteDrawing:
    """Asks a process for pictures, one after the other."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._requests, self._answers = cast(BinaryIO, process.stdin), cast(BinaryIO, process.stdout)

    def draw(self, name: str, *arguments: object, **options: object) -> bytes:
        """The picture, drawn here if the process has ended. Raises DrawingError when drawing fails."""
        try:
            request = pickle.dumps((name, arguments, options))
            self._requests.write(request)
            self._requests.flush()
            picture, error = pickle.load(self._answers)
        except LOST:
            return draw_here(name, *arguments, **options)
        if error is not None:
            raise DrawingError(error)
        return cast(bytes, picture)


def serve() -> None:
    """Draw what standard input asks for, until it ends: the main function of the process."""
    gc.set_threshold(NEW_OBJECTS)
    if not sys.warnoptions:  # as the command does
        warnings.simplefilter("ignore", RuntimeWarning)
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # nothing else may be written between answers
        _import_what_is_likely()
        with suppress(EOFError, OSError):  # the command has ended
            while True:
                answers.write(pickle.dumps(_answer(sys.stdin.buffer)))
                answers.flush()


def _import_what_is_likely() -> None:
    # ends by an exception while it imports, so that Matplotlib does not leave a locked cache of fonts
    signal.signal(signal.SIGTERM, _leave)
    with suppress(Exception):  # which will be raised again where it can be reported
        for name in DRAWN_BY_EVERY_RUN:
            import_module(f"{FIGURES}.{name}")
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _leave(*_: object) -> None:
    # where warnings are errors, nothing is said of a file that was just being imported and is not closed
    sys.unraisablehook = lambda _: None
    sys.exit()


def _answer(requests: BinaryIO) -> tuple[bytes | None, str | None]:
    """The picture that is asked for next, and None; or None and what went wrong."""
    import numpy as np

    try:
        name, arguments, options = pickle.load(requests)
        with np.errstate(all="ignore"):
            return draw_here(name, *arguments, **options), None
    except EOFError:
        raise
    except Exception as error:
        return None, str(error)
