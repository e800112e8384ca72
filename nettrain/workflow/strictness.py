"""Rows that differ from the training data: warnings or errors."""

import warnings
from collections.abc import Sequence

from nettrain.errors import DataError, DataWarning


def refuse_lines(lines: Sequence[str]) -> None:
    """Raise DataError with these lines, if there are any."""
    if lines:
        raise DataError("\n".join(lines))


def warn_of_lines(lines: Sequence[str], stacklevel: int) -> None:
    """A warning for each line, at the caller so many calls above this function."""
    for line in lines:
        warnings.warn(line, DataWarning, stacklevel=stacklevel + 1)
