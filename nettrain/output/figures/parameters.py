"""`parameters.png`: the figure of every trial against each parameter."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from statistics import median

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from nettrain.output.sweep_progress import shown

WIDTH, HEIGHT = 3.6, 3.0  # inches of one panel
COLUMNS = 3
COLORS = {"finished": "#4878a8", "pruned": "#b9c4d0", "best": "#d1495b", "lost": "#888888"}


@dataclass(frozen=True)
class TrialPoint:
    """One trial: its status, its figure (None when it has none) and its searched values by key."""

    status: str
    figure: float | None
    values: Mapping[str, object]
    best: bool = False

    @property
    def height(self) -> float:
        """The figure, NaN when there is none or it is infinite."""
        return self.figure if self.figure is not None and math.isfinite(self.figure) else math.nan


@dataclass(frozen=True)
class ParameterAxis:
    """One searched key; `log` says that it is searched on a logarithmic scale."""

    key: str
    log: bool


def parameters_picture(points: Sequence[TrialPoint], axes: Sequence[ParameterAxis], metric: str) -> bytes:
    """A PNG with a panel for each parameter; the best trial is marked in all of them."""
    columns = 2 if len(axes) == 4 else min(COLUMNS, len(axes))
    rows = math.ceil(len(axes) / columns)
    picture = Figure(figsize=(WIDTH * columns, HEIGHT * rows), layout="constrained")
    FigureCanvasAgg(picture)
    panels = list(picture.subplots(rows, columns, squeeze=False).flat)
    for axis, panel in zip(axes, panels, strict=False):
        _draw_panel(panel, axis, [point for point in points if axis.key in point.values], metric)
    for panel in panels[len(axes) :]:
        panel.set_axis_off()
    content = BytesIO()
    picture.savefig(content, format="png", dpi=120)
    return content.getvalue()


def _draw_panel(panel: Axes, axis: ParameterAxis, points: Sequence[TrialPoint], metric: str) -> None:
    scale = _Scale(axis.key, points)
    measured = [point for point in points if math.isfinite(point.height)]
    lost = [point for point in points if not math.isfinite(point.height)]
    for status in ("pruned", "finished"):
        some = [point for point in measured if point.status == status]
        heights = [point.height for point in some]
        panel.plot(scale.positions(some), heights, "o", ms=4, alpha=0.7, mew=0, color=COLORS[status])
    for point in measured:
        if point.best:
            x = scale.positions([point])
            panel.plot(x, [point.height], "*", ms=13, color=COLORS["best"], mec="white")
    _mark_lost(panel, scale.positions(lost))
    if scale.numeric and axis.log:
        panel.set_xscale("log")
    elif not scale.numeric:
        names = scale.names
        panel.set_xticks(range(len(names)), names, rotation=20 if max(map(len, names)) > 10 else 0)
        panel.set_xlim(-0.5, len(names) - 0.5)
        _mark_medians(panel, axis.key, measured, names)
    panel.set_xlabel(axis.key)
    panel.set_ylabel(metric.replace("_", " "))
    _scale_heights(panel, [point.height for point in measured])
    panel.spines[["top", "right"]].set_visible(False)


class _Scale:
    """Positions of trials along one parameter: its numbers, or places for its choices."""

    def __init__(self, key: str, points: Sequence[TrialPoint]) -> None:
        self._key = key
        self.numeric = all(_is_number(point.values[key]) for point in points)
        self.names = sorted({shown(point.values[key]) for point in points})

    def positions(self, points: Sequence[TrialPoint]) -> list[float]:
        """Points of one choice are spread a little, or they would hide each other."""
        return [self._position(point.values[self._key], k) for k, point in enumerate(points)]

    def _position(self, value: object, k: int) -> float:
        if self.numeric and isinstance(value, int | float):
            return float(value)
        return self.names.index(shown(value)) + 0.12 * ((k * 7) % 5 - 2) / 2


def _scale_heights(panel: Axes, heights: Sequence[float]) -> None:
    """A logarithmic axis where figures are positive and of very different size."""
    if heights and min(heights) > 0 and max(heights) > 4 * min(heights):
        panel.set_yscale("log")
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.yaxis.set_minor_formatter(
            FuncFormatter(lambda value, _: f"{value:g}" if _is_labelled(value) else "")
        )


def _mark_medians(panel: Axes, key: str, points: Sequence[TrialPoint], names: list[str]) -> None:
    """A line at the median of each choice."""
    for k, name in enumerate(names):
        heights = [point.height for point in points if shown(point.values[key]) == name]
        if heights:
            panel.plot([k - 0.3, k + 0.3], [median(heights)] * 2, color="#333333", lw=1.5)


def _mark_lost(panel: Axes, positions: Sequence[float]) -> None:
    """Trials without a figure as crosses on the upper edge."""
    if positions:
        edge, heights = panel.get_xaxis_transform(), [1.0] * len(positions)
        panel.plot(positions, heights, "x", ms=5, color=COLORS["lost"], transform=edge, clip_on=False)


def _is_labelled(value: float) -> bool:
    """Whether a tick between powers of ten gets a label on a logarithmic axis: 2 and 5 of each decade."""
    return round(value / 10 ** math.floor(math.log10(value) + 1e-9)) in (2, 5)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
