"""The entry point of `nettrain` and of `python -m nettrain`."""

import atexit
import gc
import os
import signal
import sys
import threading

INTERRUPTED = 130
# new objects among which Python looks for cycles; by default 700
FIRST_OBJECTS, NEW_OBJECTS = 200_000, 50_000


def main() -> None:
    """Run a command; signals are ignored while it exits."""
    # imports make some hundred thousand objects that stay; looking through them, if only once, takes a
    # twentieth of a short command
    gc.set_threshold(FIRST_OBJECTS)
    gc.callbacks.append(_look_more_often)
    code: object = None
    try:
        from nettrain.cli.app import main as run

        run()
    except SystemExit as error:
        code = error.code
    except KeyboardInterrupt:  # while modules were being imported
        code = INTERRUPTED
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
    if code == INTERRUPTED:  # Python's own shutdown ends by a signal after an interrupt during `exec`
        _flush()
        os._exit(INTERRUPTED)
    if (code is None or isinstance(code, int)) and not _needs_shutdown():
        atexit._run_exitfuncs()
        if _flush():
            os._exit(code or 0)
    sys.exit(code)  # type: ignore[arg-type]


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
