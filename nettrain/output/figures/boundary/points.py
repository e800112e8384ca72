"""The rows of the data, over the predictions."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from nettrain.backend.base import Floats, HostArray
from nettrain.output.figures.boundary.marks import COLORS, MARKS, SURFACE
from nettrain.output.figures.boundary.panels import WorldPanel
from nettrain.output.figures.canvas import DARK, LIGHT, RULE, plain_ticks, shortened
from nettrain.workflow.small_world import WorldMap


def draw_points(ax: Axes, seen: WorldMap, panel: WorldPanel, limits: tuple[float, float]) -> None:
    """The rows of all splits; those that were not trained on have a ring."""
    size = _size(sum(one.total for one in seen.world.points)) * (0.6 if len(seen.views) > 1 else 1.0)
    for points, y in zip(seen.world.points, panel.y, strict=True):
        look = _Look(held_out=points.split != "train", size=size)
        if panel.classes:
            _draw_classes(ax, points.x, y, panel, look)
        elif len(seen.axes) == 2:
            _draw_values(ax, points.x, y, limits, look)
        else:
            _draw_numbers(ax, points.x[:, 0], y, look)
    _limit(ax, seen, panel)


@dataclass(frozen=True)
class _Look:
    """How the rows of a split are marked; `size` is the area of a training row's mark in square points."""

    held_out: bool
    size: float

    @property
    def edge(self) -> str:
        return "black" if self.held_out else "white"

    @property
    def area(self) -> float:
        return self.size * (1.3 if self.held_out else 1.0)

    @property
    def order(self) -> int:
        return 5 if self.held_out else 4


def _draw_classes(ax: Axes, x: Floats, y: HostArray, panel: WorldPanel, look: _Look) -> None:
    """Rows in the colour and with the mark of their class."""
    for k in range(len(panel.classes)):
        own = x[y == k]
        ax.scatter(
            own[:, 0],
            own[:, 1] if x.shape[1] == 2 else _strip(panel, k, len(own)),
            s=look.area,
            color=COLORS[k % len(COLORS)],
            marker=MARKS[k % len(MARKS)],
            edgecolors=look.edge,
            linewidths=0.7 if look.held_out else 0.3,
            zorder=look.order,
        )


def _draw_values(ax: Axes, x: Floats, y: HostArray, limits: tuple[float, float], look: _Look) -> None:
    """Rows in the colour of their number: those that are predicted well vanish in the surface."""
    ax.scatter(
        x[:, 0],
        x[:, 1],
        s=1.6 * look.area,
        c=y,
        cmap=SURFACE,
        norm=Normalize(*limits),
        edgecolors=look.edge,
        linewidths=0.8,
        zorder=look.order,
    )


def _draw_numbers(ax: Axes, x: Floats, y: HostArray, look: _Look) -> None:
    """Rows beside the curve of a number."""
    color = LIGHT if look.held_out else DARK
    ax.scatter(x, y, s=look.area, color=color, alpha=0.6, linewidths=0, zorder=2)


def _strip(panel: WorldPanel, number: int, count: int) -> Floats:
    """Heights for the rows of a class beside the curves: of two classes at 0 and 1, else below 0."""
    spread = 0.035 * (((np.arange(count) * 7) % 11) / 5 - 1)
    if len(panel.classes) == 2:
        return number + spread
    return -0.1 * (number + 1) + spread


def _size(rows: int) -> float:
    """The area of a row's mark in square points."""
    return 30.0 if rows <= 60 else 16.0 if rows <= 400 else 9.0


def _limit(ax: Axes, seen: WorldMap, panel: WorldPanel) -> None:
    """The axes in the columns' own units."""
    names = seen.world.columns
    ax.set_xlim(*seen.world.ranges[0])
    ax.set_xlabel(shortened(names[0], 40))
    if len(names) == 2:
        ax.set_ylim(*seen.world.ranges[1])
        ax.set_ylabel(shortened(names[1], 40))
        ax.grid(visible=False)
        for spine in ax.spines.values():
            spine.set_visible(True)
    elif panel.classes:
        ax.set_ylabel("probability" if panel.sure else "score")
    else:
        targets = seen.world.task.names  # several stand above their panels
        ax.set_ylabel(shortened(targets[0], 40) if len(targets) == 1 else "")
    small = len(seen.views) > 1
    plain_ticks(ax.xaxis, 4 if small else 6)
    if len(names) == 1 and panel.classes and panel.sure:
        ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    else:
        plain_ticks(ax.yaxis, 4 if small else 6)
    ax.tick_params(length=3, color=RULE)
