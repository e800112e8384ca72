"""What every threshold on the positive class's prediction would do: ROC and precision-recall curves."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from nettrain.inference.threshold_curve import ThresholdCurve, ThresholdPoint, thinned
from nettrain.output.figures.canvas import (
    DARK,
    LIGHT,
    RULE,
    Render,
    add_axes,
    draw_heading,
    new_figure,
    plain_ticks,
    png,
    style,
)

SIDE = 2.7  # inches
MARKS = "oD"  # of thresholds
LEFT, RIGHT, TOP, BOTTOM = 0.7, 0.15, 0.72, 0.5


def threshold_picture(
    curve: ThresholdCurve, marked: Sequence[ThresholdPoint], title: str, *, render: Render = png
) -> bytes:
    """The ROC curve beside the precision-recall curve; at most two `marked` thresholds are points on both."""
    drawn = thinned(curve)
    with style():
        figure = new_figure(2 * (LEFT + SIDE + RIGHT), TOP + SIDE + BOTTOM)
        draw_heading(figure, title, "dashed: guessing")
        roc = add_axes(figure, LEFT, BOTTOM, SIDE, SIDE)
        roc.plot([0, 1], [0, 1], "--", color="black", linewidth=1.0)
        roc.plot([0, *drawn.false_positives], [0, *drawn.recall], color=DARK, linewidth=1.7)
        handles = _mark(roc, marked, [(one.false_positives, one.recall) for one in marked])
        roc.legend(handles=handles, loc="lower right", frameon=False)
        _name(roc, "ROC", "false positive rate", "true positive rate (recall)")
        pr = add_axes(figure, 2 * LEFT + SIDE + RIGHT, BOTTOM, SIDE, SIDE)
        pr.axhline(curve.positives, linestyle="--", color="black", linewidth=1.0)
        pr.plot(drawn.recall, drawn.precision, color=DARK, linewidth=1.7, drawstyle="steps-pre")
        places = [(one.recall, 1.0 if one.precision is None else one.precision) for one in marked]
        _mark(pr, marked, places)
        _name(pr, "Precision and recall", "recall", "precision")
        return render(figure)


def _mark(ax: Axes, marked: Sequence[ThresholdPoint], places: Sequence[tuple[float, float]]) -> list[Line2D]:
    """A point for each threshold, each with a mark of its own."""
    drawn: list[Line2D] = []
    for one, mark, (x, y) in zip(marked, MARKS, places, strict=False):
        drawn += ax.plot(
            [x],
            [y],
            mark,
            color=LIGHT,
            markersize=7,
            markeredgecolor="black",
            clip_on=False,
            zorder=4,
            label=f"threshold {one.threshold:.2f}",
        )
    return drawn


def _name(ax: Axes, name: str, across: str, up: str) -> None:
    ax.set_title(name, fontsize=9, loc="left", pad=5)
    ax.set_xlabel(across)
    ax.set_ylabel(up)
    for axis in (ax.xaxis, ax.yaxis):
        plain_ticks(axis, 6)
    ax.set_xlim(-0.01, 1.01)
    ax.set_ylim(-0.01, 1.01)
    for axis in (ax.xaxis, ax.yaxis):
        plain_ticks(axis, 6)
    ax.tick_params(length=3, color=RULE)
