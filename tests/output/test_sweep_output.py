"""What a sweep shows: lines to the letter, tables that fit, a picture with a panel for each parameter."""

import re
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import imread
from rich.console import Console

from nettrain.output.figures.parameters import ParameterAxis, TrialPoint, parameters_picture
from nettrain.output.short_keys import short_keys
from nettrain.output.sweep_progress import (
    LiveSweepDisplay,
    PlainSweepDisplay,
    RunningGroup,
    SweepState,
    line,
    shown,
)
from nettrain.output.sweep_report import Leader, best_table, fitting_table, sweep_report

STATE = SweepState(
    done=16,
    total=64,
    fresh=16,
    spent=2.0,
    left=0.75,
    metric="val_loss",
    groups=(RunningGroup(32, 3, 10),),
    best=7,
    figure=0.0912,
    values={"optimizer.learning_rate": 0.00123, "model.hidden": [64, 32]},
)
LEADERS = [Leader(7, 10, {"val_loss": 0.0912, "val_accuracy": 0.97}, {"a.rate": 0.001234, "b.form": [3]})]


def test_a_line_to_the_letter():
    assert line(STATE) == "trial 16/64  8.0/s, 6.0 s left  best val loss 0.09120 in trial 7"
    assert line(replace(STATE, fresh=0, best=None)) == "trial 16/64"
    assert line(replace(STATE, fresh=0, front=3)).endswith("best val loss 0.09120 in trial 7  front of 3")
    assert (
        line(replace(STATE, spent=64.0, done=64)) == "trial 64/64  15.0/min  best val loss 0.09120 in trial 7"
    )


def test_plain_lines_are_some_ten():
    out = StringIO()
    display = PlainSweepDisplay(Console(file=out, width=80))
    for done in range(201):
        display.show(replace(STATE, done=done, total=200))
    display.close()
    assert [text.partition("/")[0] for text in out.getvalue().splitlines()] == [
        f"trial {done:>3}" for done in range(20, 201, 20)
    ]


def test_the_live_view_shows_the_best_and_what_is_running():
    out = StringIO()
    display = LiveSweepDisplay(Console(file=out, width=80, force_terminal=True, color_system=None))
    display.show(STATE)
    for told in ("16/64 trials", "8.0/s, 6.0 s left", "trial 7  val loss 0.09120", "learning_rate 0.00123"):
        assert told in out.getvalue()
    assert "32 side by side, epoch 3/10" in out.getvalue()
    assert "front" not in out.getvalue()
    display.show(replace(STATE, done=STATE.total, front=1))
    assert " ".join(out.getvalue().split()).count("front 1 trial") == 1
    display.close()


def test_keys_are_as_short_as_they_can_be_told_apart():
    keys = ["optimizer.learning_rate", "model.seed", "data.seed"]
    assert list(short_keys(keys).values()) == ["learning_rate", "model.seed", "data.seed"]
    assert {"model.hidden.0": "hidden.0", "a": "a"} == short_keys(["model.hidden.0", "a"])


def test_a_narrow_terminal_goes_without_what_is_least_needed():
    def headers(width):
        console = Console(width=width, file=StringIO())
        return [
            column.header
            for column in fitting_table(console, LEADERS, "val_loss", ["a.rate", "b.form"]).columns
        ]

    assert headers(80) == ["trial", "val loss", "val accuracy", "epochs", "rate", "form"]
    assert headers(36) == ["trial", "val loss", "rate", "form"]


def test_values_in_the_table_have_three_digits():
    table = best_table(LEADERS, ["val_loss"], ["a.rate", "b.form"], epochs=False)
    assert [next(iter(column.cells)) for column in table.columns[:2]] == ["7", "0.09120"]
    assert [str(next(iter(column.cells))) for column in table.columns[2:]] == ["0.00123", "[3]"]


def test_figures_over_folds_have_their_deviations():
    table = best_table([replace(LEADERS[0], sd={"val_loss": 0.0123})], ["val_loss"], [], epochs=False)
    assert ["0.09120 ±0.01230"] == list(table.columns[1].cells)


def test_the_picture_has_a_panel_for_each_parameter_and_its_best_in_orange():
    points = [
        TrialPoint("finished", 0.1 + k / 10, {"rate": 10.0**-k, "form": "ab"[k % 2]}, best=k == 0)
        for k in range(6)
    ]
    points.append(TrialPoint("diverged", None, {"rate": 1.0, "form": "a"}))
    axes = [ParameterAxis("rate", log=True), ParameterAxis("form", log=False)]
    image = imread(BytesIO(parameters_picture(points, axes, "val_loss")))
    half = image.shape[1] // 2
    orange = np.abs(image[..., :3] - np.array([0xD9, 0x82, 0x2B]) / 255).max(axis=-1) < 0.02
    assert orange[:, :half].sum() > 20
    assert orange[:, half:].sum() > 20


def test_the_picture_shows_deviations_over_folds_of_few_trials():
    """The star is 13 points wide; bars of a deviation of 0.3 are longer."""
    points = [TrialPoint("finished", 0.1 + k / 4, {"rate": 10.0**-k}, best=k == 2, sd=0.3) for k in range(5)]
    axes = [ParameterAxis("rate", log=True)]

    def orange(drawn):
        image = imread(BytesIO(parameters_picture(drawn, axes, "val_loss")))
        return int(np.ptp(np.flatnonzero((image[..., 0] - image[..., 2] > 0.2).any(axis=1))))

    plain = orange([replace(point, sd=None) for point in points])
    assert orange(points) > 3 * plain
    assert plain == orange([*points, *points * 20])


def test_bars_are_drawn_where_deviations_are_known(monkeypatch):
    heights = []
    plot = Axes.plot
    monkeypatch.setattr(
        Axes, "plot", lambda ax, *xy, **named: heights.append(xy[1]) or plot(ax, *xy, **named)
    )
    points = [
        TrialPoint("finished", height, {"rate": 0.1}, sd=sd)
        for height, sd in ((0.5, 0.25), (0.75, None), (0.25, float("nan")), (1.0, 0.0))
    ]
    parameters_picture(points, [ParameterAxis("rate", log=True)], "val_loss")
    bars = [one for one in heights if isinstance(one, tuple)]
    assert [(0.25, 0.75), (1.0, 1.0)] == bars


def test_lists_and_blocks_are_shown_as_an_experiment_file_spells_them():
    block = {"name": "adam", "betas": [0.91234, 0.5], "amsgrad": True, "start": None}
    assert "{name: adam, betas: [0.9123, 0.5], amsgrad: true, start: null}" == shown(block)


def test_the_live_view_is_drawn_ten_times_a_second_and_at_the_end():
    out = StringIO()
    display = LiveSweepDisplay(Console(file=out, width=80, force_terminal=True, color_system=None))
    for done in (1, 2, 3):
        display.show(replace(STATE, done=done, best=None))
    assert ["1/64"] == re.findall(r"\d+/64", out.getvalue())
    assert "best" not in out.getvalue()
    display.show(replace(STATE, done=64))
    display.close()
    assert "64/64" in out.getvalue()


def test_a_terminal_may_be_too_narrow_for_all_that_can_be_left_out():
    leaders = [replace(LEADERS[0], figures={"val_loss": 0.0912, "val_accuracy": 0.97})]
    table = fitting_table(Console(width=10), leaders, "val_loss", ["a.rate", "b.form"])
    assert "val accuracy" not in [str(column.header) for column in table.columns]
    assert "val loss" in [str(column.header) for column in table.columns]


SUMMARY = {
    "metric": "val_loss",
    "goal": "minimize",
    "failures": {"3": "out of memory [red]"},
    "borders": ["a.rate: the best is at an end"],
    "trials": {"total": 4, "finished": 3, "pruned": 0, "diverged": 0, "failed": 1},
    "best": {"trial": 7},
    "timing": {"total_seconds": 2.0, "workers": 2},
}


def report(files):
    out = StringIO()
    sweep_report(
        Console(file=out, width=100, markup=False),
        SUMMARY,
        LEADERS,
        ["a.rate", "b.form"],
        [],
        [],
        Path("runs/a b"),
        files,
    )
    return out.getvalue().splitlines()


def test_the_report_says_why_trials_failed_and_what_to_do_with_the_best():
    lines = report(["best.yaml"])
    assert "trial 3 failed: out of memory [red]" in lines
    assert "warning  a.rate: the best is at an end" in lines
    assert "next     nettrain train 'runs/a b/best.yaml'" == lines[-1]
    assert "next     nettrain evaluate 'runs/a b/best'" == report(["best", "best.yaml"])[-1]
