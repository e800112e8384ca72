"""Pictures of small worlds: colours mean what the note says; the same data give the same bytes."""

import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib import axes as matplotlib_axes
from matplotlib.colors import to_rgb

from nettrain.catalogue.metrics import Task
from nettrain.output.figures.boundary.marks import COLORS
from nettrain.output.figures.boundary.panels import world_panels
from nettrain.output.figures.boundary.picture import boundary_picture
from nettrain.output.figures.boundary.predictions import regions
from nettrain.output.figures.canvas import svg
from nettrain.workflow.small_world import SmallWorld, WorldMap, WorldPoints, WorldView

GENERATOR = np.random.default_rng(0)
CLASSES = Task("classes", ("c",), ("a", "b", "c"))
TASKS = {
    "classes": CLASSES,
    "two classes": Task("two classes", ("c",), ("no", "yes")),
    "scores": Task("two classes", ("c",), ("0", "1"), probabilities=False),
    "many classes": Task("classes", ("c",), tuple(f"a class with a long name, {k}" for k in range(15))),
    "labels": Task("labels", ("p", "q")),
    "a number": Task("numbers", ("y",)),
    "two numbers": Task("numbers", ("$y_1", "$y_2$")),
}


def seen(task, columns, views=1, rows=40):
    width = len(task.classes) or len(task.names)
    axes = tuple(np.linspace(-2, 2, 30) for _ in range(columns))
    y = (
        GENERATOR.integers(0, width, rows)
        if task.classes
        else GENERATOR.integers(0, 2, (rows, width)) * 1.0
        if task.targets == "labels"
        else GENERATOR.normal(size=(rows, width))
    )
    splits = ("train", "test")
    points = tuple(WorldPoints(one, GENERATOR.normal(size=(rows, columns)) / 2, y, rows) for one in splits)
    values = GENERATOR.random((views, *[30] * columns, width))
    values /= values.sum(axis=-1, keepdims=True) if task.classes else 1
    shown = tuple(WorldView(f"view {k}", one) for k, one in enumerate(values))
    return WorldMap(SmallWorld(("x0", "x1")[:columns], task, points, None), axes, shown)


def text_of(world):
    """All text on the picture, lines one after the other."""
    drawn = boundary_picture(world, "a run", render=svg).decode()
    return " ".join(re.findall(">([^<]+)</text>", drawn))


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("task", TASKS)
def test_every_task_is_drawn(task, columns):
    world = seen(TASKS[task], columns, views=1 + (columns == 2))
    assert boundary_picture(world, "two runs").startswith(b"\x89PNG")


@pytest.mark.parametrize("columns", [1, 2])
def test_the_same_world_gives_the_same_picture(columns):
    world = seen(CLASSES, columns)
    assert boundary_picture(world, "a run") == boundary_picture(world, "a run")


def test_a_panel_for_each_view_and_each_target():
    titles = [panel.title for panel in world_panels(seen(TASKS["labels"], 2, views=2))]
    assert ["view 0 · p", "view 0 · q", "view 1 · p", "view 1 · q"] == titles
    assert 3 == len(world_panels(seen(CLASSES, 2, views=3)))


def test_a_label_has_the_probabilities_of_0_and_1():
    world = seen(TASKS["labels"], 2)
    panel = world_panels(world)[1]
    np.testing.assert_allclose(panel.values[..., 1], world.views[0].values[..., 1])
    np.testing.assert_allclose(panel.values.sum(axis=-1), 1)


def test_the_colour_is_the_tint_of_a_sure_class_and_white_where_all_are_as_likely():
    values = np.array([[[0.0, 1.0, 0.0], [1 / 3, 1 / 3, 1 / 3]]])
    sure, unsure = regions(values)[0]
    np.testing.assert_allclose(sure, np.array(to_rgb(COLORS[1])) * 0.5 + 0.5)
    np.testing.assert_allclose(unsure, 1.0)


def test_scores_are_coloured_by_the_largest():
    values = np.array([[[-7.0, 7.0], [0.1, -0.1]]])
    one, two = regions(values, sure=False)[0]
    np.testing.assert_allclose(one, np.array(to_rgb(COLORS[1])) * 0.5 + 0.5)
    np.testing.assert_allclose(two, np.array(to_rgb(COLORS[0])) * 0.5 + 0.5)


def test_scores_of_labels_are_not_drawn_as_probabilities():
    task = Task("labels", ("p", "q"), probabilities=False, boundary=0.5)
    panel = world_panels(seen(task, 2))[0]
    assert not panel.sure
    np.testing.assert_allclose(panel.values[..., 0] > panel.values[..., 1], panel.values[..., 1] < 0.5)


def test_the_note_says_what_is_not_shown(monkeypatch):
    monkeypatch.setattr("nettrain.output.figures.boundary.picture.MOST_PANELS", 3)
    world = seen(TASKS["labels"], 2, views=2)
    many = tuple(replace(one, total=5000) for one in world.world.points)
    part = replace(world, world=replace(world.world, points=many, left_out=1))
    assert "80 of 10,000 rows; 1 row with gaps left out; the first 3 of 4 panels" in text_of(part)
    whole = text_of(seen(TASKS["two classes"], 2))
    assert [False] * 3 == [text in whole for text in ("80", "left out", "panels")]


@pytest.mark.parametrize("columns", [1, 2])
def test_classes_part_where_the_second_reaches_its_threshold(columns, monkeypatch):
    world = seen(TASKS["two classes"], columns)
    view = replace(world.views[0], thresholds=(0.25,))
    drawn = {}
    monkeypatch.setattr(
        matplotlib_axes.Axes, "contour", lambda ax, x, y, lead, **_: drawn.setdefault("lead", lead.T)
    )
    monkeypatch.setattr(matplotlib_axes.Axes, "axhline", lambda ax, y=0, **_: drawn.setdefault("line", y))
    boundary_picture(replace(world, views=(view,)), "a run")
    if columns == 1:
        assert {"line": 0.25} == drawn
    else:
        np.testing.assert_array_equal(drawn["lead"] > 0, view.values[..., 1] > 0.25)
