"""Scalings of numeric columns: each entry fits on the training rows and is applied to all.

Conventions: x (N, C) float64 without gaps; `fit(s, x)` -> what was learned, arrays by name;
`apply(s, fitted, x)` -> (N, C). An array that was learned is all that the entry needs later.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import option

Matrix = npt.NDArray[np.float64]
Fitted = dict[str, Matrix]

scalings: Registry["Scaling"] = Registry("scaling")


class Scaling(Variant):
    """What is done to the numeric columns of a table before a network sees them."""

    @staticmethod
    def fit(s: Any, x: Matrix) -> Fitted:
        """What the training rows teach; nothing unless said."""
        return {}

    @staticmethod
    def apply(s: Any, fitted: Fitted, x: Matrix) -> Matrix:
        """The scaled columns (N, C)."""
        raise NotImplementedError


class Affine(Scaling):
    """(x - center) / scale, both (C,)."""

    @staticmethod
    def apply(s: Any, fitted: Fitted, x: Matrix) -> Matrix:
        return (x - fitted["center"]) / fitted["scale"]


@scalings.register("none")
class NoScaling(Scaling):
    """The columns as they are."""

    @staticmethod
    def apply(s: Any, fitted: Fitted, x: Matrix) -> Matrix:
        return x


@scalings.register("standard", source="LeCun et al. 1998, section 4.3")
class Standard(Affine):
    """(x - mean) / standard deviation over N; a constant column is only centred."""

    @staticmethod
    def fit(s: Any, x: Matrix) -> Fitted:
        constant = x.min(axis=0) == x.max(axis=0)
        # The rounded mean of equal numbers may differ from them, and so their deviation from 0.
        center = np.where(constant, x[0], x.mean(axis=0))
        spread = x.std(axis=0)
        return {"center": center, "scale": np.where(constant | (spread == 0), 1.0, spread)}


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

    @staticmethod
    def fit(s: Any, x: Matrix) -> Fitted:
        low, high = s.range
        least, most = x.min(axis=0), x.max(axis=0)
        scale = np.where(most > least, most - least, 1.0) / (high - low)
        return {"center": least - low * scale, "scale": scale}


@scalings.register("divide")
class Divide(Scaling):
    """x / by: the same for every column, for pixels by 255 or counts by their maximum."""

    by: float = option(255.0, "divisor", gt=0)

    @staticmethod
    def apply(s: Any, fitted: Fitted, x: Matrix) -> Matrix:
        scaled: Matrix = x / s.by
        return scaled
