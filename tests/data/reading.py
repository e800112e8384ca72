"""Inputs of a whole source, as prediction sees them."""

from typing import Any

import numpy as np

from nettrain.data.inputs import encode_parts
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.layout import read_aligned


def read_rows(source: str, preprocessing: Preprocessing, *, seed: int = 0, dtype: str = "float64") -> Any:
    """Inputs (N, D) of the rows of a source, with or without their target."""
    table = read_aligned(source, preprocessing.layout, preprocessing.target_names, seed, "train")
    return encode_parts({"rows": (table, np.arange(table.height))}, preprocessing, dtype)["rows"]
