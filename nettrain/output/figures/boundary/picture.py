"""`boundary.png`: what networks predict all over the plane, or along a line, and the rows of the data."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nettrain.output.figures.boundary.key import draw_key
from nettrain.output.figures.boundary.marks import is_surface
from nettrain.output.figures.boundary.panels import WorldPanel, value_limits, world_panels
from nettrain.output.figures.boundary.points import draw_points
from nettrain.output.figures.boundary.predictions import draw_predictions
from nettrain.output.figures.canvas import Render, add_axes, draw_heading, new_figure, png, shortened, style
from nettrain.output.numbers import plural
from nettrain.workflow.small_world import WorldMap

ACROSS = 3  # panels side by side
SINGLE, SMALL = 4.2, 2.5  # inches: sides of one panel and of each of several
LINE_WIDTH, LINE_HEIGHT = 6.2, 3.4  # of a panel with one column
MOST_UNEQUAL = 2.0  # ratio of ranges up to which both columns have one scale
TOP, LEFT, BOTTOM, GAP, KEY = 0.72, 0.75, 0.55, 0.3, 1.5
MOST_PANELS = 12


def boundary_picture(seen: WorldMap, title: str, *, render: Render = png) -> bytes:
    """A PNG with a panel for each view, and for each target where there are several."""
    panels = world_panels(seen)
    shown = panels[:MOST_PANELS]
    with style():
        figure, axes = _arrange(seen, shown)
        draw_heading(figure, title, _note(seen, len(panels)))
        limits = value_limits(seen, shown)
        for k, (ax, panel) in enumerate(zip(axes, shown, strict=True)):
            _draw_panel(ax, seen, panel, limits[k])
            if len(shown) > 1:
                ax.set_title(shortened(panel.title, 34), fontsize=9, loc="left", pad=4)
        draw_key(figure, axes[_across(len(axes)) - 1], seen, shown[0], limits[0])
        return render(figure)


def _draw_panel(ax: Axes, seen: WorldMap, panel: WorldPanel, limits: tuple[float, float]) -> None:
    """The predictions and, on top, the rows; `limits` are the lowest and the highest number drawn."""
    draw_predictions(ax, seen, panel, limits)
    draw_points(ax, seen, panel, limits)


def _arrange(seen: WorldMap, panels: Sequence[WorldPanel]) -> tuple[Figure, list[Axes]]:
    """A figure with axes for the panels, and room for the key on the right."""
    across = _across(len(panels))
    down = math.ceil(len(panels) / across)
    width, height = _panel_size(seen, len(panels))
    key = KEY + (0.35 if is_surface(seen) else 0.0)
    wide, tall = LEFT + width, BOTTOM + height + (0.25 if len(panels) > 1 else 0.0)
    figure = new_figure(across * wide + GAP + key, TOP + down * tall)
    axes = [
        add_axes(figure, k % across * wide + LEFT, (down - 1 - k // across) * tall + BOTTOM, width, height)
        for k in range(len(panels))
    ]
    return figure, axes


def _across(panels: int) -> int:
    """How many panels stand side by side."""
    return 2 if panels == 4 else min(ACROSS, panels)


def _panel_size(seen: WorldMap, count: int) -> tuple[float, float]:
    """Inches of a panel; columns of similar ranges have one scale, so that circles are round."""
    if len(seen.axes) == 1:
        return (LINE_WIDTH, LINE_HEIGHT) if count == 1 else (SMALL * 1.15, SMALL * 0.85)
    side = SINGLE if count == 1 else SMALL
    wide, tall = (high - low for low, high in seen.world.ranges)
    ratio = tall / wide
    if not 1 / MOST_UNEQUAL <= ratio <= MOST_UNEQUAL:
        return side, side
    return (side, side * ratio) if ratio <= 1 else (side / ratio, side)


def _note(seen: WorldMap, panels: int) -> str:
    """What the colours mean, and what is not shown."""
    world = seen.world
    notes = []
    if world.task.targets != "numbers" and len(seen.axes) == 2:
        paler = ", paler where the network is unsure" if world.task.probabilities else ""
        notes.append(f"colour: the predicted class{paler}")
    elif len(seen.axes) == 2:
        notes.append("colour: the predicted number; of a mark: the true one")
    elif world.task.targets == "numbers":
        notes.append("line: what the network predicts; dots: the rows")
    else:
        notes.append("lines: what the network predicts; marks: the rows by class")
    if any(one.total > len(one.x) for one in world.points):
        shown = sum(len(one.x) for one in world.points)
        notes.append(f"{shown:,} of {sum(one.total for one in world.points):,} rows")
    if world.left_out:
        notes.append(f"{plural(world.left_out, 'row')} with gaps left out")
    if panels > MOST_PANELS:
        notes.append(f"the first {MOST_PANELS} of {panels} panels")
    return "; ".join(notes)
