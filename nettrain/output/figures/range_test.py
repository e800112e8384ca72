"""`learning_rate.png`: the loss by learning rate, or by another number, with the suggestion marked."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.typing import LineStyleType

from nettrain.checks.range_test.population import RangeTest
from nettrain.checks.range_test.suggestion import FLAT
from nettrain.output.figures.canvas import (
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
from nettrain.output.figures.curves import STYLES, scale
from nettrain.output.history_curves import Curve
from nettrain.output.rate_curves import rate_curves
from nettrain.workflow.find_rate import RateFinding

WIDTH, HEIGHT = 7.2, 3.9  # inches of the picture
LEFT, RIGHT, TOP, BOTTOM = 0.85, 0.2, 0.9, 0.55
GOOD = "#dde9f7"  # behind the good values


def range_test_picture(finding: RateFinding, *, render: Render = png) -> bytes:
    """A PNG of the losses of all values that are worth drawing."""
    test, name = finding.test, finding.test.number.name.replace("_", " ")
    with style():
        figure = new_figure(WIDTH, HEIGHT)
        draw_heading(figure, f"{finding.experiment}: loss by {name}", _note(finding))
        ax = add_axes(figure, LEFT, BOTTOM, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM)
        curves = rate_curves(test)
        _draw(ax, test, curves)
        ax.set_xlabel(name)
        ax.set_ylabel("loss")
        _legend(ax, test, curves)
        return render(figure)


def _note(finding: RateFinding) -> str:
    """The suggestion, and from where on training diverged."""
    test = finding.test
    text = finding.override or "no value lowers the loss"
    diverged = [verdict == "diverged" for verdict in test.verdicts]
    return f"{text}; diverged at {test.values[diverged.index(True)]:.3g}" if any(diverged) else text


def _draw(ax: Axes, test: RangeTest, curves: Sequence[Curve]) -> None:
    """The curves, on the axis of the values, and the suggestion."""
    if test.logarithmic:
        ax.set_xscale("log")
    good = np.flatnonzero([verdict == "good" for verdict in test.verdicts])
    if good.size:
        ax.axvspan(test.values[good[0]], test.values[good[-1]], color=GOOD, linewidth=0)
    for curve in curves:
        color, line = STYLES[curve.split]
        mark = None if test.method == "ramp" else "o"
        ax.plot(test.values, curve.values[0], line, color=color, linewidth=1.7, marker=mark, markersize=3.5)
    if test.suggestion is not None:
        ax.axvline(test.suggestion, color="black", linewidth=0.9, linestyle=":")
    ax.set_xlim(test.values[0], test.values[-1])
    scale(ax, np.concatenate([curve.values.ravel() for curve in curves]), may_be_log=True)
    _label_values(ax, logarithmic=test.logarithmic)
    ax.tick_params(length=3, color=RULE)


def _label_values(ax: Axes, *, logarithmic: bool) -> None:
    if not logarithmic:
        plain_ticks(ax.xaxis, 8)
        return
    ax.xaxis.set_major_locator(LogLocator(numticks=12))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value, 3)))


def _legend(ax: Axes, test: RangeTest, curves: Sequence[Curve]) -> None:
    """The meaning of the lines, above the axes."""
    handles: list[Artist] = [_line(*STYLES[curve.split], curve.split) for curve in curves]
    if "good" in test.verdicts:
        label = "good" if test.method == "ramp" else f"within {FLAT:.0%} of the best"
        handles.append(Patch(color=GOOD, label=label))
    if test.suggestion is not None:
        handles.append(_line("black", ":", f"suggestion {test.suggestion:g}"))
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=len(handles),
        frameon=False,
        borderpad=0,
        handlelength=2.4,
    )


def _line(color: str, line: LineStyleType, label: str) -> Line2D:
    return Line2D([], [], color=color, linestyle=line, linewidth=1.7, label=label)
