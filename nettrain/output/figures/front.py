"""`front.png`: trials by two goals at a time, those that no other beats, and the stairs that they make."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from matplotlib.axes import Axes

from nettrain.output.figures.canvas import (
    DARK,
    LIGHT,
    RULE,
    Render,
    add_axes,
    draw_heading,
    new_figure,
    number_scale,
    png,
    style,
)

WIDTH, HEIGHT = 4.6, 3.2  # inches of the axes of the only panel
SMALL_WIDTH, SMALL_HEIGHT = 2.7, 2.3  # of each of several
LEFT, RIGHT, TOP, BOTTOM = 0.85, 0.25, 0.8, 0.6  # inches around axes; TOP is of the picture
COLUMNS = 3
BROKEN = "#999999"
MOST_NUMBERS = 12  # trials on the front that are numbered
DENSE = 400  # points from which an SVG has them as an image
MARGIN = 0.06  # of an axis, around its points


@dataclass(frozen=True)
class GoalAxis:
    """A goal: its name, whether larger values are better, and limits that constraints set."""

    name: str
    maximize: bool
    limits: tuple[float, ...] = ()

    @property
    def label(self) -> str:
        """Its name, and which values are better."""
        return f"{self.name.replace('_', ' ')} ({'larger' if self.maximize else 'smaller'} is better)"


@dataclass(frozen=True)
class GoalPoint:
    """A trial: its figure by each goal, whether it is on the front, and whether it breaks a constraint."""

    number: int
    figures: tuple[float, ...]
    on_front: bool = False
    breaks: bool = False


def front_picture(
    points: Sequence[GoalPoint], goals: Sequence[GoalAxis], title: str = "", *, render: Render = png
) -> bytes:
    """A panel for each pair of goals, the first of them upright; two goals have stairs along the front."""
    drawn = [one for one in points if all(map(math.isfinite, one.figures))]
    pairs = list(combinations(range(len(goals)), 2))
    columns = min(COLUMNS, len(pairs))
    rows = math.ceil(len(pairs) / columns)
    across, up = (WIDTH, HEIGHT) if len(pairs) == 1 else (SMALL_WIDTH, SMALL_HEIGHT)
    wide, tall = LEFT + across + RIGHT, up + BOTTOM
    with style():
        figure = new_figure(columns * wide, TOP + rows * tall)
        draw_heading(figure, title, described(drawn))
        for k, (y, x) in enumerate(pairs):
            low = (rows - 1 - k // columns) * tall + BOTTOM
            panel = add_axes(figure, k % columns * wide + LEFT, low, across, up)
            _draw_panel(panel, drawn, (goals[x], goals[y]), (x, y), stairs=len(pairs) == 1)
        return render(figure)


def described(points: Sequence[GoalPoint]) -> str:
    """What the marks mean, of those that occur."""
    marks = {
        "orange: no other trial beats these": any(one.on_front for one in points),
        "rings break a constraint": any(one.breaks for one in points),
    }
    return "; ".join(text for text, occurs in marks.items() if occurs)


def _draw_panel(
    panel: Axes,
    points: Sequence[GoalPoint],
    goals: tuple[GoalAxis, GoalAxis],
    places: tuple[int, int],
    *,
    stairs: bool,
) -> None:
    x, y = places
    front = [one for one in points if one.on_front]
    for some, (fill, edge, width, size) in (
        ([one for one in points if one.breaks], ("none", BROKEN, 0.9, 4.5)),
        ([one for one in points if not one.breaks and not one.on_front], (DARK, DARK, 0.0, 4.5)),
        (front, (LIGHT, "black", 0.6, 7.0)),
    ):
        across, up = [one.figures[x] for one in some], [one.figures[y] for one in some]
        (drawn,) = panel.plot(across, up, "o", mfc=fill, mec=edge, mew=width, ms=size)
        drawn.set(alpha=1.0 if some is front else 0.7, zorder=4 if some is front else 3)
        drawn.set_rasterized(len(some) > DENSE)
    for axis, goal, place in zip((panel.xaxis, panel.yaxis), goals, places, strict=True):
        number_scale(axis, [one.figures[place] for one in points], log=not goal.maximize)
    panel.margins(MARGIN)
    panel.set_xlabel(goals[0].label)
    panel.set_ylabel(goals[1].label)
    _draw_limits(panel, goals)
    if stairs and front:
        _draw_stairs(panel, [(one.figures[x], one.figures[y]) for one in front], goals)
    if len(front) <= MOST_NUMBERS:
        _number(panel, front, places)


def _number(panel: Axes, front: Sequence[GoalPoint], places: tuple[int, int]) -> None:
    """The numbers of trials beside their points, those of equal trials in one text."""
    texts: dict[tuple[float, float], list[str]] = {}
    for one in sorted(front, key=lambda one: one.number):
        texts.setdefault((one.figures[places[0]], one.figures[places[1]]), []).append(str(one.number))
    for place, numbers in texts.items():
        text = ", ".join(numbers)
        panel.annotate(text, place, xytext=(5, 5), textcoords="offset points", fontsize=8, zorder=5)


def _draw_limits(panel: Axes, goals: tuple[GoalAxis, GoalAxis]) -> None:
    """Limits of constraints as dashed lines, as far as they lie among the points."""
    ends = panel.get_xlim(), panel.get_ylim()
    for draw, goal, (low, high) in zip((panel.axvline, panel.axhline), goals, ends, strict=True):
        for limit in goal.limits:
            if low < limit < high:
                draw(limit, color=RULE, lw=1, ls="--", zorder=1)
    panel.set_xlim(ends[0])
    panel.set_ylim(ends[1])


def _draw_stairs(panel: Axes, front: Sequence[tuple[float, float]], goals: tuple[GoalAxis, GoalAxis]) -> None:
    """The border of what the front beats, to the worse ends of both axes."""
    corners = sorted(front, key=lambda one: -one[0] if goals[0].maximize else one[0])
    worst_x, worst_y = (
        ends[0] if goal.maximize else ends[1]
        for goal, ends in zip(goals, (panel.get_xlim(), panel.get_ylim()), strict=True)
    )
    x = [corners[0][0], *(one[0] for one in corners), worst_x]
    y = [worst_y, *(one[1] for one in corners), corners[-1][1]]
    panel.step(x, y, where="post", color=LIGHT, lw=1.5, zorder=2)
