"""The picture of a lesson: a line for each contestant, in the middle of its seeds."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from nettrain.lessons.panel import Line, Panel
from nettrain.output.figures.canvas import RULE, Render, add_axes, new_figure, plain_ticks, png, style, tick
from nettrain.output.history_curves import Floats, spans_orders

WIDTH, HEIGHT = 6.4, 2.7  # inches: of the picture, of each panel
LEFT, RIGHT, TOP, BOTTOM, GAP = 0.8, 0.15, 0.4, 0.45, 0.6
COLORS = ("#1f4e9c", "#d9822b", "#2e8b57", "#b03a6f", "#7a7a7a", "#5aa9d6")  # of contestants, in their order
FEW = 25  # points up to which each is marked


def lesson_picture(panels: Sequence[Panel], *, render: Render = png) -> bytes:
    """The panels below each other, with one legend; thin lines are single seeds."""
    height = TOP + BOTTOM + HEIGHT * len(panels) + GAP * (len(panels) - 1)
    with style():
        figure = new_figure(WIDTH, height)
        edge = height - TOP
        for number, panel in enumerate(panels):
            edge -= HEIGHT
            ax = add_axes(figure, LEFT, edge, WIDTH - LEFT - RIGHT, HEIGHT)
            _draw(ax, panel)
            if number == 0:
                _legend(ax)
            edge -= GAP
        return render(figure)


def _draw(ax: Axes, panel: Panel) -> None:
    for color, line in zip(COLORS, panel.lines, strict=False):
        _draw_line(ax, line, color)
    ax.set_xlabel(panel.x_label)
    ax.set_ylabel(panel.y_label)
    _scale(ax, panel)
    plain_ticks(
        ax.xaxis, 8, integers=all(float(value).is_integer() for line in panel.lines for value in line.x)
    )
    ax.margins(x=0.02)
    ax.tick_params(length=3, color=RULE)


def _draw_line(ax: Axes, line: Line, color: str) -> None:
    """The median over the seeds, and a thin line for each of them."""
    y = np.where(np.isfinite(line.y), line.y, np.nan)
    some = ~np.isnan(y).all(axis=0)
    x, y = line.x[some], y[:, some]
    mark = "o" if len(x) <= FEW else None
    for seed in y:
        ax.plot(x, seed, color=color, linewidth=0.6, alpha=0.5)
    ax.plot(
        x, np.nanmedian(y, axis=0), color=color, linewidth=1.7, marker=mark, markersize=3, label=line.name
    )


def _scale(ax: Axes, panel: Panel) -> None:
    """A logarithmic axis where values are of very different size."""
    values = np.concatenate([np.ravel(line.y) for line in panel.lines])
    finite: Floats = values[np.isfinite(values)]
    if spans_orders(finite) if panel.log is None else panel.log:
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(numticks=6))
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.yaxis.set_major_formatter(lambda value, _: tick(value, 5))
    else:
        plain_ticks(ax.yaxis, 5)


def _legend(ax: Axes) -> None:
    handles, _ = ax.get_legend_handles_labels()
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=len(handles),
        frameon=False,
        borderpad=0,
        handlelength=1.6,
        columnspacing=1.4,
    )
