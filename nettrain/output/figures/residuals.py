"""`residuals.png`: predicted against true numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.scale import SymmetricalLogTransform
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, SymmetricalLogLocator

from nettrain.output.figures.canvas import (
    DARK,
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

if TYPE_CHECKING:
    from nettrain.inference.intervals import IntervalBand

Floats = npt.NDArray[np.float64]
MAX_TARGETS = 9  # of which a panel is drawn
DENSE = 3000  # rows above which their density is drawn instead of points
IMAGE = 800  # rows from which an SVG has them as an image
BINS = 90
SKEWED = 0.15  # of the range of true values: where half of them lie below, the others hide them
LEAST = 0.05  # of the rows that are above 0 lie in the part of a logarithmic axis that is linear
TOP, LEFT, BOTTOM = 0.7, 0.95, 0.55


def residuals_picture(
    true: Floats,
    predicted: Floats,
    names: Sequence[str],
    title: str,
    *,
    band: "IntervalBand | None" = None,
    render: Render = png,
) -> bytes:
    """A PNG of true (N, T) and predicted (N, T) numbers, a panel for each target.

    With a `band` each row has a line from the lower to the upper end of its interval, unless there are many.
    """
    band = None if len(true) > DENSE else band
    total, shown = len(names), min(len(names), MAX_TARGETS)
    across = 1 if shown == 1 else 2 if shown in (2, 4) else 3
    down, side = -(-shown // across), 4.0 if shown == 1 else 2.3
    wide, tall = LEFT + side + 0.3, BOTTOM + side + (0.1 if shown == 1 else 0.35)
    with style():
        figure = new_figure(across * wide + 0.1, TOP + down * tall)
        draw_heading(figure, title, described(true, predicted, shown, total, band))
        for k in range(shown):
            low = (down - 1 - k // across) * tall + BOTTOM
            ax = add_axes(figure, k % across * wide + LEFT, low, side, side)
            if band is not None:
                intervals(ax, true[:, k], band.lower[:, k], band.upper[:, k])
            panel(ax, true[:, k], predicted[:, k], 6 if shown == 1 else 4)
            if shown > 1:
                ax.set_title(shortened(names[k], 30), fontsize=9, loc="left", pad=4)
            what = f" {shortened(names[k], 30)}" if shown == 1 else ""
            ax.set_ylabel(f"predicted{what}" if k % across == 0 else "")
            ax.set_xlabel(f"true{what}" if k + across >= shown else "")
        return render(figure)


def described(
    true: Floats, predicted: Floats, shown: int, total: int, band: "IntervalBand | None" = None
) -> str:
    """What the line means, and what is not shown."""
    notes = ["on the line: exactly right"]
    if band is not None:
        notes.append(f"upright lines: {100 * band.level:.3g} % intervals")
    logarithmic = [scale_for(true[np.isfinite(true[:, k]), k]) for k in range(shown)]
    if any(scale.logarithmic for scale in logarithmic):
        notes.append(
            "logarithmic axes" if all(s.logarithmic for s in logarithmic) else "some axes logarithmic"
        )
    if any(one.logarithmic and (predicted[:, k] <= 0).any() for k, one in enumerate(logarithmic)):
        notes.append("predictions below lie on the edge")
    if len(true) > DENSE:
        notes.append("darker: more rows")
    lost = int((~np.isfinite(predicted)).any(axis=1).sum())
    if lost:
        notes.append(f"{lost:,} predictions are not numbers")
    if total > shown:
        notes.append(f"the first {shown} of {total} targets")
    return "; ".join(notes)


def intervals(ax: Axes, true: Floats, lower: Floats, upper: Floats) -> None:
    """A line upwards for each row, from one end of its interval to the other."""
    finite = np.isfinite(true) & np.isfinite(lower) & np.isfinite(upper)
    alpha, width = (0.35, 0.9) if len(true) <= 300 else (0.2, 0.6)
    ax.vlines(
        true[finite],
        lower[finite],
        upper[finite],
        color=DARK,
        alpha=alpha,
        linewidth=width,
        rasterized=len(true) > IMAGE,
    )


def panel(ax: Axes, true: Floats, predicted: Floats, ticks: int) -> None:
    """One target: a point for each row, or the density of rows."""
    finite = np.isfinite(true) & np.isfinite(predicted)
    true, predicted = true[finite], predicted[finite]
    scale = scale_for(true)
    low, high = bounds(scale, true, predicted)
    predicted = np.maximum(predicted, low)
    if len(true) > DENSE:
        density(ax, scale, true, predicted, low, high)
    else:
        size, alpha = (16, 0.6) if len(true) <= 300 else (7, 0.4)
        ax.scatter(
            true, predicted, s=size, color=DARK, alpha=alpha, linewidths=0, rasterized=len(true) > IMAGE
        )
    ax.plot([low, high], [low, high], color="black", linewidth=1.0, linestyle="--")
    scale.set(ax)
    ax.set_xlim(low, high)
    ax.set_ylim(low, high)
    scale.ticks(ax.xaxis, ticks)
    scale.ticks(ax.yaxis, ticks)


@dataclass(frozen=True)
class AxisScale:
    """The scale of both axes: linear or, for skewed targets, logarithmic, but linear up to `linear`."""

    logarithmic: bool = False
    linear: float = 0.0

    def position(self, values: Floats) -> Floats:
        """Where values lie on an axis."""
        if not self.logarithmic:
            return values
        if self.linear:
            return np.asarray(SymmetricalLogTransform(10, self.linear, 1).transform(values))
        return np.log10(np.maximum(values, np.finfo(float).tiny))

    def value(self, positions: Floats) -> Floats:
        """The values at positions."""
        if not self.logarithmic:
            return positions
        if self.linear:
            return np.asarray(SymmetricalLogTransform(10, self.linear, 1).inverted().transform(positions))
        return np.asarray(10.0**positions)

    def set(self, ax: Axes) -> None:
        """Give both axes this scale."""
        for set_scale in (ax.set_xscale, ax.set_yscale) if self.logarithmic else ():
            if self.linear:
                set_scale("symlog", linthresh=self.linear, linscale=1)
            else:
                set_scale("log")

    def ticks(self, axis: Axis, count: int) -> None:
        """Ticks at round numbers, or at powers of ten."""
        if not self.logarithmic:
            plain_ticks(axis, count)
            return
        locator = SymmetricalLogLocator(base=10, linthresh=self.linear) if self.linear else LogLocator()
        locator.set_params(numticks=count)
        axis.set_major_locator(locator)
        axis.set_major_formatter(FuncFormatter(lambda value, _: tick(value, 6)))
        axis.set_minor_formatter(NullFormatter())


def scale_for(true: Floats) -> AxisScale:
    """A logarithmic scale for targets from 0 on of which half lie in a small part of their range."""
    if not len(true) or true.min() < 0 or true.max() <= 0:
        return AxisScale()
    low, high = float(true.min()), float(true.max())
    if np.median(true) - low > SKEWED * (high - low) or high == low:
        return AxisScale()
    return AxisScale(logarithmic=True, linear=0.0 if low > 0 else float(np.quantile(true[true > 0], LEAST)))


def bounds(scale: AxisScale, true: Floats, predicted: Floats) -> tuple[float, float]:
    """The range of both axes, with a small margin; a logarithmic one is that of the true values below."""
    if not len(true):
        return 0.0, 1.0
    least = true.min() if scale.logarithmic else min(true.min(), predicted.min())
    low, high = scale.position(np.array([least, max(true.max(), predicted.max())]))
    margin = 0.04 * (high - low) or 0.04 * abs(high) or 1.0
    ends = scale.value(np.array([low - margin, high + margin]))
    return float(ends[0]), float(ends[1])


def density(ax: Axes, scale: AxisScale, true: Floats, predicted: Floats, low: float, high: float) -> None:
    """Counts of rows in small squares, on a log scale; empty squares stay white."""
    first, last = scale.position(np.array([low, high]))
    edges = np.linspace(first, last, BINS + 1)
    counts, _, _ = np.histogram2d(scale.position(true), scale.position(predicted), bins=[edges, edges])
    shade = np.where(counts > 0, 0.25 + 0.75 * np.log1p(counts) / np.log1p(counts.max()), np.nan)
    at = scale.value(edges)
    ax.pcolormesh(at, at, shade.T, cmap="Blues", vmin=0, vmax=1, zorder=1, rasterized=True)
