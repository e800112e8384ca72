"""`boundary.gif`: how the predictions of a network change while it trains."""

import io
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from nettrain.output.figures.boundary.panels import value_limits, world_panels
from nettrain.output.figures.boundary.points import draw_points
from nettrain.output.figures.boundary.predictions import draw_predictions
from nettrain.output.figures.canvas import add_axes, draw_heading, style
from nettrain.workflow.animation import Frame
from nettrain.workflow.small_world import WorldMap

Pixels = npt.NDArray[np.uint8]  # (height, width, 3)
DPI = 80
SIDE = 4.0  # inches of the axes
LEFT, RIGHT, TOP, BOTTOM = 0.7, 0.15, 0.65, 0.5
COLORS = 96  # of the whole animation
FRAME, LAST = 120, 2500  # milliseconds


def animation(frames: Sequence[Frame], title: str) -> bytes:
    """A GIF of the frames, repeated for ever; the last one stays for a while."""
    pictures = [Image.fromarray(pixels) for pixels in _drawn(frames, title)]
    palette = _palette(pictures)
    flat = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    data = io.BytesIO()
    flat[0].save(
        data,
        format="GIF",
        save_all=True,
        append_images=flat[1:],
        duration=[FRAME] * (len(flat) - 1) + [LAST],
        loop=0,
        optimize=False,
    )
    return data.getvalue()


def _drawn(frames: Sequence[Frame], title: str) -> Iterator[Pixels]:
    """The frames as pixels; what stays the same is laid out once."""
    seen, panel = frames[0].seen, world_panels(frames[0].seen)[0]
    limits = value_limits(seen, [panel])[0]
    width, height = _size(seen)
    with style():
        figure = Figure((width + LEFT + RIGHT, height + TOP + BOTTOM), dpi=DPI)
        FigureCanvasAgg(figure)
        draw_heading(figure, title, " ")
        ax = add_axes(figure, LEFT, BOTTOM, width, height)
        draw_points(ax, seen, panel, limits)
        label = figure.texts[-1]
        for frame in frames:
            label.set_text(frame.label)
            before = set(ax.get_children())
            draw_predictions(ax, frame.seen, world_panels(frame.seen)[0], limits)
            yield _pixels(figure)
            for artist in set(ax.get_children()) - before:
                artist.remove()


def _pixels(figure: Figure) -> Pixels:
    data = io.BytesIO()
    with np.errstate(all="ignore"):  # the places of ticks may be beyond all numbers
        figure.savefig(data, format="rgba")
    width, height = (int(inches * DPI) for inches in figure.get_size_inches())
    return np.frombuffer(data.getvalue(), np.uint8).reshape(height, width, 4)[..., :3].copy()


def _size(seen: WorldMap) -> tuple[float, float]:
    """Inches of the axes: columns of similar ranges have one scale."""
    if len(seen.axes) == 1:
        return 1.3 * SIDE, 0.75 * SIDE
    wide, tall = (high - low for low, high in seen.world.ranges)
    ratio = min(max(tall / wide, 0.5), 2.0)
    return (SIDE, SIDE * ratio) if ratio <= 1 else (SIDE / ratio, SIDE)


def _palette(pictures: Sequence[Image.Image]) -> Image.Image:
    """The colours of a first, a middle and the last picture."""
    some = [np.asarray(pictures[k]) for k in (0, len(pictures) // 2, -1)]
    return Image.fromarray(np.concatenate(some)).quantize(COLORS, dither=Image.Dither.NONE)
