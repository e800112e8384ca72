"""Scalings by quartiles, which a few wild values do not change."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from nettrain.data.columns.scaling.base import Affine, Fitted, Scaling, scalings
from nettrain.data.tables.arrays import Floats

CLIP = 3.0  # what a clipped column stays within


@scalings.register("robust")
class Robust(Affine):
    """(x - median) / (third quartile - first); only centred where the quartiles are equal.

    A few wild values change neither. Quantiles between two values are linear in between.
    """

    def fit(self, x: Floats) -> Fitted:
        first, median, third = np.percentile(x, [25, 50, 75], axis=0)
        return {"center": median, "scale": np.where(third > first, third - first, 1.0)}


@scalings.register("robust_clip", source="Holzmüller, Grinsztajn & Steinwart 2024")
class RobustClip(Scaling):
    """x / √(1 + (x/3)²) of x = (x - median) / (third quartile - first): within -3 and 3, rising everywhere.

    Where the quartiles are equal, half the distance from the smallest to the largest value takes the place of
    theirs; a constant column becomes 0. Values far out still differ, but pull no longer.
    """

    arrays: ClassVar[Mapping[str, int]] = {"center": 1, "factor": 1}

    def fit(self, x: Floats) -> Fitted:
        first, median, third = np.percentile(x, [25, 50, 75], axis=0)
        half = 0.5 * x.max(axis=0) - 0.5 * x.min(axis=0)
        spread = np.where(third > first, third - first, half)
        with np.errstate(divide="ignore"):
            return {"center": median, "factor": np.where(spread > 0, 1 / spread, 0.0)}

    def apply(self, fitted: Fitted, x: Floats) -> Floats:
        z = (x - fitted["center"]) * fitted["factor"]
        clipped: Floats = z / np.hypot(1.0, z / CLIP)
        return clipped
