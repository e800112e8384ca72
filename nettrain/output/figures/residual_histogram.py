"""How residuals are spread: predicted minus true."""

from collections.abc import Sequence

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
    plain_ticks,
    png,
    shortened,
    style,
)

Floats = npt.NDArray[np.float64]
MAX_TARGETS = 6  # of which a panel is drawn
BINS = 41
INSIDE = 0.99  # of the rows lie in the range that is drawn
HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 2.1, 0.75, 0.2, 0.62, 0.55  # inches; TOP is of the picture


def residual_histogram(residuals: Floats, names: Sequence[str], title: str, *, render: Render = png) -> bytes:
    """A histogram of the residuals (N, T) of each target; those far outside count in the outermost bars."""
    shown = min(len(names), MAX_TARGETS)
    across = 1 if shown == 1 else 2 if shown in (2, 4) else 3
    down, wide = -(-shown // across), 5.2 if shown == 1 else 2.3
    width, height = LEFT + wide + RIGHT, HEIGHT + BOTTOM
    with style():
        figure = new_figure(across * width, TOP + down * height)
        draw_heading(figure, title, "line: no error; orange: 90 % of the rows lie between")
        for k in range(shown):
            low = (down - 1 - k // across) * height + BOTTOM
            ax = add_axes(figure, k % across * width + LEFT, low, wide, HEIGHT - 0.3)
            _draw(ax, residuals[:, k])
            ax.set_ylabel("rows" if k % across == 0 else "")
            what = f" {shortened(names[k], 30)}" if shown == 1 else ""
            ax.set_xlabel(f"predicted \u2212 true{what}" if k + across >= shown else "")
            if shown > 1:
                ax.set_title(shortened(names[k], 30), fontsize=9, loc="left", pad=4)
        return render(figure)


def _draw(ax: Axes, residuals: Floats) -> None:
    reach = float(np.quantile(np.abs(residuals), INSIDE)) or 1.0
    ax.hist(
        np.clip(residuals, -reach, reach), BINS, range=(-reach, reach), color=DARK, alpha=0.75, linewidth=0
    )
    ax.axvline(0, color="black", linewidth=1.0)
    for edge in np.quantile(residuals, [0.05, 0.95]):
        ax.axvline(float(np.clip(edge, -reach, reach)), color=LIGHT, linewidth=1.4, linestyle="--")
    plain_ticks(ax.xaxis, 5)
    plain_ticks(ax.yaxis, 4, integers=True)
    ax.tick_params(length=3, color=RULE)
