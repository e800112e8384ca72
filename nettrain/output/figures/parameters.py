"""`parameters.png`: the figure of every trial against each parameter."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from nettrain.output.figures.canvas import (
    DARK,
    LIGHT,
    RULE,
    Render,
    add_axes,
    draw_heading,
    new_figure,
    number_scale,
    plain_ticks,
    png,
    shortened,
    style,
    tick,
)
from nettrain.output.sweep_progress import shown

WIDTH, HEIGHT = 2.6, 2.3  # inches of the axes of one panel
LEFT, RIGHT, TOP, BOTTOM = 0.8, 0.2, 0.75, 0.65  # inches around axes; TOP is of the picture
COLUMNS = 3
PRUNED = "#9fb3d1"  # paler than DARK in grey too
MAX_NAME = 14  # characters of a choice
DENSE = 400  # points from which an SVG has them as an image
MOST_BARS = 64  # trials whose deviations are drawn: more would hide the points


@dataclass(frozen=True)
class TrialPoint:
    """One trial: its status, its figure (None when it has none) and its searched values by key.

    `sd` is the standard deviation of the figure over folds, if there are any.
    """

    status: str
    figure: float | None
    values: Mapping[str, object]
    best: bool = False
    number: int = 0  # from 1
    sd: float | None = None

    @property
    def height(self) -> float:
        """The figure, NaN when there is none or it is infinite."""
        return self.figure if self.figure is not None and math.isfinite(self.figure) else math.nan


@dataclass(frozen=True)
class ParameterAxis:
    """One searched key; `log` says that it is searched on a logarithmic scale."""

    key: str
    log: bool


def parameters_picture(
    points: Sequence[TrialPoint],
    axes: Sequence[ParameterAxis],
    metric: str,
    title: str = "",
    *,
    render: Render = png,
) -> bytes:
    """A PNG with a panel for each parameter; the best trial is marked in all of them."""
    columns = 2 if len(axes) == 4 else min(COLUMNS, len(axes))
    rows = math.ceil(len(axes) / columns)
    wide, tall = LEFT + WIDTH + RIGHT, HEIGHT + BOTTOM
    with style():
        figure = new_figure(max(4.6, columns * wide), TOP + rows * tall)
        draw_heading(figure, title or metric.replace("_", " "), described(points))
        for k, axis in enumerate(axes):
            low = (rows - 1 - k // columns) * tall + BOTTOM
            panel = add_axes(figure, k % columns * wide + LEFT, low, WIDTH, HEIGHT)
            _draw_panel(panel, axis, [point for point in points if axis.key in point.values])
            panel.set_ylabel(metric.replace("_", " ") if k % columns == 0 else "")
        return render(figure)


def described(points: Sequence[TrialPoint]) -> str:
    """What the marks mean, of those that occur."""
    marks = {
        "orange star: the best trial": any(point.best for point in points),
        "pale: pruned": any(point.status == "pruned" for point in points),
        "crosses on top: no figure": any(not math.isfinite(point.height) for point in points),
        "bars: standard deviation over folds": _has_bars(points),
        "lines: medians": any(not _is_number(value) for point in points for value in point.values.values()),
    }
    return "; ".join(text for text, occurs in marks.items() if occurs)


def _draw_panel(panel: Axes, axis: ParameterAxis, points: Sequence[TrialPoint]) -> None:
    scale = _Scale(axis.key, points)
    measured = [point for point in points if math.isfinite(point.height)]
    lost = [point for point in points if not math.isfinite(point.height)]
    for status, color in (("pruned", PRUNED), ("finished", DARK)):
        some = [point for point in measured if point.status == status]
        heights = [point.height for point in some]
        (marks,) = panel.plot(scale.positions(some), heights, "o", ms=4, alpha=0.7, mew=0, color=color)
        marks.set_rasterized(len(some) > DENSE)
    _scale_values(panel, axis, scale)
    if not scale.numeric:
        _mark_medians(panel, axis.key, measured, scale.names)
    for point in measured:
        if point.best:
            x = scale.positions([point])
            panel.plot(x, [point.height], "*", ms=13, color=LIGHT, mec="black", mew=0.6, zorder=4)
    _mark_lost(panel, scale.positions(lost))
    panel.set_xlabel(shortened(axis.key, 40))
    number_scale(panel.yaxis, [point.height for point in measured])
    if _has_bars(points):
        _draw_bars(panel, measured, scale.positions(measured))


def _has_bars(points: Sequence[TrialPoint]) -> bool:
    return len(points) <= MOST_BARS and any(point.sd is not None for point in points)


def _draw_bars(panel: Axes, points: Sequence[TrialPoint], positions: Sequence[float]) -> None:
    """The standard deviation of each figure, as far as it lies within the panel."""
    lowest, highest = panel.get_ylim()
    for point, x in zip(points, positions, strict=True):
        if point.sd is not None and math.isfinite(point.sd):
            color = LIGHT if point.best else PRUNED
            ends = max(point.height - point.sd, lowest), min(point.height + point.sd, highest)
            panel.plot([x, x], ends, lw=1, color=color, zorder=1, solid_capstyle="butt")


def _scale_values(panel: Axes, axis: ParameterAxis, scale: "_Scale") -> None:
    """The axis of the parameter: numbers, or the names of choices."""
    if not scale.numeric:
        names = [shortened(name, MAX_NAME) for name in scale.names]
        slanted = sum(map(len, names)) > 26
        panel.set_xticks(range(len(names)), names, rotation=20 if slanted else 0, fontsize=8)
        panel.set_xlim(-0.5, len(names) - 0.5)
    elif axis.log:
        panel.set_xscale("log")
        panel.xaxis.set_major_locator(LogLocator(numticks=6))
        panel.xaxis.set_major_formatter(lambda value, _: tick(value, 3))
        panel.xaxis.set_minor_formatter(NullFormatter())
    else:
        plain_ticks(panel.xaxis, 5, integers=scale.integers)


class _Scale:
    """Positions of trials along one parameter: its numbers, or places for its choices."""

    def __init__(self, key: str, points: Sequence[TrialPoint]) -> None:
        self._key = key
        self.numeric = all(_is_number(point.values[key]) for point in points)
        self.integers = all(isinstance(point.values[key], int) for point in points)
        self.names = sorted({shown(point.values[key]) for point in points})
        self._order = {id(point): k for k, point in enumerate(points)}

    def positions(self, points: Sequence[TrialPoint]) -> list[float]:
        """Points of one choice are spread a little, or they would hide each other."""
        return [self._position(point.values[self._key], self._order[id(point)]) for point in points]

    def _position(self, value: object, k: int) -> float:
        if self.numeric and isinstance(value, int | float):
            return float(value)
        return self.names.index(shown(value)) + 0.12 * ((k * 7) % 5 - 2) / 2


def _mark_medians(panel: Axes, key: str, points: Sequence[TrialPoint], names: list[str]) -> None:
    """A line at the median of each choice."""
    for k, name in enumerate(names):
        heights = [point.height for point in points if shown(point.values[key]) == name]
        if heights:
            panel.plot([k - 0.3, k + 0.3], [median(heights)] * 2, color="black", lw=1.5)


def _mark_lost(panel: Axes, positions: Sequence[float]) -> None:
    """Trials without a figure as crosses on the upper edge."""
    if positions:
        edge, heights = panel.get_xaxis_transform(), [1.0] * len(positions)
        panel.plot(positions, heights, "x", ms=5, color=RULE, transform=edge, clip_on=False)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
