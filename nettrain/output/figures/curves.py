"""`curves.png`: loss, metrics and learning rate by epoch."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter
from matplotlib.typing import LineStyleType

from nettrain.output.figures.canvas import (
    DARK,
    LIGHT,
    RULE,
    Render,
    add_axes,
    draw_heading,
    new_figure,
    plain_ticks,
    png,
    style,
    tick,
)
from nettrain.output.history_curves import (
    Curve,
    Floats,
    epoch_of,
    figure_of,
    mean,
    panels_of,
    spans_orders,
)
from nettrain.store.history import HistoryRow

WIDTH, PANEL, LOW = 7.2, 1.9, 1.1  # inches: of the picture, heights of a panel and of a lower one
LEFT, RIGHT, TOP, BOTTOM, GAP = 0.95, 0.2, 0.9, 0.5, 0.22
FEW = 25  # epochs up to which each is marked
RATE = "learning_rate"
STYLES: dict[str, tuple[str, LineStyleType]] = {"train": (LIGHT, "--"), "validation": (DARK, "-")}


def curves_picture(
    rows: Sequence[HistoryRow],
    title: str,
    *,
    monitor: str = "",
    best: int | None = None,
    render: Render = png,
) -> bytes:
    """A PNG of a history: rows hold epoch, member, learning_rate and figures such as val_loss.

    `best` is the best epoch by the figure `monitor`, where there is one member.
    """
    panels = panels_of(rows)
    rate = figure_of(rows, RATE)
    changes = bool(len(rate.epochs)) and float(np.nanmin(rate.values)) < float(np.nanmax(rate.values))
    heights = [PANEL] * len(panels) + ([LOW] if changes else [])
    height = TOP + BOTTOM + sum(heights) + GAP * (len(heights) - 1)
    with style():
        figure = new_figure(WIDTH, height)
        draw_heading(figure, title, note(rows, monitor, best))
        edge, axes = height - TOP, []
        for tall in heights:
            edge -= tall
            axes.append(add_axes(figure, LEFT, edge, WIDTH - LEFT - RIGHT, tall))
            edge -= GAP
        for ax, (name, drawn) in zip(axes, panels.items(), strict=False):
            draw(ax, name, drawn, best if monitor in (f"val_{name}", f"train_{name}") else None)
        if changes:
            draw(axes[-1], RATE, [Curve(rate.epochs, rate.values, "rate")], None)
        share_epochs(axes, rows, best)
        legend(axes[0], panels, best)
        return render(figure)


def note(rows: Sequence[HistoryRow], monitor: str, best: int | None) -> str:
    """The best figure and its epoch, and whether the run diverged."""
    notes = []
    if best is not None:
        value = next((row.get(monitor) for row in rows if row["epoch"] == best), None)
        figure = f" {float(value):.4g}" if value is not None else ""
        notes.append(f"best {monitor.replace('_', ' ')}{figure} in epoch {best}")
    broken = [epoch_of(row) for row in rows if not _is_finite(row)]
    if broken:
        notes.append(f"diverged: not a number from epoch {min(broken)} on")
    return "; ".join(notes)


def _is_finite(row: HistoryRow) -> bool:
    figures = [value for name, value in row.items() if name.startswith(("train_", "val_"))]
    return all(value is None or np.isfinite(float(value)) for value in figures)


def draw(ax: Axes, name: str, curves: Sequence[Curve], best: int | None) -> None:
    """The curves of one panel; those of several members are thin lines below their mean."""
    for curve in curves:
        color, line = STYLES.get(curve.split, (RULE, "-"))
        mark = "o" if len(curve.epochs) <= FEW else None
        several = len(curve.values) > 1
        for values in curve.values if several else []:
            ax.plot(curve.epochs, values, line, color=color, linewidth=0.6, alpha=0.45)
        middle = mean(curve.values) if several else curve.values[0]
        ax.plot(curve.epochs, middle, line, color=color, linewidth=1.7, marker=mark, markersize=3.5)
        if best is not None and curve is curves[-1] and best in curve.epochs:
            at = float(middle[int(np.searchsorted(curve.epochs, best))])
            ax.plot(
                [best],
                [at],
                "o",
                markersize=8,
                markerfacecolor="none",
                markeredgecolor="black",
                clip_on=False,
            )
    ax.set_ylabel(name.replace("_", " "))
    # a rate that falls to nearly 0 would be all tail on a log axis
    scale(ax, np.concatenate([curve.values.ravel() for curve in curves]), may_be_log=name != RATE)


def scale(ax: Axes, values: Floats, *, may_be_log: bool) -> None:
    """A logarithmic axis where values are positive and of very different size."""
    values = values[np.isfinite(values)]
    if not values.size:
        ax.set_yticks([])
    elif may_be_log and spans_orders(values):
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(numticks=6))
        ax.yaxis.set_minor_formatter(NullFormatter())
        powers = values.max() > 1e4 or values.min() < 1e-3
        if powers:
            ax.yaxis.set_major_formatter(lambda value, _: tick(value, 1))
        else:
            ax.yaxis.set_major_formatter(lambda value, _: tick(value, 5))
    else:
        plain_ticks(ax.yaxis, 5)


def share_epochs(axes: Sequence[Axes], rows: Sequence[HistoryRow], best: int | None) -> None:
    """The same epochs on all panels, labelled below the last; the best epoch is a line through all."""
    epochs = [epoch_of(row) for row in rows] or [1]
    margin = max(0.5 if len(set(epochs)) <= FEW else 0.0, 0.01 * (max(epochs) - min(epochs)))
    for ax in axes:
        ax.set_xlim(min(epochs) - margin, max(epochs) + margin)
        plain_ticks(ax.xaxis, 8, integers=True)
        ax.tick_params(labelbottom=ax is axes[-1], length=3, color=RULE)
        if best is not None:
            ax.axvline(best, color="black", linewidth=0.8, linestyle=":")
    axes[-1].set_xlabel("epoch")
    axes[0].figure.align_ylabels(list(axes))


def legend(ax: Axes, panels: Mapping[str, Sequence[Curve]], best: int | None) -> None:
    """The meaning of the lines, above the first panel."""
    curves = [curve for drawn in panels.values() for curve in drawn]
    several = any(len(curve.values) > 1 for curve in curves)
    splits = dict.fromkeys(curve.split for curve in curves)
    handles = [
        Line2D([], [], color=STYLES[split][0], linestyle=STYLES[split][1], linewidth=1.7, label=split)
        for split in splits
    ]
    if several:
        handles.append(Line2D([], [], color=RULE, linewidth=0.6, label="each member (thick: mean)"))
    if best is not None:
        handles.append(
            Line2D([], [], color="black", linewidth=0.8, linestyle=":", label=f"best epoch {best}")
        )
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=len(handles) or 1,
        frameon=False,
        borderpad=0,
        handlelength=2.4,
    )
