"""`python -m nettrain`, and the command `nettrain`."""

import os
import signal
import sys
from contextlib import suppress

INTERRUPTED = 130


def main() -> None:
    """Run a command; once it is leaving, nothing interrupts it any more."""
    code: object = None
    try:
        from nettrain.cli.app import main as run

        run()
    except SystemExit as leaving:
        code = leaving.code
    except KeyboardInterrupt:  # while it was being loaded
        code = INTERRUPTED
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
    if code == INTERRUPTED:
        _leave_at_once()
    sys.exit(code)  # type: ignore[arg-type]


def _leave_at_once() -> None:
    """Python would end itself by a signal where the interrupt came in the middle of an `exec`."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
