"""`curves.png`: how loss, metrics and learning rate went."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from nettrain.output.figures.canvas import (
    DARK,
    LIGHT,
    RULE,
    heading,
    inches,
    plain_ticks,
    png,
    sheet,
    style,
    tick,
)
from nettrain.output.history_curves import Curve, Floats, figure_of, mean, panels_of, wide

WIDTH, PANEL, LOW = 7.2, 1.9, 1.1  # inches: of the picture, heights of a panel and of a lower one
LEFT, RIGHT, TOP, BOTTOM, GAP = 0.95, 0.2, 0.9, 0.5, 0.22
FEW = 25  # epochs that are marked one by one
RATE = "learning_rate"
LOOKS: dict[str, tuple[str, Any]] = {"train": (LIGHT, "--"), "validation": (DARK, "-")}


def curves(
    rows: Sequence[Mapping[str, Any]], title: str, *, monitor: str = "", best: int | None = None
) -> bytes:
    """The picture of a history: rows hold epoch, member, learning_rate and figures such as val_loss.

    `best` is the best epoch by the figure `monitor`, when there is one member.
    """
    panels = panels_of(rows)
    rate = figure_of(rows, RATE)
    changes = bool(len(rate.epochs)) and float(np.nanmin(rate.values)) < float(np.nanmax(rate.values))
    heights = [PANEL] * len(panels) + ([LOW] if changes else [])
    height = TOP + BOTTOM + sum(heights) + GAP * (len(heights) - 1)
    with style():
        figure = sheet(WIDTH, height)
        heading(figure, title, note(rows, monitor, best))
        edge, axes = height - TOP, []
        for tall in heights:
            edge -= tall
            axes.append(inches(figure, LEFT, edge, WIDTH - LEFT - RIGHT, tall))
            edge -= GAP
        for ax, (name, found) in zip(axes, panels.items(), strict=False):
            draw(ax, name, found, best if monitor in (f"val_{name}", f"train_{name}") else None)
        if changes:
            draw(axes[-1], RATE, [Curve(rate.epochs, rate.values, "rate")], None)
        share_epochs(axes, rows, best)
        legend(axes[0], panels, best)
        return png(figure)


def note(rows: Sequence[Mapping[str, Any]], monitor: str, best: int | None) -> str:
    """What the picture cannot say by itself."""
    said = []
    if best is not None:
        value = next((row.get(monitor) for row in rows if row["epoch"] == best), None)
        figure = f" {float(value):.4g}" if value is not None else ""
        said.append(f"best {monitor.replace('_', ' ')}{figure} in epoch {best}")
    broken = [int(row["epoch"]) for row in rows if not _sound(row)]
    if broken:
        said.append(f"diverged: not a number from epoch {min(broken)} on")
    return "; ".join(said)


def _sound(row: Mapping[str, Any]) -> bool:
    figures = [value for name, value in row.items() if name.startswith(("train_", "val_"))]
    return all(value is None or np.isfinite(float(value)) for value in figures)


def draw(ax: Axes, name: str, found: Sequence[Curve], best: int | None) -> None:
    """The curves of one panel; of several members each thinly, and their mean."""
    for curve in found:
        color, line = LOOKS.get(curve.side, (RULE, "-"))
        mark = "o" if len(curve.epochs) <= FEW else None
        several = len(curve.values) > 1
        for values in curve.values if several else []:
            ax.plot(curve.epochs, values, line, color=color, linewidth=0.6, alpha=0.45)
        middle = mean(curve.values) if several else curve.values[0]
        ax.plot(curve.epochs, middle, line, color=color, linewidth=1.7, marker=mark, markersize=3.5)
        if best is not None and curve is found[-1] and best in curve.epochs:
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
    scale(ax, np.concatenate([curve.values.ravel() for curve in found]), may_be_log=name != RATE)


def scale(ax: Axes, values: Floats, *, may_be_log: bool) -> None:
    """A log axis where values are positive and of very different size."""
    values = values[np.isfinite(values)]
    if not values.size:
        ax.set_yticks([])
    elif may_be_log and wide(values):
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


def share_epochs(axes: Sequence[Axes], rows: Sequence[Mapping[str, Any]], best: int | None) -> None:
    """One scale of epochs, named below the last panel; the best epoch is a line through all."""
    epochs = [int(row["epoch"]) for row in rows] or [1]
    margin = max(0.5 if len(set(epochs)) <= FEW else 0.0, 0.01 * (max(epochs) - min(epochs)))
    for ax in axes:
        ax.set_xlim(min(epochs) - margin, max(epochs) + margin)
        plain_ticks(ax.xaxis, 8, whole=True)
        ax.tick_params(labelbottom=ax is axes[-1], length=3, color=RULE)
        if best is not None:
            ax.axvline(best, color="black", linewidth=0.8, linestyle=":")
    axes[-1].set_xlabel("epoch")
    axes[0].figure.align_ylabels(list(axes))


def legend(ax: Axes, panels: Mapping[str, Sequence[Curve]], best: int | None) -> None:
    """What the lines are, above the first panel."""
    curves = [curve for found in panels.values() for curve in found]
    several = any(len(curve.values) > 1 for curve in curves)
    sides = dict.fromkeys(curve.side for curve in curves)
    handles = [
        Line2D([], [], color=LOOKS[side][0], linestyle=LOOKS[side][1], linewidth=1.7, label=side)
        for side in sides
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
