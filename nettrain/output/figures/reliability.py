"""The share of right predictions by predicted probability."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from nettrain.inference.reliability import ReliabilityBin
from nettrain.output.figures.canvas import (
    DARK,
    RULE,
    Render,
    add_axes,
    draw_heading,
    new_figure,
    plain_ticks,
    png,
    style,
)

SIDE, LOW = 3.6, 0.8  # inches: of the square, height of the panel of rows
LEFT, RIGHT, TOP, BOTTOM, GAP = 0.75, 0.2, 0.62, 0.5, 0.16


def reliability_picture(bins: Sequence[ReliabilityBin], title: str, *, render: Render = png) -> bytes:
    """The share of right rows against the mean predicted probability of each bin, above the rows in it."""
    with style():
        figure = new_figure(LEFT + SIDE + RIGHT, TOP + SIDE + GAP + LOW + BOTTOM)
        draw_heading(figure, title, "dashed: as right as predicted; bars: rows of each bin")
        square = add_axes(figure, LEFT, BOTTOM + LOW + GAP, SIDE, SIDE)
        below = add_axes(figure, LEFT, BOTTOM, SIDE, LOW)
        _draw_shares(square, bins)
        _draw_rows(below, bins)
        for ax in (square, below):
            ax.set_xlim(0, 1)
            plain_ticks(ax.xaxis, 6)
            ax.tick_params(length=3, color=RULE, labelbottom=ax is below)
        below.set_xlabel("predicted probability")
        figure.align_ylabels([square, below])
        return render(figure)


def _draw_shares(ax: Axes, bins: Sequence[ReliabilityBin]) -> None:
    ax.plot([0, 1], [0, 1], "--", color="black", linewidth=1.0)
    predicted, right = [one.predicted for one in bins], [one.right for one in bins]
    for one in bins:  # how far a bin is off
        ax.plot([one.predicted] * 2, [one.predicted, one.right], color=DARK, linewidth=1.0, alpha=0.5)
    ax.plot(predicted, right, "o-", color=DARK, linewidth=1.7, markersize=5, clip_on=False)
    ax.set_ylim(0, 1)
    plain_ticks(ax.yaxis, 6)
    ax.set_ylabel("share right")


def _draw_rows(ax: Axes, bins: Sequence[ReliabilityBin]) -> None:
    widths = [one.high - one.low for one in bins]
    rows = [one.rows for one in bins]
    ax.bar([one.low for one in bins], rows, widths, align="edge", color=DARK, alpha=0.5, linewidth=0)
    ax.set_ylim(0, 1.1 * max(rows))
    plain_ticks(ax.yaxis, 3, integers=True)
    ax.set_ylabel("rows")
