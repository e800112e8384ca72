"""The entry point of `nettrain` and of `python -m nettrain`."""

import atexit
import gc
import os
import sys
import threading

from nettrain.cli.interrupt import end_on_signals, ending, ignore_signals

# new objects among which Python looks for cycles; by default 700
FIRST_OBJECTS, NEW_OBJECTS = 200_000, 50_000


def main() -> None:
    """Run a command; signals are ignored while it exits."""
    # imports make some hundred thousand objects that stay; looking through them, if only once, takes a
    # twentieth of a short command
    gc.set_threshold(FIRST_OBJECTS)
    gc.callbacks.append(_look_more_often)
    try:
        code = _run()
    except BaseException:
        if not ending.raised:
            raise
        code = ending.tell()  # while modules were being imported, or in the last moment
    if ending.raised:  # Python's own shutdown ends by a signal after an interrupt during `exec`
        _flush()
        os._exit(ending.code)
    if (code is None or isinstance(code, int)) and not _needs_shutdown():
        atexit._run_exitfuncs()
        if _flush():
            os._exit(code or 0)
    sys.exit(code)  # type: ignore[arg-type]


def _run() -> object:
    """The exit code of the command; from then on signals are ignored."""
    try:
        end_on_signals()
        from nettrain.cli.app import main as run

        run()
    except SystemExit as error:
        return error.code
    finally:
        ignore_signals()
    return None


def _look_more_often(*_: object) -> None:
    """From the first search for cycles on."""
    gc.callbacks.remove(_look_more_often)
    gc.set_threshold(NEW_OBJECTS)


def _needs_shutdown() -> bool:
    """Whether Python must shut down by itself: for threads that are waited for, profilers and debuggers.

    It takes all modules apart, object by object, which is a fifth of the time of a short run.
    """
    others = (thread for thread in threading.enumerate() if thread is not threading.main_thread())
    return not all(thread.daemon for thread in others) or bool(sys.getprofile() or sys.gettrace())


def _flush() -> bool:
    """Write what has been printed; returns whether that was possible."""
    written = True
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # a full disk, a closed stream, none at all
            written = False
    return written


if __name__ == "__main__":
    main()
