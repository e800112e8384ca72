"""The losses of steps behind the curves: where they stand, what is drawn of many, and the axis."""

import io

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from nettrain.output.figures.curves import curves_picture
from nettrain.output.figures.step_line import MOST, draw_steps
from nettrain.output.history_curves import Curve, curve_of_steps


def test_a_step_stands_where_it_begins_in_its_epoch():
    frame = pl.DataFrame({"step": [1, 2, 3, 4, 5, 6], "batch_loss": [6.0, 5, 4, 3, 2, 1]})
    curve = curve_of_steps(frame, 3)
    np.testing.assert_allclose(curve.epochs, [0, 1 / 3, 2 / 3, 1, 4 / 3, 5 / 3])
    assert curve.values.tolist() == [[6, 5, 4, 3, 2, 1]]


def test_members_have_a_line_each_as_long_as_they_train():
    rows = {"member": [0, 4, 0, 4, 4], "step": [1, 1, 2, 2, 3], "batch_loss": [1.0, 2, 3, 4, 5]}
    curve = curve_of_steps(pl.DataFrame(rows), 2)
    np.testing.assert_array_equal(curve.values, [[1, 3, np.nan], [2, 4, 5]])


def axes(values, log=False):
    """Axes from 0.5 to 2 with these losses of steps behind."""
    ax = Figure().add_axes((0, 0, 1, 1))
    ax.set_yscale("log" if log else "linear")
    ax.set_ylim(0.5, 2)
    values = np.atleast_2d(values)
    draw_steps(ax, Curve(np.arange(values.shape[1]) / 10, values, "step"))
    return ax


def test_few_steps_are_a_line_of_their_mean_over_members():
    (line,) = axes([[1.0, 3, np.nan], [3.0, 5, 7]]).lines
    assert line.get_ydata().tolist() == [2, 4, 7]


def test_many_steps_are_the_band_that_they_fill():
    values = np.where(np.arange(20 * MOST) % 2, 1.0, 3.0)
    ax = axes(values)
    (band,) = ax.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max(), len(ax.lines)) == (1, 3, 0)


def test_losses_below_zero_do_not_move_a_logarithmic_axis():
    assert axes([-1.0, -3.0, 0.0], log=True).get_ylim() == (0.5, 2)
    assert axes([-1.0, -3.0, 0.0]).get_ylim()[0] < -2.9


@pytest.mark.parametrize("log", [False, True])
def test_a_single_batch_does_not_press_the_curves_flat(log):
    values = np.full(1000, 1.0)
    values[[10, 500]] = 1e9, 1e-9
    assert axes(values, log).get_ylim() == (0.5, 2)
    values[200:400] = 6.0
    assert axes(values, log).get_ylim() == (0.5, 6)


def test_losses_that_are_no_numbers_are_left_out():
    assert not axes(np.full(5, np.nan)).lines
    (line,) = axes([1.0, np.inf, np.nan]).lines
    assert line.get_ydata().tolist() == [1]


def test_the_picture_has_them_in_grey():
    rows = [{"member": 0, "epoch": e, "learning_rate": 0.1, "val_loss": 1 / (1 + e)} for e in range(6)]
    steps = Curve(np.arange(50) / 10, np.linspace(1, 0.1, 50)[None] * (1 + 0.3 * np.arange(50) % 2), "step")
    picture = curves_picture(rows, "a run", steps=steps)
    assert picture == curves_picture(rows, "a run", steps=steps)
    plain = curves_picture(rows, "a run")
    counts = [
        int((np.abs(imread(io.BytesIO(one))[..., :3] - 0xCF / 255).max(axis=-1) < 0.01).sum())
        for one in (picture, plain)
    ]
    assert counts[0] > counts[1] + 200
