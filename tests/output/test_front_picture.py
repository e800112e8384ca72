"""The picture of a front: its stairs are the border of what it beats, its labels are the trials on it."""

import math

import pytest

from nettrain.output.figures.front import MOST_NUMBERS, GoalAxis, GoalPoint, front_picture
from nettrain.output.sweep_report import Leader, limits, spaced

LOSS, SIZE, SHARE = GoalAxis("val_loss", False), GoalAxis("parameters", False), GoalAxis("val_accuracy", True)
POINTS = [
    GoalPoint(1, (0.2, 30.0), on_front=True),
    GoalPoint(2, (0.4, 10.0), on_front=True),
    GoalPoint(3, (0.3, 20.0), on_front=True),
    GoalPoint(4, (0.3, 20.0), on_front=True),
    GoalPoint(5, (0.45, 35.0)),
    GoalPoint(6, (0.1, 5.0), breaks=True),
    GoalPoint(7, (math.nan, 5.0)),
]


def drawn(points, goals):
    """The figure that would be written."""
    figures = []
    front_picture(points, goals, "a title", render=lambda figure: figures.append(figure) or b"")
    return figures[0]


def stairs(panel):
    """The corners of the line along the front."""
    (line,) = [one for one in panel.lines if one.get_drawstyle() == "steps-post"]
    return list(zip(*(axis.tolist() for axis in line.get_data()), strict=True))


def test_stairs_go_from_the_worst_of_one_goal_to_the_worst_of_the_other():
    (panel,) = drawn(POINTS, [LOSS, SIZE]).axes
    corners = stairs(panel)
    assert [(10, 0.4), (20, 0.3), (20, 0.3), (30, 0.2)] == corners[1:-1]
    assert corners[0] == (10, panel.get_ylim()[1])
    assert corners[-1] == (panel.get_xlim()[1], 0.2)


def test_where_larger_is_better_they_lie_above():
    points = [GoalPoint(1, (0.9, 30.0), on_front=True), GoalPoint(2, (0.8, 10.0), on_front=True)]
    (panel,) = drawn(points, [SHARE, SIZE]).axes
    corners = stairs(panel)
    assert [(10, 0.8), (30, 0.9)] == corners[1:-1]
    assert corners[0] == (10, panel.get_ylim()[0])
    assert "val accuracy (larger is better)" == panel.get_ylabel()


def test_trials_on_the_front_are_numbered_equal_ones_together():
    (panel,) = drawn(POINTS, [LOSS, SIZE]).axes
    assert {"1", "2", "3, 4"} == {text.get_text() for text in panel.texts}


def test_the_trials_of_a_long_front_are_not_numbered():
    points = [GoalPoint(k, (k / 100, 1.0 / k), on_front=True) for k in range(1, MOST_NUMBERS + 2)]
    (panel,) = drawn(points, [LOSS, SIZE]).axes
    assert [] == list(panel.texts)
    (panel,) = drawn(points[1:], [LOSS, SIZE]).axes
    assert MOST_NUMBERS == len(panel.texts)


def test_three_goals_have_a_panel_for_each_pair_without_stairs():
    points = [GoalPoint(k, (0.1 * k, 10.0 / k, 0.5 + k / 10), on_front=k < 3) for k in range(1, 5)]
    panels = drawn(points, [LOSS, SIZE, SHARE]).axes
    labels = [(panel.get_xlabel().split(" (")[0], panel.get_ylabel().split(" (")[0]) for panel in panels]
    assert [
        ("parameters", "val loss"),
        ("val accuracy", "val loss"),
        ("val accuracy", "parameters"),
    ] == labels
    assert not any(one.get_drawstyle() == "steps-post" for panel in panels for one in panel.lines)


def test_limits_are_dashed_where_they_lie_among_the_points():
    axes = [GoalAxis("val_loss", False, (0.35, 9.0)), SIZE]
    (panel,) = drawn(POINTS, axes).axes
    assert [0.35] == [one.get_ydata()[0] for one in panel.lines if one.get_linestyle() == "--"]


def test_a_picture_without_a_front_is_still_one():
    assert front_picture([GoalPoint(1, (1.0, 2.0), breaks=True)], [LOSS, SIZE]).startswith(b"\x89PNG")


def test_of_a_long_front_the_table_has_both_ends_and_trials_between():
    leaders = [Leader(k, 1, {}, {}) for k in range(1, 25)]
    assert [1, 6, 12, 18, 24] == pytest.approx([one.trial for one in spaced(leaders, 5)], abs=1)
    assert [1, 24] == [one.trial for one in (spaced(leaders, 10)[0], spaced(leaders, 10)[-1])]
    assert leaders[:3] == spaced(leaders[:3], 10)


def test_limits_are_written_in_full():
    assert "parameters at most 50,000" == limits("parameters", None, 50000.0)
    assert "val accuracy at least 0.9125 and at most 1" == limits("val_accuracy", 0.9125, 1.0)
    assert "seconds per epoch at most 20.0 ms" == limits("seconds_per_epoch", None, 0.02)
