"""Scalings of numeric columns: each entry is fitted on the training rows and applied to all.

Conventions: x (N, C) float64 without gaps; `fit(x)` -> the fitted arrays by name; `apply(fitted, x)` ->
(N, C). The fitted arrays are all that an entry needs later. Their last axis are the columns, so that `fit`
may be called for some columns after others; `join` then combines what depends on all of them, or on their
names.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import expects, option
from nettrain.data.tables.arrays import Floats
from nettrain.errors import DataError, nearest

Fitted = dict[str, Floats]
MOST_NAMES = 8  # in a message
FAR = 400  # binary exponents beyond which the squares of numbers are near the ends of float64

scalings: Registry["Scaling"] = Registry("scaling")


class Scaling(Variant):
    """What is done to the numeric columns of a table before a network sees them."""

    def fit(self, x: Floats) -> Fitted:
        """What is learned from the training rows: nothing by default."""
        return {}

    def join(self, fitted: Fitted, names: Sequence[str]) -> Fitted:
        """The fitted arrays of all C columns, of these names, where one depends on the others."""
        return fitted

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that its settings name."""
        return ()

    def apply(self, fitted: Fitted, x: Floats) -> Floats:
        """The scaled columns (N, C)."""
        raise NotImplementedError


class Affine(Scaling):
    """(x - center) / scale, both (C,)."""

    def apply(self, fitted: Fitted, x: Floats) -> Floats:
        return (x - fitted["center"]) / fitted["scale"]


@scalings.register("none")
class NoScaling(Scaling):
    """The columns as they are."""

    def apply(self, fitted: Fitted, x: Floats) -> Floats:
        return x


@scalings.register("standard", source="LeCun et al. 1998, section 4.3")
class Standard(Affine):
    """(x - mean) / standard deviation over N; a constant column is only centred."""

    def fit(self, x: Floats) -> Fitted:
        return center_and_spread(x)


def center_and_spread(x: Floats) -> Fitted:
    """Mean and standard deviation (C,) of x (N, C), 1 in place of a deviation of 0."""
    center, spread = moments(x)
    return {"center": center, "scale": np.where(spread == 0, 1.0, spread)}


def moments(x: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation (C,) of x (N, C), also where squares would leave the range of float64."""
    least, most = x.min(axis=0), x.max(axis=0)
    shift = far_exponents(np.maximum(-least, most))
    if shift.any():
        x = np.ldexp(x, -shift)
    constant = least == most
    # The rounded mean of equal numbers may differ from them, and so their deviation from 0.
    center = np.where(constant, least, np.ldexp(x.mean(axis=0), shift))
    return center, np.where(constant, 0.0, np.ldexp(x.std(axis=0), shift))


def far_exponents(largest: Floats) -> npt.NDArray[np.int_]:
    """The powers of 2 (C,) that bring numbers near 1, whose squares are safe; 0 where they are already.

    A power of 2 changes no digit.
    """
    exponents = np.frexp(largest)[1]
    return np.where(np.abs(exponents) > FAR, exponents, 0)


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


@scalings.register("center", source="of each channel: Simonyan & Zisserman 2015, section 2.1")
class Center(Affine):
    """x - mean of each column, for pixels the mean image, or of each of `channels`; nothing is divided.

    Differences keep their size. With `channels` all pixels of a channel lose the same mean, as `channel` does
    before it divides: column j is of channel j mod `channels`.
    """

    channels: int | None = option(
        None,
        "values of a pixel, which lie side by side, with a mean each; null: one of each column",
        ge=1,
    )

    def fit(self, x: Floats) -> Fitted:
        center = center_and_spread(x)["center"]
        return {"center": center, "scale": np.ones_like(center)}

    def join(self, fitted: Fitted, names: Sequence[str]) -> Fitted:
        """All columns have the same rows, so that the mean of a channel is that of its columns' means."""
        if self.channels is None:
            return fitted
        center, _ = moments(by_channel(fitted["center"], self.channels))
        return fitted | {"center": np.tile(center, len(fitted["center"]) // self.channels)}


def by_channel(values: Floats, channels: int) -> Floats:
    """Values of each column (C,) as (pixels, channels). Raises DataError when they are not whole pixels."""
    if len(values) % channels:
        raise DataError(
            f"data.scaling: {len(values)} columns of numbers are not pixels of {channels} channels"
        )
    return values.reshape(-1, channels)


@scalings.register("channel")
class Channel(Affine):
    """(x - mean) / standard deviation of all pixels of a channel; of images as height, width, channel.

    Column j is of channel j mod `channels`. A channel of one value is only centred.
    """

    channels: int = option(3, "values of a pixel, which lie side by side", ge=1)

    def fit(self, x: Floats) -> Fitted:
        center, spread = moments(x)
        return {"center": center, "scale": spread}

    def join(self, fitted: Fitted, names: Sequence[str]) -> Fitted:
        """Of the columns' means m and deviations d: mean of m, and √(mean of d² + variance of m)."""
        means, deviations = (by_channel(fitted[key], self.channels) for key in ("center", "scale"))
        center, between = moments(means)
        shift = far_exponents(np.maximum(deviations.max(axis=0), between))
        squares = np.square(np.ldexp(deviations, -shift)).mean(axis=0) + np.ldexp(between, -shift) ** 2
        spread = np.ldexp(np.sqrt(squares), shift)
        pixels = len(means)
        return {
            "center": np.tile(center, pixels),
            "scale": np.tile(np.where(spread > 0, spread, 1.0), pixels),
        }


@scalings.register("robust")
class Robust(Affine):
    """(x - median) / (third quartile - first); only centred where the quartiles are equal.

    A few wild values change neither. Quantiles between two values are linear in between.
    """

    def fit(self, x: Floats) -> Fitted:
        first, median, third = np.percentile(x, [25, 50, 75], axis=0)
        return {"center": median, "scale": np.where(third > first, third - first, 1.0)}


@scalings.register(
    "quantile_normal", source="scikit-learn's QuantileTransformer(output_distribution='normal')"
)
class QuantileNormal(Scaling):
    """Φ⁻¹ of the share of training rows below x: rising, and a standard normal whatever the column was.

    `fitted["knots"]` (Q, C) are the quantiles at Q even shares from 0 to 1; between two of them it is linear.
    A value that fills several of them gets the middle of their shares. Shares end at 1e-7 and 1 - 1e-7, so
    that the smallest and the largest value, and all beyond, become ∓5.2. A constant column becomes 0.
    """

    knots: int = option(1000, "quantiles that are remembered, at most one for each training row", ge=2)

    def fit(self, x: Floats) -> Fitted:
        count = max(2, min(self.knots, len(x)))
        # a rounded quantile may fall below the one before it
        return {"knots": np.maximum.accumulate(np.quantile(x, np.linspace(0, 1, count), axis=0))}

    def apply(self, fitted: Fitted, x: Floats) -> Floats:
        from scipy.special import ndtri

        shares = np.empty_like(x)
        for column, knots in enumerate(fitted["knots"].T):
            shares[:, column] = share_below(knots, x[:, column])
        normal: Floats = ndtri(np.clip(shares, END, 1 - END))
        return normal


END = 1e-7  # the smallest share of rows, so that Φ⁻¹ stays finite


def share_below(knots: Floats, x: Floats) -> Floats:
    """The share (N,) of rows below x (N,), by knots (Q,) at even shares; 0.5 everywhere if all are equal."""
    if knots[0] == knots[-1]:
        return np.full_like(x, 0.5)
    shares = np.linspace(0, 1, len(knots))
    # np.interp takes the last of equal knots; from the other side, the first
    shares_down = np.interp(-x, -knots[::-1], -shares[::-1])
    middle: Floats = 0.5 * (np.interp(x, knots, shares) - shares_down)
    return middle


Divisor = Annotated[float, Field(gt=0)]
Divisors = Annotated[
    Divisor | list[Divisor] | dict[str, Divisor],
    expects("a number above 0, a list of one for each column of numbers, or a mapping from columns to them"),
]


@scalings.register("divide")
class Divide(Scaling):
    """x / by: one divisor for all columns, as 255 for pixels, or one for each, as a list or by name.

    A list has the columns of numbers in their order. Of a mapping, as `{age: 100, income: 1e5}`, columns that
    it leaves out stay as they are.
    """

    by: Divisors = option(255.0, "divisor, of all columns, of each in their order, or by name")

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.by) if isinstance(self.by, Mapping) else ()

    def fit(self, x: Floats) -> Fitted:
        """A single divisor needs no array."""
        return {} if isinstance(self.by, float | int) else {"scale": np.ones(x.shape[1])}

    def join(self, fitted: Fitted, names: Sequence[str]) -> Fitted:
        """The divisor of each column. Raises DataError when a column of the settings is not among them."""
        return {"scale": self._divisors(names)} if fitted else fitted

    def _divisors(self, names: Sequence[str]) -> Floats:
        if isinstance(self.by, Mapping):
            for name in self.by:
                if name not in names:
                    raise DataError(f'data.scaling.by: no column of numbers "{name}"{nearest(name, names)}')
            return np.array([float(self.by.get(name, 1.0)) for name in names])
        given = np.array(self.by, dtype=np.float64)
        if len(given) != len(names):
            raise DataError(
                f"data.scaling.by: {len(given)} divisors for {len(names)} columns of numbers"
                f" ({', '.join(names[:MOST_NAMES])}{', ...' if len(names) > MOST_NAMES else ''})"
            )
        return given

    def apply(self, fitted: Fitted, x: Floats) -> Floats:
        divisors = fitted["scale"] if fitted else np.asarray(self.by)
        scaled: Floats = x / divisors
        return scaled
