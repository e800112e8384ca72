"""The losses of steps behind the curves of a run: a faint line, of many steps the band that they fill."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from nettrain.output.history_curves import Curve, Floats

COLOR = "#cfcfcf"
MOST = 1500  # steps that are drawn one by one
FEW_OUTSIDE = (1, 99)  # percentiles of the losses that fit into the picture: single batches go far


def draw_steps(ax: Axes, steps: Curve) -> None:
    """Draw the mean over members (R, S) below all that is there, and leave out what would press it flat."""
    middle = _mean(steps.values)
    shown = np.isfinite(middle)
    x, y = steps.epochs[shown], middle[shown]
    if not len(x):
        return
    low, high = ax.get_ylim()
    if len(x) <= MOST:
        ax.plot(x, y, color=COLOR, linewidth=0.8, zorder=0.5)
    else:
        ends, least, most = _band(x, y)
        ax.fill_between(ends, least, most, color=COLOR, linewidth=0, zorder=0.5)
    ax.set_ylim(*_limits(low, high, y, log=ax.get_yscale() == "log"))


def steps_handle() -> Line2D:
    """The line's entry in a legend."""
    return Line2D([], [], color=COLOR, linewidth=1.6, label="each step")


def _mean(values: Floats) -> Floats:
    """The mean over the members that have a step, NaN where none is a number."""
    there = np.isfinite(values)
    total = np.where(there, values, 0.0).sum(axis=0)
    middle: Floats = np.where(there.any(axis=0), total / np.maximum(there.sum(axis=0), 1), np.nan)
    return middle


def _band(x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """The smallest and the largest of equally many steps in a row, at their middle."""
    parts = np.array_split(np.arange(len(x)), MOST // 2)
    least, most = (np.array([f(y[part]) for part in parts]) for f in (np.min, np.max))
    return np.array([x[part].mean() for part in parts]), least, most


def _limits(low: float, high: float, y: Floats, *, log: bool) -> tuple[float, float]:
    """The limits of an axis, moved to show most of the losses."""
    positive = y[y > 0] if log else y
    if not len(positive):
        return low, high
    first, last = np.percentile(positive, FEW_OUTSIDE)
    return min(low, float(first)), max(high, float(last))
