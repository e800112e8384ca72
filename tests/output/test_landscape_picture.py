"""The colours of a loss landscape."""

import numpy as np
import pytest
from matplotlib.colors import LogNorm

from nettrain.output.figures.landscape import color_scale

NOTHING = np.array([])


@pytest.mark.parametrize(
    ("losses", "path", "low", "high", "logarithmic"),
    [
        ([0.5, 2.0], [0.75], 0.5, 2.0, False),  # all of it below three times the path
        ([0.1, 100.0, np.inf, np.nan], [0.2, np.nan], 0.1, 0.6, True),
        ([0.1, 1e6], NOTHING, 0.1, 100.0, True),  # without a path up to a thousand times the lowest
        ([-1.0, 500.0], [2.0], -1.0, 500.0, False),  # losses below 0 have no logarithm
        ([2.0, 2.0], [2.0], 2.0, 3.0, False),
        ([np.nan, np.inf], NOTHING, 0.0, 1.0, False),
    ],
)
def test_colours_go_from_the_lowest_loss_to_somewhat_above_the_path(losses, path, low, high, logarithmic):
    scale = color_scale(np.array(losses), np.array(path))
    assert (low, pytest.approx(high), logarithmic) == (scale.vmin, scale.vmax, isinstance(scale, LogNorm))
