"""Which columns of numbers are the pixels of an image, and how they lie in it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

from pydantic import PositiveInt
from typing_extensions import TypedDict

from nettrain.data.tables.arrays import AnyArray

LEAST = 4  # pixels of a side
CHANNELS = (1, 3, 4)
PIXEL = re.compile(r"(?:pixel|px)[ _.-]?(\d+)", re.IGNORECASE)


class ImageShapeJson(TypedDict):
    """The fields of an ImageShape."""

    height: PositiveInt
    width: PositiveInt
    channels: PositiveInt
    channels_first: bool


@dataclass(frozen=True)
class ImageShape:
    """Rows of `height` × `width` pixels, each of `channels` numbers that lie side by side or, with
    `channels_first`, in an image of their own one after the other.
    """

    height: int
    width: int
    channels: int = 1
    channels_first: bool = False

    @staticmethod
    def of(shape: Sequence[int]) -> "ImageShape | None":
        """What rows of this shape are: (H, W), (H, W, channels) or (channels, H, W); None for others."""
        match tuple(shape):
            case height, width:
                found = ImageShape(height, width)
            case height, width, channels if channels in CHANNELS:
                found = ImageShape(height, width, channels)
            case channels, height, width if channels in CHANNELS:
                found = ImageShape(height, width, channels, channels_first=True)
            case _:
                return None
        return found if min(found.height, found.width) >= LEAST else None

    @property
    def columns(self) -> int:
        """How many columns an image takes."""
        return self.height * self.width * self.channels

    def images(self, values: AnyArray) -> AnyArray:
        """Values (N, columns) as images (N, channels, height, width)."""
        if self.channels_first:
            return values.reshape(-1, self.channels, self.height, self.width)
        return values.reshape(-1, self.height, self.width, self.channels).transpose(0, 3, 1, 2)

    def to_json(self) -> ImageShapeJson:
        """The fields."""
        return {
            "height": self.height,
            "width": self.width,
            "channels": self.channels,
            "channels_first": self.channels_first,
        }


def image_by_names(names: Sequence[str]) -> ImageShape | None:
    """A square image whose columns are called pixel0, pixel1, … or pixel1, pixel2, …; None for others."""
    side = isqrt(len(names))
    if side < LEAST or side * side != len(names):
        return None
    matches = [PIXEL.fullmatch(name) for name in names]
    numbers = [int(match[1]) for match in matches if match]
    first = numbers[0] if numbers else 0
    in_order = numbers == list(range(first, first + len(names)))
    return ImageShape(side, side) if in_order and first in (0, 1) else None
