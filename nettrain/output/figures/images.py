"""Rows that are images, side by side, and one number for every pixel."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from nettrain.output.figures.canvas import (
    Render,
    add_axes,
    draw_heading,
    new_figure,
    plain_ticks,
    png,
    shortened,
    style,
)

Floats = npt.NDArray[np.float64]
TILE, NAME, GAP, ACROSS = 0.86, 0.34, 0.12, 7  # inches: of an image, the text above it and between two
LETTERS = 13  # of a line above an image
TOP, EDGE = 0.62, 0.15
COLORS = 3  # channels that are red, green and blue


def images_picture(
    images: Floats, labels: Sequence[tuple[str, str]], title: str, note: str, *, render: Render = png
) -> bytes:
    """Images (N, channels, height, width), each in its own range of brightness below two lines of text."""
    across = min(ACROSS, len(images))
    down = -(-len(images) // across)
    tall, wide = TILE + NAME + GAP, TILE + GAP
    with style():
        figure = new_figure(max(4.6, 2 * EDGE + across * wide), TOP + down * tall + EDGE)
        draw_heading(figure, title, note)
        for k, (image, lines) in enumerate(zip(images, labels, strict=True)):
            low = (down - 1 - k // across) * tall + EDGE
            ax = add_axes(figure, EDGE + k % across * wide, low, TILE, TILE)
            _draw(ax, image)
            text = "\n".join(shortened(line, LETTERS) for line in lines)
            ax.set_title(text, fontsize=7, loc="left", pad=2, linespacing=1.15)
        return render(figure)


def pixels_picture(values: Floats, title: str, note: str, *, render: Render = png) -> bytes:
    """A number for each pixel (channels, height, width), of several channels their sum."""
    side, bar = 2.6, 0.9
    total = values.sum(axis=0)
    with style():
        figure = new_figure(2 * EDGE + side + bar, TOP + side + EDGE)
        draw_heading(figure, title, note)
        ax = add_axes(figure, EDGE, EDGE, side, side)
        most = float(np.maximum(total, 0).max()) or 1.0
        drawn = ax.imshow(total, cmap="Blues", vmin=0, vmax=most, interpolation="nearest")
        _bare(ax)
        key = add_axes(figure, EDGE + side + 0.12, EDGE, 0.12, side)
        figure.colorbar(drawn, cax=key)
        plain_ticks(key.yaxis, 5)
        return render(figure)


def _draw(ax: Axes, image: Floats) -> None:
    low, high = float(image.min()), float(image.max())
    scaled = (image - low) / (high - low) if high > low else np.zeros_like(image)
    if len(image) >= COLORS:
        ax.imshow(np.moveaxis(scaled[:COLORS], 0, -1), interpolation="nearest")
    else:
        ax.imshow(scaled[0], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    _bare(ax)


def _bare(ax: Axes) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)
