"""`residuals.png`: predicted against true numbers."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from nettrain.output.figures.canvas import (
    DARK,
    add_axes,
    draw_heading,
    new_figure,
    plain_ticks,
    png,
    shortened,
    style,
)

Floats = npt.NDArray[np.float64]
MAX_TARGETS = 9  # of which a panel is drawn
DENSE = 3000  # rows above which their density is drawn instead of points
BINS = 90
TOP, LEFT, BOTTOM = 0.7, 0.95, 0.55


def residuals_picture(true: Floats, predicted: Floats, names: Sequence[str], title: str) -> bytes:
    """A PNG of true (N, T) and predicted (N, T) numbers, a panel for each target."""
    total, shown = len(names), min(len(names), MAX_TARGETS)
    across = 1 if shown == 1 else 2 if shown in (2, 4) else 3
    down, side = -(-shown // across), 4.0 if shown == 1 else 2.3
    wide, tall = LEFT + side + 0.3, BOTTOM + side + (0.1 if shown == 1 else 0.35)
    with style():
        figure = new_figure(across * wide + 0.1, TOP + down * tall)
        draw_heading(figure, title, described(true, predicted, shown, total))
        for k in range(shown):
            low = (down - 1 - k // across) * tall + BOTTOM
            ax = add_axes(figure, k % across * wide + LEFT, low, side, side)
            panel(ax, true[:, k], predicted[:, k], 6 if shown == 1 else 4)
            if shown > 1:
                ax.set_title(shortened(names[k], 30), fontsize=9, loc="left", pad=4)
            what = f" {shortened(names[k], 30)}" if shown == 1 else ""
            ax.set_ylabel(f"predicted{what}" if k % across == 0 else "")
            ax.set_xlabel(f"true{what}" if k + across >= shown else "")
        return png(figure)


def described(true: Floats, predicted: Floats, shown: int, total: int) -> str:
    """What the line means, and what is not shown."""
    notes = ["on the line: exactly right"]
    if len(true) > DENSE:
        notes.append("darker: more rows")
    lost = int((~np.isfinite(predicted)).any(axis=1).sum())
    if lost:
        notes.append(f"{lost:,} rows are not numbers")
    if total > shown:
        notes.append(f"the first {shown} of {total} targets")
    return "; ".join(notes)


def panel(ax: Axes, true: Floats, predicted: Floats, ticks: int) -> None:
    """One target: a point for each row, or the density of rows."""
    finite = np.isfinite(true) & np.isfinite(predicted)
    true, predicted = true[finite], predicted[finite]
    low, high = bounds(true, predicted)
    if len(true) > DENSE:
        density(ax, true, predicted, low, high)
    else:
        size, alpha = (16, 0.6) if len(true) <= 300 else (7, 0.4)
        ax.scatter(true, predicted, s=size, color=DARK, alpha=alpha, linewidths=0)
    ax.plot([low, high], [low, high], color="black", linewidth=1.0, linestyle="--")
    ax.set_xlim(low, high)
    ax.set_ylim(low, high)
    plain_ticks(ax.xaxis, ticks)
    plain_ticks(ax.yaxis, ticks)


def bounds(true: Floats, predicted: Floats) -> tuple[float, float]:
    """The range of both axes, with a small margin."""
    if not len(true):
        return 0.0, 1.0
    low, high = float(min(true.min(), predicted.min())), float(max(true.max(), predicted.max()))
    margin = 0.04 * (high - low) or 0.04 * abs(high) or 1.0
    return low - margin, high + margin


def density(ax: Axes, true: Floats, predicted: Floats, low: float, high: float) -> None:
    """Counts of rows in small squares, on a log scale; empty squares stay white."""
    counts, _, _ = np.histogram2d(true, predicted, bins=BINS, range=[[low, high], [low, high]])
    shade = np.where(counts > 0, 0.25 + 0.75 * np.log1p(counts) / np.log1p(counts.max()), np.nan)
    ax.imshow(
        shade.T,
        cmap="Blues",
        vmin=0,
        vmax=1,
        origin="lower",
        extent=(low, high, low, high),
        aspect="auto",
        interpolation="nearest",
        zorder=1,
    )
