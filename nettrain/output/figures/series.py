"""Colours and line styles of several series: apart for colour-blind readers, and in grey by their lines."""

from matplotlib.typing import LineStyleType

# Okabe and Ito (2008), without yellow, which is too light for lines, and with black last
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES: tuple[LineStyleType, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (3, 1, 1, 1, 1, 1)),
)


def series_style(position: int) -> tuple[str, LineStyleType]:
    """The colour and the line of a series by its position; 35 are all different."""
    return COLORS[position % len(COLORS)], LINES[position % len(LINES)]
