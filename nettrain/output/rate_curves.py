"""Losses by value of a range test as curves, which the terminal and the picture draw."""

from collections.abc import Sequence

import numpy as np

from nettrain.backend.base import Floats
from nettrain.checks.range_test.population import RangeTest
from nettrain.output.history_curves import Curve

ROOM = 0.25  # above the loss before training, as a share of the losses' range: larger losses are not drawn


def rate_curves(test: RangeTest) -> Sequence[Curve]:
    """The training and the validation loss by value, or by its logarithm (log10)."""
    x = np.log10(test.values) if test.logarithmic else test.values
    splits = {"train": test.losses.training, "validation": test.losses.validation}
    highest = _highest(test)
    return [Curve(x, _cut(losses, highest), split) for split, losses in splits.items() if losses is not None]


def _highest(test: RangeTest) -> float:
    """The largest loss to draw: that before training, and a little more."""
    known = [losses for losses in (test.losses.training, test.losses.validation) if losses is not None]
    finite = [losses[np.isfinite(losses)] for losses in known]
    smallest = min((float(losses.min()) for losses in finite if losses.size), default=0.0)
    before = test.losses.before
    return before + ROOM * (before - smallest) if np.isfinite(before) and before > smallest else np.inf


def _cut(losses: Floats, highest: float) -> Floats:
    with np.errstate(invalid="ignore"):
        shown = np.where(losses <= highest, losses, np.nan)
    return shown[None]
