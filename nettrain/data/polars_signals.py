"""Ctrl-C in Polars: when it is imported it takes SIGINT, and from then on its calls end by KeyboardInterrupt.

They do so even if the process ignores SIGINT, or only counts it. What is set later takes it back.
"""

import signal


def import_polars() -> None:
    """Import Polars, and leave SIGINT to its present handler."""
    import polars  # noqa: F401

    handler = signal.getsignal(signal.SIGINT)
    if handler is not None:  # as of one that was not set by Python
        signal.signal(signal.SIGINT, handler)
