"""Range tests in the terminal and as a picture."""

import io

import numpy as np
import pytest
from matplotlib.image import imread
from rich.console import Console

from nettrain.checks.range_test.measurement import Losses
from nettrain.checks.range_test.population import RangeTest
from nettrain.checks.range_test.suggestion import valley, verdicts
from nettrain.checks.range_test.varied_number import VariedNumber
from nettrain.output.figures.range_test import range_test_picture
from nettrain.output.rate_curves import rate_curves
from nettrain.output.rate_view import show_finding
from nettrain.workflow.find_rate import RateFinding

NAN = float("nan")


def finding(values, losses, *, validation=None, key="optimizer.learning_rate", **changes):
    values, losses = np.array(values), np.array(losses)
    found = valley(losses, 1.0)
    test = RangeTest(
        number=VariedNumber(key),
        method=changes.pop("method", "population"),
        values=values,
        losses=Losses(1.0, losses, None if validation is None else np.array(validation)),
        verdicts=tuple(verdicts(losses, 1.0, found)),
        suggestion=found and found.middle(values, logarithmic=changes.get("logarithmic", True)),
        steps=50,
        **changes,
    )
    return RateFinding("flowers [red]", test, ("a note",), 1.5)


RATES = finding(
    [1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0],
    [0.9, 0.6, 0.3, 0.31, 40.0, NAN],
    validation=[1, 0.7, 0.4, 0.5, 9, NAN],
)
SHARES = finding([0.0, 0.2, 0.4, 0.6], [0.5, 0.4, 0.4, 0.8], key="model.dropout", logarithmic=False)
NONE = finding([1.0, 10.0, 100.0], [NAN] * 3)
RAMP = finding(np.geomspace(1e-6, 10, 300), np.linspace(1, 0.2, 300), method="ramp")


def shown(one):
    stream = io.StringIO()
    show_finding(Console(file=stream, width=80, markup=False, emoji=False, highlight=False), one)
    return stream.getvalue()


def test_the_table_the_curve_and_the_override():
    text = shown(RATES)
    assert "flowers [red]" in text
    assert "6 values of learning rate, 50 steps at each" in text
    rows = [
        line.split() for line in text.splitlines() if line.strip().endswith(("good", "rises", "diverged"))
    ]
    assert [["0.01", "0.3000", "0.4000", "good"], ["0.1", "0.3100", "0.5000", "good"]] == rows[:2]
    assert [["1", "40.00", "9.000", "rises"], ["10", "–", "–", "diverged"]] == rows[2:]
    assert "loss by learning rate   . training   o validation" in text
    assert "^ 0.03" in text
    assert "optimizer.learning_rate=0.03   in 1.5 s" == text.splitlines()[-1]


def test_without_a_suggestion_it_says_so():
    assert "no suggestion: no value lowers the loss" in shown(NONE)


def test_a_ramp_shows_32_of_its_steps():
    assert 32 == sum(
        line.rstrip().endswith(("too low", "good", "too high")) for line in shown(RAMP).splitlines()
    )


def test_losses_far_above_the_start_are_not_drawn():
    train, validation = rate_curves(RATES.test)
    assert [True] * 4 + [False] * 2 == np.isfinite(train.values[0]).tolist()
    assert [-4.0, -3, -2, -1, 0, 1] == train.epochs.tolist()
    assert "validation" == validation.split
    assert [0.0, 0.2, 0.4, 0.6] == rate_curves(SHARES.test)[0].epochs.tolist()


@pytest.mark.parametrize("one", [RATES, SHARES, NONE, RAMP], ids=["rates", "shares", "none", "ramp"])
def test_a_picture_is_the_same_every_time(one):
    picture = range_test_picture(one)
    assert picture == range_test_picture(one)
    pixels = imread(io.BytesIO(picture))
    assert pixels.shape[1] > pixels.shape[0] > 300
    assert pixels[..., :3].min() < 0.2


def test_values_of_which_none_lowers_the_loss_have_a_curve_without_a_mark():
    worse = finding([1e-3, 1e-2, 1e-1, 1.0], [1.01, 1.2, 1.5, 1.9])
    assert worse.override is None
    text = shown(worse)
    assert "no suggestion: no value lowers the loss, in 1.5 s" in text
    assert ["0.001", "1"] == text.splitlines()[-2].split()
    assert ["0.0001", "^", "0.03", "10"] == shown(RATES).splitlines()[-2].split()
