"""`landscape.png`: the loss on planes through the final weights, with the path of training."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from nettrain.backend.base import Floats
from nettrain.output.figures.canvas import (
    RULE,
    add_axes,
    draw_heading,
    new_figure,
    plain_ticks,
    png,
    style,
    tick,
)
from nettrain.output.numbers import figure as number
from nettrain.workflow.landscape_result import Landscape, Surface

SIDE, LEFT, GAP, TOP, BOTTOM, BAR = 3.5, 0.75, 0.95, 0.92, 0.62, 1.15  # inches
COLORS = "viridis"
LEVELS = 16  # between the lowest loss and the highest that is told apart
FAR_ABOVE = 1e3  # times the lowest loss: higher ones have one colour, without a path
ABOVE_PATH = 3.0  # times the highest loss of the path, likewise
SPREAD = 5.0  # highest to lowest loss from which colours are logarithmic
HALO = [withStroke(linewidth=2.6, foreground="black")]
TITLES = {
    "random": "two random directions (filter-normalized)",
    "path": "the plane of the path",
}


def landscape_picture(landscape: Landscape) -> bytes:
    """A PNG with a panel for each surface."""
    surfaces = landscape.surfaces
    width = LEFT + len(surfaces) * SIDE + (len(surfaces) - 1) * GAP + BAR
    with style():
        figure = new_figure(width, TOP + SIDE + BOTTOM)
        draw_heading(figure, f"{landscape.experiment}: loss around the final weights", _note(landscape))
        losses = np.concatenate([surface.losses.ravel() for surface in surfaces])
        norm = color_scale(losses, landscape.path_losses)
        for k, surface in enumerate(surfaces):
            ax = add_axes(figure, LEFT + k * (SIDE + GAP), BOTTOM, SIDE, SIDE)
            _draw_surface(ax, surface, norm)
            _draw_path(ax, surface, landscape.epochs)
            _label(ax, surface)
        _color_bar(figure, width - BAR + 0.2, norm)
        return png(figure)


def _note(landscape: Landscape) -> str:
    """Where the loss is measured, and how the path is marked."""
    split = "training" if landscape.split == "train" else landscape.split
    rows = f"{landscape.rows:,} {split} rows, loss {number(landscape.loss)} at the star"
    path = "circle: before training; the path is projected, and its losses are not those of the planes"
    return f"{rows}; {path}" if landscape.epochs else rows


def color_scale(losses: Floats, path_losses: Floats) -> Normalize:
    """A scale of colours from the lowest loss to somewhat above the path.

    It is logarithmic where losses are of very different size.
    """
    finite, on_path = losses[np.isfinite(losses)], path_losses[np.isfinite(path_losses)]
    if not finite.size:
        return Normalize(0, 1)
    low, high = float(finite.min()), float(finite.max())
    if low > 0:
        high = min(high, ABOVE_PATH * float(on_path.max()) if on_path.size else FAR_ABOVE * low)
    if high <= low:
        return Normalize(low, low + 1)
    return LogNorm(low, high) if low > 0 and high / low >= SPREAD else Normalize(low, high)


def _levels(norm: Normalize) -> Floats:
    low, high = float(norm.vmin or 0.0), float(norm.vmax or 0.0)
    space = np.geomspace if isinstance(norm, LogNorm) else np.linspace
    return np.asarray(space(low, high, LEVELS + 1))


def _draw_surface(ax: Axes, surface: Surface, norm: Normalize) -> None:
    """Filled contours; what is beyond all numbers has the colour of the highest loss."""
    levels = _levels(norm)
    losses = np.where(np.isfinite(surface.losses), surface.losses, levels[-1])
    losses = np.clip(losses, levels[0], levels[-1])
    a, b = surface.grid.a, surface.grid.b
    ax.contourf(a, b, losses, levels=levels, norm=norm, cmap=COLORS)
    ax.contour(a, b, losses, levels=levels[1:-1], colors="white", linewidths=0.4, alpha=0.5)


def _draw_path(ax: Axes, surface: Surface, epochs: Sequence[int]) -> None:
    """The path from a circle, and the final weights as a star."""
    path = surface.path
    if len(path):
        ax.plot(path[:, 0], path[:, 1], color="white", linewidth=1.2, path_effects=HALO, zorder=3)
        ax.plot(path[1:, 0], path[1:, 1], "o", color="white", markersize=2.2, zorder=4)
        ax.plot(*path[0], "o", markersize=8, markerfacecolor="none", markeredgecolor="white", zorder=5)
        ax.plot(*path[0], "o", markersize=9.5, markerfacecolor="none", markeredgecolor="black", zorder=4)
    ax.plot(0, 0, "*", color="white", markeredgecolor="black", markersize=13, zorder=6)


def _label(ax: Axes, surface: Surface) -> None:
    a, b = surface.grid.a, surface.grid.b
    ax.set_title(TITLES[surface.kind], fontsize=9, loc="left", pad=5)
    ax.set_xlim(a[0], a[-1])
    ax.set_ylim(b[0], b[-1])
    if surface.kind == "random":
        ax.set_xlabel("first direction")
        ax.set_ylabel("second direction")
    else:
        share = "" if surface.explained is None else f" ({surface.explained:.0%} of the path in this plane)"
        ax.set_xlabel(f"first component{share}")
        ax.set_ylabel("second component")
    for axis in (ax.xaxis, ax.yaxis):
        plain_ticks(axis, 5)
    ax.grid(visible=False)
    ax.tick_params(length=3, color=RULE)


def _color_bar(figure: Figure, left: float, norm: Normalize) -> None:
    """The losses that the colours stand for."""
    ax = add_axes(figure, left, BOTTOM, 0.16, SIDE)
    bar = figure.colorbar(ScalarMappable(norm, colormaps[COLORS]), cax=ax)
    levels = _levels(norm)[:: LEVELS // 4]
    bar.set_ticks(levels.tolist(), labels=[tick(float(f"{level:.2g}"), 3) for level in levels])
    ax.minorticks_off()
    ax.tick_params(length=3, color=RULE)
    ax.set_title("loss", fontsize=9, loc="left", pad=5)
