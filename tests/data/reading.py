"""Inputs of a whole source, as they are encoded for prediction."""

from typing import Any

import numpy as np

from nettrain.data.inputs import encode_splits
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.layout import read_aligned


def read_rows(source: str, preprocessing: Preprocessing, *, seed: int = 0, dtype: str = "float64") -> Any:
    """Inputs (N, D) of the rows of a source, with or without their target."""
    table = read_aligned(source, preprocessing.layout, preprocessing.target_names, seed, "train")
    return encode_splits({"rows": (table, np.arange(table.height))}, preprocessing, dtype)["rows"]
