"""Matplotlib figures as PNG or SVG bytes: the same data give the same file, however Matplotlib is set up.

Every function that draws a picture has `render: Render = png`; `svg` gives the same drawing for a page.
"""

import io
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
from matplotlib import rc_context, rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.axis import Axis, YAxis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

Render: TypeAlias = Callable[[Figure], bytes]

DPI = 110
DARK, LIGHT, RULE = "#1f4e9c", "#d9822b", "#666666"  # still apart when printed in grey
STEPS = [1, 2, 2.5, 5, 10]  # between ticks
STYLE: dict[str, object] = {
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": RULE,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "text.parse_math": False,  # a class may be called $5 to $10
    "axes.unicode_minus": True,
    "path.simplify": True,
    "svg.fonttype": "none",  # text stays text, which can be searched and read aloud
    "svg.hashsalt": "nettrain",  # names inside a file are the same in every process
}
DEFAULTS = {
    key: value for key, value in rcParamsDefault.items() if not key.startswith(("backend", "toolbar"))
}


@contextmanager
def style() -> Iterator[None]:
    """Our settings in place of the user's; a character that the font lacks is a box, without a warning."""
    settings: dict[Any, Any] = {**DEFAULTS, **STYLE}
    with warnings.catch_warnings(), rc_context(settings):
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure; width and height in inches."""
    figure = Figure((width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def png(figure: Figure) -> bytes:
    """The picture's bytes, without a date or a version."""
    data = io.BytesIO()
    with np.errstate(all="ignore"):  # the places of ticks may be beyond all numbers
        figure.savefig(data, format="png", metadata={"Software": None})
    return data.getvalue()


def svg(figure: Figure) -> bytes:
    """The picture as SVG without empty margins, a date or a version."""
    data = io.BytesIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with np.errstate(all="ignore"):
        figure.savefig(
            data, format="svg", dpi=2 * DPI, metadata=nothing, bbox_inches="tight", pad_inches=0.04
        )
    return data.getvalue()


def add_axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes at a position in inches from the lower left corner."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def draw_heading(figure: Figure, text: str, note: str = "") -> None:
    """A title at the upper left, and a line in grey below it."""
    across, up = figure.get_size_inches()
    for line, down, size, weight, color in (
        (shortened(text, int(across * 10)), 0.12, 11, "bold", "black"),
        (shortened(note, int(across * 14)), 0.36, 9, "normal", "#444444"),
    ):
        figure.text(
            0.12 / across,
            1 - down / up,
            line,
            va="top",
            ha="left",
            fontsize=size,
            fontweight=weight,
            color=color,
        )


def shortened(text: str, longest: int) -> str:
    """Text on one line, cut when it is longer."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def plain_ticks(axis: Axis, count: int = 6, *, integers: bool = False) -> None:
    """At most `count` ticks at round numbers, written in full with as many digits as tell them apart."""
    least = 1 if integers else 2
    axis.set_major_locator(MaxNLocator(count, steps=STEPS, integer=integers, min_n_ticks=least))
    low, high = axis.get_view_interval()
    digits = significant(low, high)
    axis.set_major_formatter(FuncFormatter(lambda value, _: tick(value, digits)))


def number_scale(axis: Axis, values: Sequence[float], *, log: bool = True) -> None:
    """Plain ticks, or where it may be a logarithmic scale for positive values of very different size."""
    if not log or not values or min(values) <= 0 or max(values) <= 4 * min(values):
        plain_ticks(axis, 5)
        return
    (axis.axes.set_yscale if isinstance(axis, YAxis) else axis.axes.set_xscale)("log")
    axis.set_major_formatter(FuncFormatter(lambda value, _: _decimal(value)))
    axis.set_minor_formatter(FuncFormatter(lambda value, _: _decimal(value) if _is_labelled(value) else ""))


def _decimal(value: float) -> str:
    """The label of a tick on a logarithmic axis: 0.002, 5,000, 1e6."""
    return tick(value, 6 if 1000 <= value < 1e6 else 3)


def _is_labelled(value: float) -> bool:
    """Whether a tick between powers of ten gets a label on a logarithmic axis: 2 and 5 of each decade."""
    return round(value / 10 ** math.floor(math.log10(value) + 1e-9)) in (2, 5)


def significant(low: float, high: float) -> int:
    """How many digits tell ticks between these two numbers apart."""
    largest, span = max(abs(low), abs(high)), abs(high - low)
    if not largest or not span:
        return 3
    apart = math.ceil(math.log10(largest / span)) + 3
    return min(15, max(apart, 6 if 1000 <= largest < 1e6 else 3))


def tick(value: float, digits: int) -> str:
    """The label of a tick: 0.25, 12,000, 3.2e9."""
    text = f"{value:,.{digits}g}"
    return text.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-").replace("-", "−")
