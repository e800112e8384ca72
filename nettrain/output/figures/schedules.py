"""`nettrain list schedule --figure`: the learning rate, or the momentum, over a run."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from nettrain.output.figures.canvas import DARK, RULE, draw_heading, new_figure, plain_ticks, png, style
from nettrain.output.figures.small_multiples import PanelGrid
from nettrain.workflow.schedule_curves import ScheduleCurve


def schedules_picture(curves: Sequence[ScheduleCurve], title: str, note: str) -> bytes:
    """A PNG with a panel for each schedule, all on one scale."""
    grid = PanelGrid(len(curves), 1.95, 1.3) if len(curves) > 1 else PanelGrid(1, 5.2, 3.0)
    highest = max(float(curve.values.max()) for curve in curves)
    lowest = min(float(curve.values.min()) for curve in curves)
    with style():
        figure = new_figure(*grid.size)
        draw_heading(figure, title, note)
        for curve, ax in zip(curves, grid.axes(figure), strict=True):
            _draw(ax, curve, large=len(curves) == 1)
            ax.set_ylim(min(0.0, lowest) if lowest < 0.3 * highest else 0.9 * lowest, 1.08 * highest)
            plain_ticks(ax.yaxis, 4)
        return png(figure)


def _draw(ax: Axes, curve: ScheduleCurve, *, large: bool) -> None:
    ax.plot(curve.epochs, curve.values, color=DARK, linewidth=1.8)
    ax.set_xlim(0, curve.epochs[-1])
    ax.set_title(curve.name, fontsize=10, fontweight="bold", loc="left", pad=4)
    if curve.assumed:
        ax.set_xlabel(curve.assumed, fontsize=9 if large else 7, color="#444444", labelpad=2)
    plain_ticks(ax.xaxis, 5)
    ax.tick_params(length=2, color=RULE, labelsize=9 if large else 7.5)
