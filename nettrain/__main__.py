"""The entry point of `nettrain` and of `python -m nettrain`."""

import gc
import os
import signal
import sys
from contextlib import suppress

INTERRUPTED = 130
NEW_OBJECTS = 50_000  # from which on Python looks for cycles among them; by default 700


def main() -> None:
    """Run a command; signals are ignored while it exits."""
    # imports make some hundred thousand objects that stay; looking through them again and again would take a
    # sixth of a short command
    gc.set_threshold(NEW_OBJECTS)
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
    if code == INTERRUPTED:
        _exit_at_once()
    sys.exit(code)  # type: ignore[arg-type]


def _exit_at_once() -> None:
    """Exit without Python's own shutdown, which ends by a signal after an interrupt during `exec`."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
