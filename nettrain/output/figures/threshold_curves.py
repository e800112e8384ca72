"""What every threshold on the positive class's prediction would do: ROC and precision-recall curves."""

from collections.abc import Sequence

from matplotlib.axes import Axes

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
LEFT, RIGHT, TOP, BOTTOM = 0.7, 0.15, 0.72, 0.5


def threshold_picture(
    curve: ThresholdCurve, marked: Sequence[ThresholdPoint], title: str, *, render: Render = png
) -> bytes:
    """The ROC curve beside the precision-recall curve; `marked` thresholds are points on both."""
    drawn = thinned(curve)
    with style():
        figure = new_figure(2 * (LEFT + SIDE + RIGHT), TOP + SIDE + BOTTOM)
        draw_heading(figure, title, "dashed: guessing" + ("; points: thresholds" if marked else ""))
        roc = add_axes(figure, LEFT, BOTTOM, SIDE, SIDE)
        roc.plot([0, 1], [0, 1], "--", color="black", linewidth=1.0)
        roc.plot([0, *drawn.false_positives], [0, *drawn.recall], color=DARK, linewidth=1.7)
        _mark(roc, marked, [(one.false_positives, one.recall) for one in marked])
        _name(roc, "ROC", "false positive rate", "true positive rate (recall)")
        pr = add_axes(figure, 2 * LEFT + SIDE + RIGHT, BOTTOM, SIDE, SIDE)
        pr.axhline(curve.positives, linestyle="--", color="black", linewidth=1.0)
        pr.plot(drawn.recall, drawn.precision, color=DARK, linewidth=1.7, drawstyle="steps-pre")
        _mark(pr, marked, [(one.recall, 1.0 if one.precision is None else one.precision) for one in marked])
        _name(pr, "Precision and recall", "recall", "precision")
        return render(figure)


def _mark(ax: Axes, marked: Sequence[ThresholdPoint], places: Sequence[tuple[float, float]]) -> None:
    for one, (x, y) in zip(marked, places, strict=True):
        ax.plot([x], [y], "o", color=LIGHT, markersize=7, markeredgecolor="black", clip_on=False, zorder=4)
        left, low = x > 0.6, y > 0.5
        ax.annotate(
            f"{one.threshold:.2f}",
            (x, y),
            (-8 if left else 8, -12 if low else 8),
            textcoords="offset points",
            ha="right" if left else "left",
        )


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
