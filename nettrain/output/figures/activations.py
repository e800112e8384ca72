"""`nettrain list activation --figure`: activation functions and their derivatives."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from nettrain.output.figures.canvas import DARK, LIGHT, RULE, new_figure, plain_ticks, png, style
from nettrain.output.figures.small_multiples import PanelGrid, draw_frame
from nettrain.workflow.activation_curves import ActivationCurve

LOW, HIGH = -2.0, 4.0  # of values, unless they are bounded by more
FAINT = "#9a9a9a"
NOTE = "dotted: a kink, where the derivative jumps; filled: the value that is taken there"


def activations_picture(curves: Sequence[ActivationCurve], title: str, note: str = "") -> bytes:
    """A PNG with a panel for each activation, of which all but a few have one scale."""
    size = (1.95, 1.5) if len(curves) > 1 else (4.8, 3.6)
    grid = PanelGrid(len(curves), *size, key=True)
    with style():
        figure = new_figure(*grid.size)
        draw_frame(figure, title, note or NOTE, _key(curves))
        for curve, ax in zip(curves, grid.axes(figure), strict=True):
            _draw(ax, curve, large=len(curves) == 1)
        return png(figure)


def _draw(ax: Axes, curve: ActivationCurve, *, large: bool) -> None:
    width = 2.2 if large else 1.7
    for companion in curve.companions:
        ax.plot(curve.x, companion, color=FAINT, linewidth=0.8)
    for piece in curve.pieces():
        ax.plot(curve.x[piece], curve.derivatives[piece], "--", color=LIGHT, linewidth=width)
    ax.plot(curve.x, curve.values, color=DARK, linewidth=width)
    _mark_kinks(ax, curve, 6 if large else 4)
    ax.axhline(0, color=RULE, linewidth=0.6)
    ax.axvline(0, color=RULE, linewidth=0.6)
    ax.set_xlim(curve.x[0], curve.x[-1])
    ax.set_ylim(*_limits(curve, bounded=large))
    if not large:
        ax.set_title(curve.name, fontsize=10, fontweight="bold", loc="left", pad=4)
    if curve.line:
        ax.set_xlabel(curve.line, fontsize=9 if large else 7, color="#444444", labelpad=2)
    plain_ticks(ax.xaxis, 5)
    plain_ticks(ax.yaxis, 4)
    ax.tick_params(length=2, color=RULE, labelsize=9 if large else 7.5)


def _mark_kinks(ax: Axes, curve: ActivationCurve, size: float) -> None:
    """A dotted line at each kink, empty marks where pieces of the derivative end, a full one where it is."""
    for kink, cut, taken in zip(curve.kinks, curve.cuts, curve.taken, strict=True):
        ax.axvline(kink, color=RULE, linewidth=0.9, linestyle=":")
        ends = curve.derivatives[[cut - 1, cut]]
        for heights, fill in ((ends.tolist(), "white"), ([taken], LIGHT)):
            ax.scatter(
                [kink] * len(heights), heights, s=size**2, c=fill, edgecolors=LIGHT, linewidths=1.2, zorder=4
            )


def _limits(curve: ActivationCurve, *, bounded: bool) -> tuple[float, float]:
    """One scale for all, a larger one where the curve goes on to a kink beyond it.

    With `bounded`, a closer one for a curve between -1 and 1.
    """
    if bounded and np.abs([curve.values, curve.derivatives]).max() <= 1:
        return -1.2, 1.2
    last = max(curve.kinks, default=0.0)
    return LOW, HIGH if last < HIGH else float(np.max(curve.values)) + 0.8


def _key(curves: Sequence[ActivationCurve]) -> list[Line2D]:
    lines = [
        Line2D([], [], color=DARK, linewidth=1.7, label="f(z)"),
        Line2D([], [], color=LIGHT, linewidth=1.7, linestyle="--", label="f′(z)"),
    ]
    if any(curve.companions for curve in curves):
        lines.append(Line2D([], [], color=FAINT, linewidth=0.8, label="its pieces, or other outputs"))
    return lines
