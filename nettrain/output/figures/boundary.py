"""`boundary.png`: what networks predict all over the plane, or along a line, and the rows of the data."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from nettrain.backend.base import Floats, HostArray
from nettrain.inference.intervals import IntervalBand
from nettrain.inference.outputs import with_negative_class
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
    tick,
)
from nettrain.output.numbers import plural
from nettrain.workflow.small_world import WorldMap

COLORS = (  # of classes
    *(DARK, LIGHT, "#3a9a6b", "#a8325e", "#7b7fc4"),
    *("#8c6d31", "#4db6d0", "#b0a800", "#6b4c9a", "#555555"),
)
MARKS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")
TINT = 0.5  # how much of its class's colour a region has where the network is sure
SURFACE, LEVELS = "viridis", 14
ACROSS = 3  # panels side by side
SINGLE, SMALL = 4.2, 2.5  # inches: sides of one panel and of each of several
LINE_WIDTH, LINE_HEIGHT = 6.2, 3.4  # of a panel with one column
MOST_UNEQUAL = 2.0  # ratio of ranges up to which both columns have one scale
TOP, LEFT, BOTTOM, GAP, KEY = 0.72, 0.75, 0.55, 0.3, 1.5
MOST_PANELS = 12
BAND = 0.18  # opacity of an interval
MOST_NAMED = 12  # classes in the key


@dataclass(frozen=True, eq=False)
class WorldPanel:
    """One panel: values (n₁, …, K) of the classes, or K = 1 of a number; y (N,) of each split's rows.

    `members` (R, n₁) are a number's predictions by each of several networks, `band` (2, n₁) the ends of an
    interval with the probability `held`.

    `sure` says that the values of classes are probabilities rather than scores. The second of two classes is
    predicted from its `threshold` on, if there is one.
    """

    title: str
    values: Floats
    y: tuple[HostArray, ...]
    classes: tuple[str, ...]
    sure: bool = True
    members: Floats | None = None
    threshold: float | None = None
    band: Floats | None = None
    held: float = 0.0


def boundary_picture(seen: WorldMap, title: str, *, render: Render = png) -> bytes:
    """A PNG with a panel for each view, and for each target where there are several."""
    panels = world_panels(seen)
    shown = panels[:MOST_PANELS]
    with style():
        figure, axes = _arrange(seen, shown)
        draw_heading(figure, title, _note(seen, len(panels)))
        limits = value_limits(seen, shown)
        for k, (ax, panel) in enumerate(zip(axes, shown, strict=True)):
            draw_panel(ax, seen, panel, limits[k])
            if len(shown) > 1:
                ax.set_title(shortened(panel.title, 34), fontsize=9, loc="left", pad=4)
        _key(figure, axes[_across(len(axes)) - 1], seen, shown[0], limits[0])
        return render(figure)


def world_panels(seen: WorldMap) -> list[WorldPanel]:
    """The panels of all views; labels and several numbers have one each."""
    task, points = seen.world.task, seen.world.points
    panels = []
    for view in seen.views:
        if task.targets in ("classes", "two classes"):
            y, sure = tuple(one.y for one in points), task.probabilities
            threshold = view.threshold(0)
            panels.append(
                WorldPanel(view.label, view.values, y, task.classes, sure=sure, threshold=threshold)
            )
            continue
        for k, name in enumerate(task.names):
            y = tuple(one.y[:, k] for one in points)
            title = " · ".join(filter(None, (view.label, name if len(task.names) > 1 else "")))
            values = view.values[..., k : k + 1]
            if task.targets == "labels":
                both = with_negative_class(values, task)
                sure, threshold = task.probabilities, view.threshold(k)
                panels.append(WorldPanel(title, both, y, ("0", "1"), sure=sure, threshold=threshold))
            else:
                members = None if view.members is None else view.members[..., k]
                panel = WorldPanel(title, values, y, (), members=members)
                panels.append(_with_band(panel, view.band, k))
    return panels


def _with_band(panel: WorldPanel, band: IntervalBand | None, target: int) -> WorldPanel:
    if band is None:
        return panel
    ends = np.stack([band.lower[:, target], band.upper[:, target]])
    return replace(panel, band=ends, held=band.probability)


def draw_panel(ax: Axes, seen: WorldMap, panel: WorldPanel, limits: tuple[float, float]) -> None:
    """The predictions and, on top, the rows; `limits` are the lowest and the highest number drawn."""
    draw_predictions(ax, seen, panel, limits)
    draw_points(ax, seen, panel, limits)


def draw_predictions(ax: Axes, seen: WorldMap, panel: WorldPanel, limits: tuple[float, float]) -> None:
    """Regions of classes or the surface of a number in the plane, curves over a line."""
    if len(seen.axes) == 1:
        _draw_curves(ax, seen.axes[0], panel)
    elif panel.classes:
        _draw_regions(ax, seen.axes, panel)
    else:
        _draw_surface(ax, seen.axes, panel.values[..., 0], limits)


def regions(values: Floats, *, sure: bool = True) -> Floats:
    """Colours (n₁, n₂, 3) of the classes' values (n₁, n₂, K): their tints, white where all are as likely.

    Where values are scores, the colour is that of the largest.
    """
    count = values.shape[-1]
    tints = np.array([to_rgb(COLORS[k % len(COLORS)]) for k in range(count)]) * TINT + (1 - TINT)
    weights = np.clip(np.nan_to_num(values), 0, 1) if sure else np.eye(count)[values.argmax(axis=-1)]
    strength = np.clip((weights.max(axis=-1, keepdims=True) * count - 1) / (count - 1), 0, 1)
    colors: Floats = np.clip(1 - strength * (1 - weights @ tints), 0, 1)
    return colors


def value_limits(seen: WorldMap, panels: Sequence[WorldPanel]) -> list[tuple[float, float]]:
    """The range of numbers of each panel's target, the same for all views."""
    count = max(1, len(panels) // max(1, len(seen.views))) if panels else 1
    limits = []
    for k in range(len(panels)):
        same = [panel for j, panel in enumerate(panels) if j % count == k % count]
        limits.append(_range(same))
    return limits


def _range(panels: Sequence[WorldPanel]) -> tuple[float, float]:
    """From the smallest to the largest true number, a little wider."""
    if panels[0].classes:
        return 0.0, 1.0
    true = np.concatenate(panels[0].y)
    low, high = float(true.min()), float(true.max())
    margin = 0.1 * (high - low) or 1.0
    return low - margin, high + margin


def _draw_regions(ax: Axes, axes: tuple[Floats, ...], panel: WorldPanel) -> None:
    """Regions in the colours of the classes, and lines between them."""
    image = regions(panel.values, sure=panel.sure).swapaxes(0, 1)
    ax.imshow(image, extent=_extent(axes), origin="lower", aspect="auto", interpolation="bilinear", zorder=0)
    for lead in _leads(panel):
        if lead.min() < 0 < lead.max():
            ax.contour(*axes, lead.T, levels=[0.0], colors=["#222222"], linewidths=0.9, zorder=1)


def _leads(panel: WorldPanel) -> Iterator[Floats]:
    """For each class by how much it leads (n₁, n₂), or the second of two reaches its threshold."""
    if panel.threshold is not None:
        yield np.nan_to_num(panel.values[..., 1] - panel.threshold)
        return
    for k in range(panel.values.shape[-1]):
        others = np.delete(panel.values, k, axis=-1).max(axis=-1)
        yield np.nan_to_num(panel.values[..., k] - others)


def _draw_surface(ax: Axes, axes: tuple[Floats, ...], values: Floats, limits: tuple[float, float]) -> None:
    levels = np.linspace(*limits, LEVELS + 1).tolist()
    ax.contourf(*axes, np.nan_to_num(values).T, levels=levels, cmap=SURFACE, extend="both", zorder=0)


def _extent(axes: tuple[Floats, ...]) -> tuple[float, float, float, float]:
    """The edges of an image whose pixels' middles are the places of a grid."""
    (left, right), (low, high) = ((float(axis[0]), float(axis[-1])) for axis in axes)
    half = [(float(axis[1] - axis[0])) / 2 for axis in axes]
    return left - half[0], right + half[0], low - half[1], high + half[1]


def _draw_curves(ax: Axes, x: Floats, panel: WorldPanel) -> None:
    """The predicted number, or the probability of each class; of two the positive one's."""
    if not panel.classes:
        if panel.band is not None:
            ax.fill_between(x, *panel.band, color=DARK, alpha=BAND, linewidth=0, zorder=1)
        for member in () if panel.members is None else panel.members:
            ax.plot(x, member, color="black", linewidth=0.6, alpha=0.5, zorder=3)
        ax.plot(x, panel.values[:, 0], color="black", linewidth=2.0, zorder=3)
        return
    first = 1 if len(panel.classes) == 2 else 0
    for k in range(first, len(panel.classes)):
        color = COLORS[k % len(COLORS)]
        ax.plot(x, panel.values[:, k], color=color, linewidth=2.0, zorder=3)
    if panel.threshold is not None:
        ax.axhline(panel.threshold, color="black", linewidth=0.9, linestyle="--", zorder=2)


def draw_points(ax: Axes, seen: WorldMap, panel: WorldPanel, limits: tuple[float, float]) -> None:
    """The rows of all splits; those that were not trained on have a ring."""
    size = _size(sum(one.total for one in seen.world.points)) * (0.6 if len(seen.views) > 1 else 1.0)
    for points, y in zip(seen.world.points, panel.y, strict=True):
        look = _Look(held_out=points.split != "train", size=size)
        if panel.classes:
            _draw_classes(ax, points.x, y, panel, look)
        elif len(seen.axes) == 2:
            _draw_values(ax, points.x, y, limits, look)
        else:
            _draw_numbers(ax, points.x[:, 0], y, look)
    _limit(ax, seen, panel)


@dataclass(frozen=True)
class _Look:
    """How the rows of a split are marked; `size` is the area of a training row's mark in square points."""

    held_out: bool
    size: float

    @property
    def edge(self) -> str:
        return "black" if self.held_out else "white"

    @property
    def area(self) -> float:
        return self.size * (1.3 if self.held_out else 1.0)

    @property
    def order(self) -> int:
        return 5 if self.held_out else 4


def _draw_classes(ax: Axes, x: Floats, y: HostArray, panel: WorldPanel, look: _Look) -> None:
    """Rows in the colour and with the mark of their class."""
    for k in range(len(panel.classes)):
        own = x[y == k]
        ax.scatter(
            own[:, 0],
            own[:, 1] if x.shape[1] == 2 else _strip(panel, k, len(own)),
            s=look.area,
            color=COLORS[k % len(COLORS)],
            marker=MARKS[k % len(MARKS)],
            edgecolors=look.edge,
            linewidths=0.7 if look.held_out else 0.3,
            zorder=look.order,
        )


def _draw_values(ax: Axes, x: Floats, y: HostArray, limits: tuple[float, float], look: _Look) -> None:
    """Rows in the colour of their number: those that are predicted well vanish in the surface."""
    ax.scatter(
        x[:, 0],
        x[:, 1],
        s=1.6 * look.area,
        c=y,
        cmap=SURFACE,
        norm=Normalize(*limits),
        edgecolors=look.edge,
        linewidths=0.8,
        zorder=look.order,
    )


def _draw_numbers(ax: Axes, x: Floats, y: HostArray, look: _Look) -> None:
    """Rows beside the curve of a number."""
    color = LIGHT if look.held_out else DARK
    ax.scatter(x, y, s=look.area, color=color, alpha=0.6, linewidths=0, zorder=2)


def _strip(panel: WorldPanel, number: int, count: int) -> Floats:
    """Heights for the rows of a class beside the curves: of two classes at 0 and 1, else below 0."""
    spread = 0.035 * (((np.arange(count) * 7) % 11) / 5 - 1)
    if len(panel.classes) == 2:
        return number + spread
    return -0.1 * (number + 1) + spread


def _size(rows: int) -> float:
    """The area of a row's mark in square points."""
    return 30.0 if rows <= 60 else 16.0 if rows <= 400 else 9.0


def _limit(ax: Axes, seen: WorldMap, panel: WorldPanel) -> None:
    """The axes in the columns' own units."""
    names = seen.world.columns
    ax.set_xlim(*seen.world.ranges[0])
    ax.set_xlabel(shortened(names[0], 40))
    if len(names) == 2:
        ax.set_ylim(*seen.world.ranges[1])
        ax.set_ylabel(shortened(names[1], 40))
        ax.grid(visible=False)
        for spine in ax.spines.values():
            spine.set_visible(True)
    elif panel.classes:
        ax.set_ylabel("probability" if panel.sure else "score")
    else:
        targets = seen.world.task.names  # several stand above their panels
        ax.set_ylabel(shortened(targets[0], 40) if len(targets) == 1 else "")
    small = len(seen.views) > 1
    plain_ticks(ax.xaxis, 4 if small else 6)
    if len(names) == 1 and panel.classes and panel.sure:
        ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    else:
        plain_ticks(ax.yaxis, 4 if small else 6)
    ax.tick_params(length=3, color=RULE)


def _arrange(seen: WorldMap, panels: Sequence[WorldPanel]) -> tuple[Figure, list[Axes]]:
    """A figure with axes for the panels, and room for the key on the right."""
    across = _across(len(panels))
    down = math.ceil(len(panels) / across)
    width, height = _panel_size(seen, len(panels))
    key = KEY + (0.35 if _is_surface(seen) else 0.0)
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


def _is_surface(seen: WorldMap) -> bool:
    return len(seen.axes) == 2 and seen.world.task.targets == "numbers"


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


def _key(
    figure: Figure, beside: Axes, seen: WorldMap, panel: WorldPanel, limits: tuple[float, float]
) -> None:
    """What marks and lines mean, right of the panels."""
    place = 1.0
    if _is_surface(seen):
        box = beside.get_position()
        across = figure.get_size_inches()[0]
        bar = figure.add_axes((box.x1 + 0.15 / across, box.y0, 0.13 / across, box.height))
        figure.colorbar(ScalarMappable(Normalize(*limits), SURFACE), cax=bar)
        bar.tick_params(length=3, color=RULE)
        bar.yaxis.set_major_formatter(lambda value, _: tick(value, 3))
        place += 0.6 / (across * box.width)
    beside.legend(
        handles=[*_class_marks(seen, panel), *_split_marks(seen, panel)],
        loc="upper left",
        bbox_to_anchor=(place, 1.0),
        frameon=False,
        borderaxespad=0.3,
        handletextpad=0.6,
        labelspacing=0.45,
    )


def _class_marks(seen: WorldMap, panel: WorldPanel) -> list[Artist]:
    """The mark of each class, or the line of the prediction."""
    if not panel.classes:
        if len(seen.axes) == 2:
            return []
        several = panel.members is not None
        mean = Line2D([], [], color="black", linewidth=2.0, label="mean" if several else "prediction")
        networks = [Line2D([], [], color="black", linewidth=0.6, label="networks")] if several else []
        name = f"{100 * panel.held:.3g} % interval"
        band = [] if panel.band is None else [Patch(color=DARK, alpha=BAND, linewidth=0, label=name)]
        return [mean, *networks, *band]
    task = seen.world.task
    named = panel.classes[:MOST_NAMED]
    prefix = (
        f"{shortened(task.names[0], 12)} " if task.targets == "two classes" and named == ("0", "1") else ""
    )
    marks: list[Artist] = [
        _mark(COLORS[k % len(COLORS)], MARKS[k % len(MARKS)], prefix + shortened(name, 16))
        for k, name in enumerate(named)
    ]
    more = len(panel.classes) - len(named)
    return [*marks, *([Line2D([], [], linestyle="", label=f"and {more} more")] if more > 0 else [])]


def _split_marks(seen: WorldMap, panel: WorldPanel) -> list[Artist]:
    """How rows that were trained on differ from others."""
    names = {"train": "training rows"} | {name: f"{name} rows" for name in ("validation", "test")}
    there = [one.split for one in seen.world.points]
    held_out = [split for split in there if split != "train"]
    if len(seen.axes) == 1 and not panel.classes:
        colors = {True: DARK, False: LIGHT}
        merged = {"train": names["train"]} if "train" in there else {}
        merged |= {"held out": _held_out(held_out)} if held_out else {}
        return [_mark(colors[key == "train"], "o", text) for key, text in merged.items()]
    marks = [_mark("#999999", "o", "training rows")] if "train" in there else []
    return [*marks, *([_mark("#999999", "o", _held_out(held_out), edge="black")] if held_out else [])]


def _held_out(splits: Sequence[str]) -> str:
    return f"{' and '.join(splits)} rows".replace("validation and test", "validation, test")


def _mark(color: str, mark: str, label: str, edge: str = "white") -> Line2D:
    return Line2D(
        [], [], linestyle="", marker=mark, color=color, markersize=6, markeredgecolor=edge, label=label
    )
