"""Parallel coordinates: each trial of a sweep is a line through its values to its figure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from nettrain.output.figures.canvas import (
    DARK,
    LIGHT,
    RULE,
    Render,
    add_axes,
    draw_heading,
    new_figure,
    png,
    shortened,
    significant,
    style,
    tick,
)
from nettrain.output.figures.parameters import ParameterAxis, TrialPoint
from nettrain.output.sweep_progress import shown
from nettrain.sweep.values import is_number

Floats = npt.NDArray[np.float64]
MAX_LINES = 300
MAX_NAMES = 12  # of choices on an axis
MAX_NAME = 16  # characters of a choice
HEIGHT, LEFT, RIGHT, TOP, BOTTOM, BETWEEN = 3.0, 0.75, 0.95, 0.85, 0.25, 1.35  # inches
TICKS = 5
SPREAD = 0.08  # of the height of an axis, of the lines of all choices
RATIO = 4  # of the largest to the smallest figure from which their axis is logarithmic


@dataclass(frozen=True, eq=False)
class CoordinateAxis:
    """One upright axis: its name, where each trial lies on it (N,) from 0 to 1, and its labels by place."""

    name: str
    places: Floats
    labels: Sequence[tuple[float, str]]


def parallel_picture(
    points: Sequence[TrialPoint],
    axes: Sequence[ParameterAxis],
    metric: str,
    title: str = "",
    *,
    maximize: bool = False,
    render: Render = png,
) -> bytes:
    """Lines of the trials that have a figure, the better the darker, from the parameters to the metric.

    The names of the lines in an SVG are `trial-` and the number of the trial, where points have one.
    """
    drawn = chosen([one for one in points if np.isfinite(one.height)], maximize=maximize)
    uprights = [_parameter_axis(axis, drawn) for axis in axes]
    heights = np.array([one.height for one in drawn])
    wide = bool(len(drawn)) and heights.min() > 0 and heights.max() > RATIO * heights.min()
    uprights.append(_numeric_axis(metric.replace("_", " "), heights, log=wide))
    width = LEFT + RIGHT + BETWEEN * (len(uprights) - 1)
    with style():
        figure = new_figure(max(4.6, width), TOP + HEIGHT + BOTTOM)
        more = f"; {len(drawn)} of {len(points)} trials" if len(drawn) < len(points) else ""
        pruned = "; dotted: pruned" if any(one.status == "pruned" for one in drawn) else ""
        note = f"a line is a trial, the better the darker; orange: the best{pruned}{more}"
        draw_heading(figure, title, note)
        ax = add_axes(figure, LEFT, BOTTOM, BETWEEN * (len(uprights) - 1), HEIGHT)
        _draw_lines(ax, drawn, uprights, maximize=maximize)
        _draw_uprights(ax, uprights)
        return render(figure)


def chosen(points: Sequence[TrialPoint], *, maximize: bool) -> list[TrialPoint]:
    """At most `MAX_LINES` trials: the best half of those, and others evenly over all ranks; the best last."""
    ranked = sorted(points, key=lambda one: -one.height if maximize else one.height)
    if len(ranked) > MAX_LINES:
        first = MAX_LINES // 2
        others = np.linspace(first, len(ranked) - 1, MAX_LINES - first).round().astype(int)
        ranked = ranked[:first] + [ranked[k] for k in np.unique(others)]
    ranked.reverse()
    ranked.sort(key=lambda one: one.best)
    return ranked


def _parameter_axis(axis: ParameterAxis, points: Sequence[TrialPoint]) -> CoordinateAxis:
    """The axis of one key: numbers on their scale, or choices one above the other; gaps where it has none."""
    values = [one.values.get(axis.key) for one in points]
    if all(is_number(value) for value in values if value is not None):
        numbers = np.array([float(value) if is_number(value) else np.nan for value in values])
        return _numeric_axis(axis.key, numbers, log=axis.log)
    names = sorted({shown(one.values[axis.key]) for one in points if axis.key in one.values})
    steps = np.linspace(SPREAD / 2, 1 - SPREAD / 2, len(names)) if len(names) > 1 else np.array([0.5])
    place = dict(zip(names, steps.tolist(), strict=True))
    texts = [shown(one.values[axis.key]) if axis.key in one.values else None for one in points]
    apart = SPREAD / len(names)  # lines of one choice would hide each other
    places = np.array(
        [
            np.nan if text is None else place[text] + apart * ((7 * k) % 13 - 6) / 6
            for k, text in enumerate(texts)
        ]
    )
    labels = [(place[name], shortened(name, MAX_NAME)) for name in names]
    return CoordinateAxis(axis.key, places, labels if len(labels) <= MAX_NAMES else [])


def _numeric_axis(name: str, numbers: Floats, *, log: bool) -> CoordinateAxis:
    known = numbers[np.isfinite(numbers)]
    log = log and bool(known.size) and bool((known > 0).all())
    scaled = np.log(numbers) if log else numbers
    ends = np.log(known) if log else known
    low, high = (float(ends.min()), float(ends.max())) if known.size else (0.0, 1.0)
    if high <= low:
        middle = float(np.exp(low)) if log else low
        return CoordinateAxis(name, np.where(np.isfinite(numbers), 0.5, np.nan), [(0.5, tick(middle, 3))])
    at = np.linspace(low, high, TICKS)
    values = np.exp(at) if log else at
    digits = 2 if log else significant(float(values[0]), float(values[-1]))
    labels = [(k / (TICKS - 1), tick(float(value), min(digits, 4))) for k, value in enumerate(values)]
    return CoordinateAxis(name, (scaled - low) / (high - low), labels)


def _draw_lines(
    ax: Axes, points: Sequence[TrialPoint], uprights: Sequence[CoordinateAxis], *, maximize: bool
) -> None:
    order = sorted(range(len(points)), key=lambda k: points[k].height, reverse=maximize)
    rank = {k: place / max(len(points) - 1, 1) for place, k in enumerate(order)}
    for k, point in enumerate(points):
        heights = [upright.places[k] for upright in uprights]
        strength = 1.0 if point.best else 0.08 + 0.7 * (1 - rank[k]) ** 2
        (line,) = ax.plot(
            range(len(uprights)),
            heights,
            ":" if point.status == "pruned" else "-",
            color=LIGHT if point.best else DARK,
            alpha=strength,
            linewidth=2.6 if point.best else 1.0,
            marker="o" if not np.isfinite(heights).all() else None,
            markersize=2,
            clip_on=False,
            solid_joinstyle="round",
        )
        if point.number:
            line.set_gid(f"trial-{point.number}")


def _draw_uprights(ax: Axes, uprights: Sequence[CoordinateAxis]) -> None:
    ax.set_xlim(0, len(uprights) - 1)
    ax.set_ylim(0, 1)
    ax.axis("off")
    for k, upright in enumerate(uprights):
        ax.axvline(k, color=RULE, linewidth=1.0, clip_on=False)
        name = upright.name if k == len(uprights) - 1 else upright.name.rpartition(".")[2]
        ax.text(k, 1.06, shortened(name, 20), ha="center", va="bottom", fontweight="bold")
        for place, label in upright.labels:
            ax.text(
                k + 0.03,
                place,
                label,
                ha="left",
                va="center",
                fontsize=8,
                bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.8},
            )
