"""Small multiples: many panels of one kind in a grid, with the key in the heading."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nettrain.output.figures.canvas import add_axes, draw_heading

ACROSS = 4  # panels side by side
LEFT, RIGHT, BOTTOM = 0.5, 0.15, 0.45  # inches around a panel
TOP, KEY = 0.65, 0.27  # of the picture: the heading, and the key
TITLE = 0.3  # above a panel


@dataclass(frozen=True)
class PanelGrid:
    """`count` panels of this width and height in inches, below a heading with or without a key."""

    count: int
    width: float
    height: float
    key: bool = False

    @property
    def across(self) -> int:
        return min(ACROSS, self.count)

    @property
    def down(self) -> int:
        return math.ceil(self.count / self.across)

    @property
    def size(self) -> tuple[float, float]:
        """Inches of the picture."""
        wide, tall = self._cell
        return self.across * wide + 0.1, TOP + KEY * self.key + self.down * tall

    @property
    def _cell(self) -> tuple[float, float]:
        return LEFT + self.width + RIGHT, TITLE + self.height + BOTTOM

    def axes(self, figure: Figure) -> list[Axes]:
        """The panels' axes, row by row."""
        wide, tall = self._cell
        return [
            add_axes(
                figure,
                k % self.across * wide + LEFT,
                (self.down - 1 - k // self.across) * tall + BOTTOM,
                self.width,
                self.height,
            )
            for k in range(self.count)
        ]


def draw_frame(figure: Figure, title: str, note: str, key: Sequence[Artist]) -> None:
    """The heading, and below it what the lines mean."""
    draw_heading(figure, title, note)
    across, up = figure.get_size_inches()
    figure.legend(
        handles=list(key),
        loc="upper left",
        bbox_to_anchor=(0.05 / across, 1 - 0.56 / up),
        ncols=len(key),
        frameon=False,
        borderpad=0.2,
        handlelength=2.2,
        columnspacing=1.4,
    )
