"""Histograms of many numbers in equally wide bins."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BINS = 30  # what TensorBoard draws of a histogram


@dataclass(frozen=True)
class Histogram:
    """How many of `count` numbers lie in each bin; `limits` are the upper ends of the bins."""

    smallest: float
    largest: float
    count: int
    total: float  # the sum of the numbers, and that of their squares
    squares: float
    limits: Sequence[float]
    counts: Sequence[float]

    @classmethod
    def of(cls, values: npt.NDArray[np.floating]) -> "Histogram | None":
        """The histogram of an array, without what is not finite; None where nothing is left."""
        finite = values[np.isfinite(values)].astype(np.float64)
        if not finite.size:
            return None
        counts, edges = np.histogram(finite, bins=BINS)
        return cls(
            float(finite.min()),
            float(finite.max()),
            finite.size,
            float(finite.sum()),
            float(np.square(finite).sum()),
            edges[1:].tolist(),
            counts.tolist(),
        )
