"""What networks predict: regions of classes or the surface of a number in the plane, curves over a line."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from nettrain.backend.base import Floats
from nettrain.output.figures.boundary.marks import BAND, COLORS, SURFACE
from nettrain.output.figures.boundary.panels import WorldPanel
from nettrain.output.figures.canvas import DARK
from nettrain.workflow.small_world import WorldMap

LEVELS = 14  # of colour in the plane
TINT = 0.5  # how much of its class's colour a region has where the network is sure


def draw_predictions(ax: Axes, seen: WorldMap, panel: WorldPanel, limits: tuple[float, float]) -> None:
    """Regions of classes or the surface of a number in the plane, curves over a line."""
    if len(seen.axes) == 1:
        _draw_curves(ax, seen.axes[0], panel)
    elif panel.classes:
        _draw_regions(ax, seen.axes, panel)
    else:
        _draw_surface(ax, seen.axes, panel.values[..., 0], limits)


def regions(values: Floats, *, sure: bool = True) -> Floats:
    """Colours (n₁, n₂, 3) of the classes' values (n₁, n₂, K): their tints, white where all are as likely.

    Where values are scores, the colour is that of the largest.
    """
    count = values.shape[-1]
    tints = np.array([to_rgb(COLORS[k % len(COLORS)]) for k in range(count)]) * TINT + (1 - TINT)
    weights = np.clip(np.nan_to_num(values), 0, 1) if sure else np.eye(count)[values.argmax(axis=-1)]
    strength = np.clip((weights.max(axis=-1, keepdims=True) * count - 1) / (count - 1), 0, 1)
    colors: Floats = np.clip(1 - strength * (1 - weights @ tints), 0, 1)
    return colors


def _draw_regions(ax: Axes, axes: tuple[Floats, ...], panel: WorldPanel) -> None:
    """Regions in the colours of the classes, and lines between them."""
    image = regions(panel.values, sure=panel.sure).swapaxes(0, 1)
    ax.imshow(image, extent=_extent(axes), origin="lower", aspect="auto", interpolation="bilinear", zorder=0)
    for lead in _leads(panel):
        if lead.min() < 0 < lead.max():
            ax.contour(*axes, lead.T, levels=[0.0], colors=["#222222"], linewidths=0.9, zorder=1)


def _leads(panel: WorldPanel) -> Iterator[Floats]:
    """For each class by how much it leads (n₁, n₂), or the second of two reaches its threshold."""
    if panel.threshold is not None:
        yield np.nan_to_num(panel.values[..., 1] - panel.threshold)
        return
    for k in range(panel.values.shape[-1]):
        others = np.delete(panel.values, k, axis=-1).max(axis=-1)
        yield np.nan_to_num(panel.values[..., k] - others)


def _draw_surface(ax: Axes, axes: tuple[Floats, ...], values: Floats, limits: tuple[float, float]) -> None:
    levels = np.linspace(*limits, LEVELS + 1).tolist()
    ax.contourf(*axes, np.nan_to_num(values).T, levels=levels, cmap=SURFACE, extend="both", zorder=0)


def _extent(axes: tuple[Floats, ...]) -> tuple[float, float, float, float]:
    """The edges of an image whose pixels' middles are the places of a grid."""
    (left, right), (low, high) = ((float(axis[0]), float(axis[-1])) for axis in axes)
    half = [(float(axis[1] - axis[0])) / 2 for axis in axes]
    return left - half[0], right + half[0], low - half[1], high + half[1]


def _draw_curves(ax: Axes, x: Floats, panel: WorldPanel) -> None:
    """The predicted number, or the probability of each class; of two the positive one's."""
    if not panel.classes:
        if panel.band is not None:
            ax.fill_between(x, *panel.band, color=DARK, alpha=BAND, linewidth=0, zorder=1)
        for member in () if panel.members is None else panel.members:
            ax.plot(x, member, color="black", linewidth=0.6, alpha=0.5, zorder=3)
        ax.plot(x, panel.values[:, 0], color="black", linewidth=2.0, zorder=3)
        return
    first = 1 if len(panel.classes) == 2 else 0
    for k in range(first, len(panel.classes)):
        color = COLORS[k % len(COLORS)]
        ax.plot(x, panel.values[:, k], color=color, linewidth=2.0, zorder=3)
    if panel.threshold is not None:
        ax.axhline(panel.threshold, color="black", linewidth=0.9, linestyle="--", zorder=2)
