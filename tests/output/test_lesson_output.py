"""Lessons in pictures and in the terminal: the same data give the same bytes, and every line is there."""

import io

import numpy as np
from PIL import Image
from rich.console import Console

from nettrain.lessons.panel import Line, Panel
from nettrain.output.figures.lesson import COLORS, lesson_picture
from nettrain.output.lesson_view import plot_panel

X = np.arange(31.0)


def line(name: str, slope: float, seeds: int = 3) -> Line:
    return Line(name, X, np.exp(-slope * X) * (1 + 0.01 * np.arange(seeds)[:, None]))


def pixels(picture: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), dtype=int)


def shows(picture: bytes, color: str) -> bool:
    rgb = [int(color[k : k + 2], 16) for k in (1, 3, 5)]
    return bool((np.abs(pixels(picture) - rgb).max(axis=2) < 8).sum() > 50)


def test_the_same_panels_give_the_same_bytes_and_each_line_its_colour():
    panel = Panel("epoch", "training loss", [line("slow", 0.01), line("fast", 0.3)])
    first, second = lesson_picture([panel]), lesson_picture([panel])
    assert first == second
    assert [True, True, False] == [shows(first, color) for color in COLORS[:3]]


def test_a_line_on_another_one_is_dashed_so_that_both_are_seen():
    panel = Panel("epoch", "loss", [line("one", 0.1), Line("same", X, line("one", 0.1).y)])
    picture = lesson_picture([panel])
    assert [True, True] == [shows(picture, color) for color in COLORS[:2]]


def test_two_panels_and_long_names_make_the_picture_higher():
    panel = Panel("epoch", "loss", [line("one", 0.1)])
    many = Panel("epoch", "loss", [line(f"a contestant of a long name {k}", 0.1 * k) for k in range(5)])
    heights = [len(pixels(lesson_picture(panels))) for panels in ([panel], [many], [panel, panel])]
    assert heights == sorted(heights)
    assert len(set(heights)) == 3


def test_what_is_not_finite_is_left_out():
    broken = Line("broken", X, np.where(X < 10, 1.0, np.nan)[None])
    nothing = Line("nothing", X, np.full((1, 31), np.nan))
    panel = Panel("epoch", "loss", [broken, nothing, line("whole", 0.1)])
    assert shows(lesson_picture([panel]), COLORS[2])
    text = plotted(panel)
    assert "a broken" in text
    assert "c whole" in text
    assert "nothing" not in text


def plotted(panel: Panel) -> str:
    console = Console(file=io.StringIO(), width=80, markup=False, highlight=False)
    plot_panel(console, panel)
    return console.file.getvalue()


def test_the_terminal_has_a_letter_for_each_line_and_the_scale_that_is_asked_for():
    panel = Panel("epoch", "loss", [line("slow", 0.01), line("fast", 0.02)], log=True)
    text = plotted(panel)
    assert text.startswith("loss by epoch   a slow   b fast   (log scale)")
    assert "(log scale)" not in plotted(Panel("epoch", "loss", panel.lines, log=False))


def test_points_that_are_not_joined_are_left_to_the_picture():
    rng = np.random.default_rng(0)
    points = Line("trials", rng.random((5, 16)), rng.random((5, 16)), points=True)
    assert plotted(Panel("rate", "loss", [points])) == ""
    both = plotted(Panel("rate", "loss", [points, line("curve", 0.1)]))
    assert both.startswith("loss by rate   b curve")
    assert both.endswith("\n\n")
