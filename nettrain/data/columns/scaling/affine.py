"""Scalings that subtract and divide: by moments, or by the smallest and the largest value."""

from typing import ClassVar

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from nettrain.catalogue.settings import option
from nettrain.data.columns.scaling.base import Affine, Fitted, Scaling, scalings
from nettrain.data.columns.scaling.moments import center_and_spread
from nettrain.data.tables.arrays import Floats


@scalings.register("none")
class NoScaling(Scaling):
    """The columns as they are."""

    reads_rows: ClassVar[bool] = False

    def apply(self, fitted: Fitted, x: Floats) -> Floats:
        return x


@scalings.register("standard", source="LeCun et al. 1998, section 4.3")
class Standard(Affine):
    """(x - mean) / standard deviation over N; a constant column is only centred."""

    def fit(self, x: Floats) -> Fitted:
        return center_and_spread(x)


@scalings.register("minmax")
class MinMax(Affine):
    """The training rows' smallest value becomes low, their largest high; a constant column becomes low."""

    range: list[float] = option([0.0, 1.0], "low and high", min_length=2, max_length=2)

    @model_validator(mode="after")
    def rising(self) -> "MinMax":
        """Refuse a range that does not rise."""
        if not self.range[0] < self.range[1]:
            raise PydanticCustomError("range", "range does not rise from low to high")
        return self

    def fit(self, x: Floats) -> Fitted:
        low, high = self.range
        least, most = x.min(axis=0), x.max(axis=0)
        scale = np.where(most > least, most - least, 1.0) / (high - low)
        return {"center": least - low * scale, "scale": scale}


@scalings.register("max_abs")
class MaxAbs(Affine):
    """x / max |x|: within -1 and 1, 0 stays 0; a column of zeros stays."""

    def fit(self, x: Floats) -> Fitted:
        most = np.abs(x).max(axis=0)
        return {"center": np.zeros_like(most), "scale": np.where(most > 0, most, 1.0)}
