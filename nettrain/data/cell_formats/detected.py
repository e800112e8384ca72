"""What the cells of a text column look like."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    import polars as pl

F = TypeVar("F")
SAMPLE = 100  # cells, at even distances, that rule out most columns of words at once


@dataclass(frozen=True)
class Detected(Generic[F]):
    """The format of a column, all of whose cells have it but for strays; or what it looks like without one.

    `looks` is "" where nothing is remarkable; otherwise it says why there is no format, and which key helps.
    """

    format: F | None = None
    looks: str = ""


def sample_of(series: "pl.Series") -> list[str]:
    """Cells of text that are there, at even distances."""
    present = series.drop_nulls()
    if len(present) > SAMPLE:
        present = present.gather(np.linspace(0, len(present) - 1, SAMPLE).astype(np.int64))
    return [str(cell) for cell in present]


def has_digits(sample: list[str]) -> bool:
    """Whether digits stand in half of the cells or more, and in one at least."""
    count = sum(any(letter.isdigit() for letter in cell) for cell in sample)
    return count > 0 and 2 * count >= len(sample)
