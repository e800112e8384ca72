"""`python -m nettrain`, and the command `nettrain`."""

import signal
import sys


def main() -> None:
    """Run a command; once it is leaving, nothing interrupts it any more."""
    try:
        from nettrain.cli.app import main as run

        run()
    except KeyboardInterrupt:  # while it was being loaded
        sys.exit(130)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    main()
