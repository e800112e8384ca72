"""What marks and lines mean, right of the panels."""

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from nettrain.output.figures.boundary.marks import BAND, COLORS, MARKS, SURFACE, is_surface
from nettrain.output.figures.boundary.panels import WorldPanel
from nettrain.output.figures.canvas import DARK, LIGHT, RULE, shortened, tick
from nettrain.workflow.small_world import WorldMap

MOST_NAMED = 12  # classes in the key


def draw_key(
    figure: Figure, beside: Axes, seen: WorldMap, panel: WorldPanel, limits: tuple[float, float]
) -> None:
    """What marks and lines mean, right of the panels."""
    place = 1.0
    if is_surface(seen):
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
        name = f"{100 * panel.level:.3g} % interval"
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
