"""Numbers of members in the form that kernels take."""

from collections.abc import Sequence

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.settings import Number


def columns(values: Sequence[Number], members: int) -> Floats:
    """k numbers, each of one member or stacked in any shape, as one array (R, k) of float64."""
    table = np.empty((members, len(values)))
    for k, value in enumerate(values):
        table[:, k] = np.asarray(value, dtype=float).reshape(-1)
    return table
