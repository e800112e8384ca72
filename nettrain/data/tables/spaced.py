"""Some of many rows, evenly spread over them."""

import numpy as np

from nettrain.data.tables.arrays import Indices


def spaced(rows: int, count: int) -> Indices:
    """At most `count` of so many rows, at even distances."""
    return np.unique(np.linspace(0, rows - 1, min(rows, count)).astype(np.int64))
