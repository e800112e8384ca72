"""Scalings of pixels, all of a channel alike."""

from collections.abc import Sequence

import numpy as np

from nettrain.catalogue.settings import option
from nettrain.data.columns.scaling.base import Affine, Fitted, scalings
from nettrain.data.columns.scaling.moments import center_and_spread, far_exponents, moments
from nettrain.data.tables.arrays import Floats
from nettrain.errors import DataError


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
