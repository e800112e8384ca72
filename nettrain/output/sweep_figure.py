"""`parameters.png`: the figure of every trial against each parameter."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from nettrain.output.sweep_progress import shown

WIDTH, HEIGHT = 3.6, 3.0  # inches of one panel
COLUMNS = 3
COLOURS = {"finished": "#4878a8", "pruned": "#b9c4d0", "best": "#d1495b", "lost": "#888888"}


@dataclass(frozen=True)
class TrialPoint:
    """One trial: its status, its figure (None when it has none) and its values."""

    status: str
    figure: float | None
    values: Mapping[str, Any]


@dataclass(frozen=True)
class ParameterAxis:
    """One searched key; `log` says that its scale is one of ratios."""

    key: str
    log: bool


def parameters_picture(
    points: Sequence[TrialPoint], axes: Sequence[ParameterAxis], metric: str, *, maximize: bool
) -> bytes:
    """A PNG with a panel for each parameter; the best trial is marked in all of them."""
    told = [point for point in points if point.figure is not None and math.isfinite(point.figure)]
    columns = 2 if len(axes) == 4 else min(COLUMNS, len(axes))
    rows = math.ceil(len(axes) / columns)
    picture = Figure(figsize=(WIDTH * columns, HEIGHT * rows), layout="constrained")
    FigureCanvasAgg(picture)
    finished = [point for point in told if point.status == "finished"]
    choose = max if maximize else min
    best = choose(finished, key=lambda point: point.figure or 0.0) if finished else None
    panels = list(picture.subplots(rows, columns, squeeze=False).flat)
    for axis, panel in zip(axes, panels, strict=False):
        _panel(panel, axis, told, [point for point in points if point not in told], best, metric)
    for panel in panels[len(axes) :]:
        panel.set_axis_off()
    content = BytesIO()
    picture.savefig(content, format="png", dpi=120)
    return content.getvalue()


def _panel(
    panel: Axes,
    axis: ParameterAxis,
    told: Sequence[TrialPoint],
    lost: Sequence[TrialPoint],
    best: TrialPoint | None,
    metric: str,
) -> None:
    drawn = [point for point in told if axis.key in point.values]
    numbers = all(_is_number(point.values[axis.key]) for point in [*drawn, *lost] if axis.key in point.values)
    names = sorted({shown(point.values[axis.key]) for point in [*drawn, *lost] if axis.key in point.values})
    for status in ("pruned", "finished"):
        some = [point for point in drawn if point.status == status]
        x = [_place(point, axis, names, k, numbers=numbers) for k, point in enumerate(some)]
        y = [point.figure or 0.0 for point in some]
        panel.plot(x, y, "o", ms=4, alpha=0.7, mew=0, color=COLOURS[status])
    if best is not None and axis.key in best.values:
        x = [_place(best, axis, names, 0, numbers=numbers)]
        panel.plot(x, [best.figure or 0.0], "*", ms=13, color=COLOURS["best"], mec="white")
    _mark_lost(panel, axis, lost, names, numbers=numbers)
    if numbers and axis.log:
        panel.set_xscale("log")
    elif not numbers:
        panel.set_xticks(range(len(names)), names, rotation=20 if max(map(len, names)) > 10 else 0)
        panel.set_xlim(-0.5, len(names) - 0.5)
        _mark_medians(panel, axis, drawn, names)
    panel.set_xlabel(axis.key)
    panel.set_ylabel(metric.replace("_", " "))
    values = [point.figure or 0.0 for point in drawn]
    if values and min(values) > 0 and max(values) > 4 * min(values):
        panel.set_yscale("log")
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}" if _leads(value) else ""))
    panel.spines[["top", "right"]].set_visible(False)


def _mark_medians(panel: Axes, axis: ParameterAxis, drawn: Sequence[TrialPoint], names: list[str]) -> None:
    """A line at the median of each choice."""
    for place, name in enumerate(names):
        figures = [point.figure or 0.0 for point in drawn if shown(point.values[axis.key]) == name]
        if figures:
            panel.plot([place - 0.3, place + 0.3], [median(figures)] * 2, color="#333333", lw=1.5)


def _mark_lost(
    panel: Axes, axis: ParameterAxis, lost: Sequence[TrialPoint], names: list[str], *, numbers: bool
) -> None:
    """Trials without a figure as ticks on the upper edge."""
    some = [point for point in lost if axis.key in point.values]
    if not some:
        return
    x = [_place(point, axis, names, k, numbers=numbers) for k, point in enumerate(some)]
    panel.plot(
        x,
        [1.0] * len(x),
        "x",
        ms=5,
        color=COLOURS["lost"],
        transform=panel.get_xaxis_transform(),
        clip_on=False,
    )


def _place(point: TrialPoint, axis: ParameterAxis, names: list[str], turn: int, *, numbers: bool) -> float:
    """Where a point lies; points of one choice are spread a little, or they would hide each other."""
    value = point.values[axis.key]
    return float(value) if numbers else names.index(shown(value)) + 0.12 * ((turn * 7) % 5 - 2) / 2


def _leads(value: float) -> bool:
    """Whether a value between powers of ten is written at a logarithmic axis: 2 and 5 of each."""
    return round(value / 10 ** math.floor(math.log10(value) + 1e-9)) in (2, 5)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
