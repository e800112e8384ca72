"""Numbers of members in the form that kernels take."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nettrain.backend.base import HostArray


def columns(values: Sequence[Any], members: int) -> HostArray:
    """k values, each a number or one per member in any shape, as one array (R, k) of float64."""
    table = np.empty((members, len(values)))
    for k, value in enumerate(values):
        table[:, k] = np.asarray(value, dtype=float).reshape(-1)
    return table
