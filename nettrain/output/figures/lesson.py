"""The picture of a lesson: a line for each contestant, in the middle of its seeds."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator, NullFormatter
from matplotlib.typing import LineStyleType

from nettrain.lessons.panel import Line, Panel
from nettrain.output.figures.canvas import RULE, Render, add_axes, new_figure, plain_ticks, png, style, tick
from nettrain.output.history_curves import Floats, spans_orders

WIDTH, HEIGHT = 6.4, 2.7  # inches: of the picture, of each panel
LEFT, RIGHT, TOP, ROW, BOTTOM, GAP = 0.8, 0.15, 0.2, 0.2, 0.45, 0.6
COLORS = ("#1f4e9c", "#d9822b", "#2e8b57", "#b03a6f", "#7a7a7a", "#5aa9d6")  # of contestants, in their order
DASHES: tuple[LineStyleType, ...] = ("-", (0, (3, 3)), (3, (3, 3)), (0, (1, 2)))  # of lines on each other
FEW = 25  # points up to which each is marked
LONGEST = 62  # characters of a row of the legend


def lesson_picture(panels: Sequence[Panel], *, render: Render = png) -> bytes:
    """The panels below each other, with one legend; thin lines are single seeds."""
    rows = _legend_rows([line.name for line in panels[0].lines])
    top = TOP + ROW * rows
    height = top + BOTTOM + HEIGHT * len(panels) + GAP * (len(panels) - 1)
    with style():
        figure = new_figure(WIDTH, height)
        edge = height - top
        for number, panel in enumerate(panels):
            edge -= HEIGHT
            ax = add_axes(figure, LEFT, edge, WIDTH - LEFT - RIGHT, HEIGHT)
            _draw(ax, panel)
            if number == 0:
                _legend(ax, rows)
            edge -= GAP
        return render(figure)


def _draw(ax: Axes, panel: Panel) -> None:
    for number, line in enumerate(panel.lines):
        color = COLORS[number % len(COLORS)]
        before = sum(_coincide(line, other) for other in panel.lines[:number])
        if line.points:
            _draw_points(ax, line, color)
        else:
            _draw_line(ax, line, color, DASHES[before % len(DASHES)])
    ax.set_xlabel(panel.x_label)
    ax.set_ylabel(panel.y_label)
    _scale(ax, panel)
    if panel.log_x:
        ax.set_xscale("log")
        _log_ticks(ax.xaxis)
    else:
        ticks = [float(value) for line in panel.lines for value in line.x]
        plain_ticks(ax.xaxis, 8, integers=all(value.is_integer() for value in ticks))
    ax.margins(x=0.02)
    ax.tick_params(length=3, color=RULE)


def _coincide(line: Line, other: Line) -> bool:
    """Whether one line would hide the other."""
    same_shape = line.y.shape == other.y.shape
    return same_shape and bool(np.allclose(line.y, other.y, rtol=1e-4, equal_nan=True))


def _draw_line(ax: Axes, line: Line, color: str, dashes: LineStyleType) -> None:
    """The median over the seeds, and a thin line for each of them."""
    y = np.where(np.isfinite(line.y), line.y, np.nan)
    some = ~np.isnan(y).all(axis=0)
    x, y = line.x[some], y[:, some]
    mark = "o" if len(x) <= FEW and dashes == "-" else None
    for seed in y if dashes == "-" else []:
        ax.plot(x, seed, color=color, linewidth=0.6, alpha=0.5)
    middle = np.nanmedian(y, axis=0)
    ax.plot(
        x, middle, color=color, linestyle=dashes, linewidth=1.7, marker=mark, markersize=3, label=line.name
    )


def _draw_points(ax: Axes, line: Line, color: str) -> None:
    """The points of the first seed, and paler ones of the others."""
    for x, y in zip(line.x[1:], line.y[1:], strict=True):
        ax.plot(x, y, "o", color=color, markersize=3, alpha=0.3, markeredgewidth=0)
    ax.plot(line.x[0], line.y[0], "o", color=color, markersize=6, alpha=0.8, label=line.name)


def _scale(ax: Axes, panel: Panel) -> None:
    """A logarithmic axis where values are of very different size."""
    values = np.concatenate([np.ravel(line.y) for line in panel.lines])
    finite: Floats = values[np.isfinite(values)]
    if spans_orders(finite) if panel.log is None else panel.log:
        ax.set_yscale("log")
        _log_ticks(ax.yaxis)
    else:
        plain_ticks(ax.yaxis, 5)


def _log_ticks(axis: Axis) -> None:
    axis.set_major_locator(LogLocator(numticks=6))
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(lambda value, _: tick(value, 5))


def _legend_rows(names: Sequence[str]) -> int:
    """In how many rows the legend goes over the picture."""
    return -(-sum(len(name) + 5 for name in names) // LONGEST)


def _legend(ax: Axes, rows: int) -> None:
    handles, _ = ax.get_legend_handles_labels()
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=-(-len(handles) // rows),
        frameon=False,
        borderpad=0,
        handlelength=1.6,
        columnspacing=1.4,
    )
