"""NumPy arrays as rows of numbers."""

import tokenize
import zipfile
import zlib
from typing import cast

import numpy as np

from nettrain.data.tables.arrays import AnyArray, Numbers
from nettrain.errors import DataError

# what NumPy raises at a damaged file, whose header is read as Python, and which may promise any size
ARRAY_ERRORS = (
    *(ValueError, EOFError, OSError, SyntaxError, tokenize.TokenError, MemoryError, OverflowError),
    *(zipfile.BadZipFile, zlib.error, NotImplementedError),
)


def as_inputs(x: AnyArray, name: str, origin: str) -> Numbers:
    """x as rows of numbers (N, C); booleans count as 0 and 1. Raises DataError when it holds others."""
    if x.dtype.kind not in "buif" or not x.ndim or not x.size:
        raise DataError(f"{origin}: {name} holds {described(x)}, expected rows of numbers")
    flat = x.reshape(len(x), -1)
    if x.dtype.kind == "b":
        return flat.view(np.uint8)
    return cast(Numbers, flat.astype(plain_dtype(x.dtype), copy=False))


def plain_dtype(dtype: np.dtype[np.generic]) -> np.dtype[np.generic]:
    """The type in native byte order that holds all its numbers and that every reader of columns knows."""
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):
        return np.dtype(np.float32 if dtype.itemsize < 4 else np.float64)
    return dtype.newbyteorder("=")


def described(array: AnyArray) -> str:
    """`complex128 of shape (3, 2)`."""
    return f"{array.dtype} of shape {array.shape}"
