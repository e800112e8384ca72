"""NumPy arrays as rows of numbers."""

from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.errors import DataError

Array = npt.NDArray[Any]


def as_inputs(x: Array, name: str, place: str) -> Array:
    """x as rows of numbers (N, C); booleans count as 0 and 1. Raises DataError when it holds others."""
    if x.dtype.kind not in "buif" or not x.ndim or not x.size:
        raise DataError(f"{place}: {name} holds {held(x)}, expected rows of numbers")
    flat = x.reshape(len(x), -1)
    if x.dtype.kind == "b":
        return flat.view(np.uint8)
    return flat.astype(plain_dtype(x.dtype), copy=False)


def plain_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The number type that holds all values and that every reader of columns knows, in native byte order."""
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):
        return np.dtype(np.float32 if dtype.itemsize < 4 else np.float64)
    return dtype.newbyteorder("=")


def held(array: Array) -> str:
    """`complex128 of shape (3, 2)`."""
    return f"{array.dtype} of shape {array.shape}"
