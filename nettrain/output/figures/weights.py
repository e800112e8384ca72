"""`weights.png`: what each unit of the first layer looks for in an image."""

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgba
from matplotlib.figure import Figure

from nettrain.backend.base import Floats
from nettrain.output.figures.canvas import (
    DARK,
    DPI,
    LIGHT,
    RULE,
    add_axes,
    draw_heading,
    new_figure,
    png,
    shortened,
    style,
    tick,
)
from nettrain.workflow.first_weights import FirstWeights

SIGNS = LinearSegmentedColormap.from_list("signs", [LIGHT, "white", DARK])  # negative, 0, positive
ACROSS = 8  # tiles side by side
TILE, GAP = 0.82, 0.1  # inches
NAME = 0.17  # above a tile
TOP, BAR, LEFT, BOTTOM = 0.72, 0.95, 0.15, 0.15
FRAME = to_rgba("#bbbbbb")
SHARE = 99.5  # percentile of absolute weights at which the colours end
CHANNELS = {3: "red, green and blue", 4: "red, green, blue and alpha"}


def weights_picture(weights: FirstWeights, title: str) -> bytes:
    """A PNG with a tile for each unit, all in one scale of colours with white for 0."""
    channels = weights.tiles.shape[1]
    ratio = channels * weights.tiles.shape[3] / weights.tiles.shape[2]
    across = min(max(1, round(ACROSS / max(1.0, ratio / 1.5))), len(weights.tiles))
    down = math.ceil(len(weights.tiles) / across)
    across = math.ceil(len(weights.tiles) / down)
    wide, tall = max(TILE * min(ratio, 3.0), TILE), TILE
    width, height = across * (wide + GAP), down * (tall + NAME + GAP)
    limit = float(np.percentile(np.abs(weights.tiles), SHARE)) or 1.0
    with style():
        figure = new_figure(max(LEFT + width + BAR, 4.6), TOP + height + BOTTOM)
        draw_heading(figure, title, note(weights))
        # one image, since one for each of 64 tiles would take a second
        ax = add_axes(figure, LEFT, BOTTOM, width, height)
        canvas = np.ones((round(height * DPI), round(width * DPI), 4))
        for k, (tile, name) in enumerate(zip(weights.tiles, weights.names, strict=True)):
            left, down_to = k % across * (wide + GAP), k // across * (tall + NAME + GAP) + NAME
            _paint(canvas, tile, _Place(left, down_to, wide, tall), limit)
            ax.text(left, down_to - 0.025, shortened(name, 11), fontsize=7, color="#444444", va="bottom")
        ax.imshow(canvas, extent=(0, width, height, 0), aspect="auto", interpolation="nearest")
        ax.set_axis_off()
        _key(figure, LEFT + width + 0.1, BOTTOM + height, limit)
        return png(figure)


def note(weights: FirstWeights) -> str:
    """Which units these are, and what the colours mean."""
    channels = weights.tiles.shape[1]
    shown = f"the {len(weights.tiles)} of {weights.units:,} units with the largest norms, largest first"
    notes = [shown if weights.by_norm else ""]
    notes.append("blue pixels raise a unit, orange ones lower it")
    if channels > 1:
        notes.append(f"side by side: {CHANNELS.get(channels, f'{channels} channels')}")
    if weights.networks > 1:
        notes.append(f"first of {weights.networks} networks")
    return "; ".join(filter(None, notes))


@dataclass(frozen=True)
class _Place:
    """Where a tile is, in inches from the upper left corner."""

    left: float
    top: float
    width: float
    height: float


def _paint(canvas: Floats, tile: Floats, at: _Place, limit: float) -> None:
    """Paint the channels of one unit side by side, in a frame, into the canvas (height, width, 4)."""
    colors = SIGNS(Normalize(-limit, limit, clip=True)(np.concatenate(list(tile), axis=1)))
    top, left = round(at.top * DPI), round(at.left * DPI)
    tall, wide = round(at.height * DPI), round(at.width * DPI)
    rows = np.arange(tall) * colors.shape[0] // tall
    columns = np.arange(wide) * colors.shape[1] // wide
    painted = canvas[top : top + tall, left : left + wide]
    painted[...] = colors[rows][:, columns]
    for edge in np.linspace(0, wide - 1, len(tile) + 1).round().astype(int):
        painted[:, edge] = FRAME
    painted[[0, -1]] = FRAME


def _key(figure: Figure, left: float, top: float, limit: float) -> None:
    """The scale of the colours, right of the tiles."""
    tall = min(2.4, top - BOTTOM - NAME)
    bar = add_axes(figure, left, top - tall - NAME, 0.12, tall)
    mappable = ScalarMappable(Normalize(-limit, limit), SIGNS)
    drawn = figure.colorbar(mappable, cax=bar, extend="both", extendfrac=0.03)
    drawn.set_ticks([-limit, 0, limit], labels=[tick(value, 2) for value in (-limit, 0.0, limit)])
    bar.set_title("weight", fontsize=8, loc="left", pad=4)
    bar.tick_params(length=2, color=RULE, labelsize=8)
