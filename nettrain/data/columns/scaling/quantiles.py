"""Scalings to a normal distribution, by the share of training rows below a value."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from nettrain.catalogue.settings import option
from nettrain.data.columns.scaling.base import Fitted, Scaling, scalings
from nettrain.data.tables.arrays import Floats

FEWEST, MOST = 10, 1000  # quantiles
END = 1e-7  # the smallest share of rows, so that Φ⁻¹ stays finite


class ByQuantiles(Scaling):
    """Φ⁻¹ of the share of training rows below x, by `fitted["knots"]` (Q, C) at even shares from 0 to 1."""

    arrays: ClassVar[Mapping[str, int]] = {"knots": 2}

    def apply(self, fitted: Fitted, x: Floats) -> Floats:
        from scipy.special import ndtri

        columns = enumerate(fitted["knots"].T)
        shares = np.stack([share_below(knots, x[:, column]) for column, knots in columns], axis=-1)
        normal: Floats = ndtri(np.clip(shares, END, 1 - END))
        return normal


@scalings.register(
    "quantile_normal", source="scikit-learn's QuantileTransformer(output_distribution='normal')"
)
class QuantileNormal(ByQuantiles):
    """Φ⁻¹ of the share of training rows below x: rising, and a standard normal whatever the column was.

    `fitted["knots"]` (Q, C) are the quantiles at Q even shares from 0 to 1; between two of them it is linear.
    A value that fills several of them gets the middle of their shares. Shares end at 1e-7 and 1 - 1e-7, so
    that the smallest and the largest value, and all beyond, become ∓5.2. A constant column becomes 0.
    """

    knots: int = option(1000, "quantiles that are remembered, at most one for each training row", ge=2)

    def fit(self, x: Floats) -> Fitted:
        count = max(2, min(self.knots, len(x)))
        return {"knots": quantiles(x, count)}


@scalings.register("quantile", source="Gorishniy, Kotelnikov & Babenko 2024")
class Quantile(ByQuantiles):
    """Φ⁻¹ of the share of training rows below x, as papers on networks for tables have it; gaps become 0.

    As quantile_normal, by fewer quantiles, rows // 30 but at least 10 and at most 1000, and those of the
    training rows plus a little Gaussian noise, so that no two are equal. Gaps take no part: they become 0, as
    the median does. The noise has the unit of the column: where values differ by no more than 1e-4, take
    another unit.
    """

    knots: int | None = option(
        None, "quantiles that are remembered; null: one for 30 training rows, 10 to 1000", ge=2
    )
    noise: float = option(1e-5, "standard deviation of the noise", ge=0)
    seed: int = option(0, "of the noise", ge=0, lt=2**63)
    sees_gaps: ClassVar[bool] = True

    def fit(self, x: Floats) -> Fitted:
        """Every column has the same noise, so that it does not matter which are fitted together."""
        rows = len(x)
        wanted = max(FEWEST, min(rows // 30, MOST)) if self.knots is None else self.knots
        generator = np.random.Generator(np.random.Philox(key=self.seed))
        noisy = x + generator.normal(0.0, self.noise, (rows, 1))
        count = max(2, min(wanted, rows))
        return {
            "knots": np.stack([quantiles(column[~np.isnan(column)], count) for column in noisy.T], axis=1)
        }

    def apply(self, fitted: Fitted, x: Floats) -> Floats:
        return np.where(np.isnan(x), 0.0, super().apply(fitted, x))


def quantiles(x: Floats, count: int) -> Floats:
    """So many quantiles of x (N,), or of its columns (N, C), at even shares from 0 to 1."""
    # a rounded quantile may fall below the one before it
    rising: Floats = np.maximum.accumulate(np.quantile(x, np.linspace(0, 1, count), axis=0))
    return rising


def share_below(knots: Floats, x: Floats) -> Floats:
    """The share (N,) of rows below x (N,), by knots (Q,) at even shares; 0.5 everywhere if all are equal."""
    if knots[0] == knots[-1]:
        return np.full_like(x, 0.5)
    shares = np.linspace(0, 1, len(knots))
    # np.interp takes the last of equal knots; from the other side, the first
    shares_down = np.interp(-x, -knots[::-1], -shares[::-1])
    middle: Floats = 0.5 * (np.interp(x, knots, shares) - shares_down)
    return middle
