"""`compare.png`: loss and main metric by epoch on training and validation rows, a line for each entry."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from nettrain.output.compared_curves import (
    LOG_RATIO,
    ComparedCurve,
    compared_curves,
    compared_names,
    highest_shown,
)
from nettrain.output.figures.canvas import (
    RULE,
    Render,
    add_axes,
    draw_heading,
    new_figure,
    plain_ticks,
    png,
    shortened,
    style,
    tick,
)
from nettrain.output.figures.series import series_style
from nettrain.output.history_curves import Floats, spans_orders
from nettrain.output.progress import title
from nettrain.workflow.compare import Comparison
from nettrain.workflow.comparison.entries import is_maximized

WIDTH, PANEL = 8.6, 2.3  # inches: of the picture, height of a panel
LEFT, RIGHT, TOP, BOTTOM, GAP, BETWEEN = 0.8, 0.2, 0.82, 0.6, 0.32, 0.25
LINE = 0.2  # inches, of a row of the legend
SPLITS = {"train": "training rows", "val": "validation rows"}
FEW = 12  # epochs up to which each is marked
LEGEND_WIDTH = 96  # characters of a row of the legend


def comparison_picture(comparison: Comparison, name: str, *, render: Render = png) -> bytes | None:
    """The picture of a comparison; None where no entry has a curve."""
    panels = compared_names(comparison)
    panels = {name: figures for name, figures in panels.items() if _curves(comparison, figures)}
    if not panels:
        return None
    handles = _legend_handles(comparison)
    columns = _legend_columns(handles)
    top = TOP + LINE * math.ceil(len(handles) / columns)
    height = top + BOTTOM + PANEL * len(panels) + GAP * (len(panels) - 1)
    with style():
        figure = new_figure(WIDTH, height)
        draw_heading(figure, name, ", ".join(comparison.common))
        _draw_legend(figure, handles, columns)
        _draw_caption(figure, comparison)
        edge = height - top
        for number, (metric, figures) in enumerate(panels.items()):
            edge -= PANEL
            axes = _row_of_axes(figure, len(figures), edge)
            _draw_row(axes, comparison, metric, figures)
            for ax, one in zip(axes, figures, strict=True):
                if number == 0:
                    ax.set_title(SPLITS[one.partition("_")[0]], loc="left", fontsize=9, color="#444444")
                if number == len(panels) - 1:
                    ax.set_xlabel("epoch")
            edge -= GAP
        return render(figure)


def _curves(comparison: Comparison, figures: Sequence[str]) -> list[ComparedCurve]:
    return [curve for figure in figures for curve in compared_curves(comparison, figure)]


# ----- panels -----


def _row_of_axes(figure: Figure, count: int, edge: float) -> list[Axes]:
    """Axes beside each other, for the same figure on different rows."""
    wide = (WIDTH - LEFT - RIGHT - BETWEEN * (count - 1)) / count
    return [add_axes(figure, LEFT + k * (wide + BETWEEN), edge, wide, PANEL) for k in range(count)]


def _draw_row(axes: Sequence[Axes], comparison: Comparison, metric: str, figures: Sequence[str]) -> None:
    """A figure on training and validation rows, at the same scale, so that the gap shows."""
    order = {entry.label: k for k, entry in enumerate(comparison.entries)}
    by_panel = [compared_curves(comparison, figure) for figure in figures]
    for ax, curves in zip(axes, by_panel, strict=True):
        for curve in curves:
            _draw_curve(ax, curve, order[curve.label])
        ax.tick_params(length=3, color=RULE)
        ax.margins(x=0.02)
        plain_ticks(ax.xaxis, 8, integers=True)
    axes[0].set_ylabel(title(metric))
    maximize = is_maximized(figures[0])
    _scale(axes, [curve for curves in by_panel for curve in curves], maximize=maximize)
    for ax, curves in zip(axes, by_panel, strict=True):
        for curve in curves:
            _draw_divergence(ax, curve, order[curve.label], upwards=not maximize)


def _draw_curve(ax: Axes, curve: ComparedCurve, position: int) -> None:
    """The mean of the runs above a band that holds all."""
    color, line = series_style(position)
    mark = "o" if len(curve.epochs) <= FEW else None
    if len(curve.values) > 1:
        ax.fill_between(curve.epochs, curve.lowest, curve.highest, color=color, alpha=0.16, linewidth=0)
    ax.plot(curve.epochs, curve.middle, color=color, linestyle=line, linewidth=1.7, marker=mark, markersize=3)


def _draw_divergence(ax: Axes, curve: ComparedCurve, position: int, *, upwards: bool) -> None:
    """A cross for each run that diverged: where it left the axes upwards, or at its last value."""
    color, _ = series_style(position)
    for values, over, end, last in zip(curve.values, curve.diverged, curve.ends, curve.last, strict=True):
        if not over:
            continue
        at, top = float(values[int(np.searchsorted(curve.epochs, end))]), ax.get_ylim()[1]
        if upwards:
            ax.plot([end, max(end, last)], [at, top], color=color, linewidth=0.9)
        place = (max(end, last), top) if upwards else (end, at)
        ax.plot(*place, "x", color=color, markersize=7, markeredgewidth=1.8, clip_on=False, zorder=5)


def _scale(axes: Sequence[Axes], curves: Sequence[ComparedCurve], *, maximize: bool) -> None:
    """The same values on all axes, logarithmic where they are of very different size.

    What rises is shown from where it is soon after the start, so that small differences later can be seen.
    """
    highest = highest_shown(curves)
    values = np.concatenate([curve.values.ravel() for curve in curves])
    shown: Floats = values[np.isfinite(values) & (values <= highest)]
    if maximize:
        shown = shown[shown >= _lowest_soon(curves)]
    low, high = float(shown.min()), float(shown.max())
    log = not maximize and spans_orders(shown, LOG_RATIO)
    room = 0.0 if log else 0.05 * ((high - low) or abs(high) or 1.0)
    for ax in axes:
        ax.set_ylim((low / 1.2, high * 1.2) if log else (low - room, high + room))
        if log:
            ax.set_yscale("log")
            ax.yaxis.set_major_locator(LogLocator(numticks=6))
            ax.yaxis.set_minor_formatter(NullFormatter())
            ax.yaxis.set_major_formatter(lambda value, _: tick(value, 5))
        else:
            plain_ticks(ax.yaxis, 5)
    for ax in axes[1:]:
        ax.tick_params(labelleft=False)


def _lowest_soon(curves: Sequence[ComparedCurve]) -> float:
    """The smallest value of any curve once a tenth of its epochs has passed."""
    soon = [curve.values[:, len(curve.epochs) // 10 :] for curve in curves]
    return min(float(values[np.isfinite(values)].min(initial=np.inf)) for values in soon)


# ----- legend -----


def _legend_handles(comparison: Comparison) -> list[Line2D]:
    """A line for each entry, called by what differs."""
    handles = []
    for position, entry in enumerate(comparison.entries):
        color, line = series_style(position)
        of = f" of {len(entry.runs)}" if len(entry.runs) > 1 else ""
        count = f"{entry.diverged}{of} " if of else ""
        label = f"{shortened(entry.label, 48)}{f' (× {count}diverged)' if entry.diverged else ''}"
        handles.append(Line2D([], [], color=color, linestyle=line, linewidth=1.9, label=label))
    return handles


def _legend_columns(handles: Sequence[Line2D]) -> int:
    """How many entries there is room for beside each other."""
    longest = max(len(str(handle.get_label())) for handle in handles)
    return max(1, min(len(handles), int(LEGEND_WIDTH / (longest + 9))))


def _draw_legend(figure: Figure, handles: Sequence[Line2D], columns: int) -> None:
    across, up = figure.get_size_inches()
    figure.legend(
        handles=list(handles),
        loc="upper left",
        bbox_to_anchor=(0.06 / across, 1 - (TOP - 0.22) / up),
        ncols=columns,
        frameon=False,
        borderpad=0,
        handlelength=3.0,
        columnspacing=1.6,
        labelspacing=0.35,
    )


def _draw_caption(figure: Figure, comparison: Comparison) -> None:
    """What lines and bands are, at the lower left."""
    seeds = max((len(entry.runs) for entry in comparison.entries), default=0)
    if seeds > 1:
        across, up = figure.get_size_inches()
        text = f"lines: mean of {seeds} {comparison.over}s; bands: all of them"
        figure.text(0.12 / across, 0.08 / up, text, fontsize=8, color="#666666", va="bottom")
