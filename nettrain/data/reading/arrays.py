"""NumPy arrays as rows of numbers, and what files say of arrays before they are read."""

import ast
import math
import struct
import tokenize
from dataclasses import dataclass
from typing import IO, cast

import numpy as np

from nettrain.data.reading.archives import ZIP_ERRORS, brief
from nettrain.data.reading.room import refuse_without_room
from nettrain.data.tables.arrays import AnyArray, Numbers
from nettrain.errors import DataError

# what NumPy raises at a damaged file, whose header is read as Python, and which may promise any size
ARRAY_ERRORS = (
    *(*ZIP_ERRORS, OSError, SyntaxError, tokenize.TokenError, TypeError, AttributeError),
    *(RecursionError, AssertionError),
)
MAGIC = b"\x93NUMPY"
LENGTHS = {1: "<H", 2: "<I", 3: "<I"}  # of the header, by version
LONGEST_HEADER = 10_000  # bytes, as for NumPy


@dataclass(frozen=True)
class ArrayHeader:
    """What an NPY file says of its array."""

    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes of all its values."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(stream: IO[bytes]) -> ArrayHeader:
    """The header of an NPY file, which is at the stream's end then. Raises ValueError when it is none."""
    start = stream.read(len(MAGIC) + 2)
    if not start.startswith(MAGIC) or len(start) < len(MAGIC) + 2:
        raise ValueError("it is no NPY file")
    kind = LENGTHS.get(start[-2])
    if kind is None:
        raise ValueError(f"version {start[-2]} of the format is not known")
    digits = stream.read(struct.calcsize(kind))
    if len(digits) < struct.calcsize(kind):
        raise ValueError("its header is none")
    (length,) = struct.unpack(kind, digits)
    if length > LONGEST_HEADER:
        raise ValueError(f"a header of {length:,} bytes is too long")
    text = stream.read(length).decode("utf-8" if start[-2] == 3 else "latin-1")
    fields = ast.literal_eval(text.strip())
    if not isinstance(fields, dict) or {*fields} != {"descr", "fortran_order", "shape"}:
        raise ValueError("its header is none")
    shape = fields["shape"]
    if not isinstance(shape, tuple) or not all(type(one) is int and one >= 0 for one in shape):
        raise ValueError(f"{shape} is not a shape")
    return ArrayHeader(np.lib.format.descr_to_dtype(fields["descr"]), shape)


def refuse_promises(stream: IO[bytes], there: int, name: str, origin: str) -> None:
    """Raise DataError when an array in NPY form promises more than `there` bytes, or than fits into memory.

    Of a damaged header, what NumPy says is raised later.
    """
    try:
        header = read_header(stream)
    except (*ARRAY_ERRORS, struct.error) as error:
        raise DataError(f"{origin}: {name} is damaged or cut short ({brief(error)})") from error
    if header.dtype.hasobject:
        raise DataError(f"{origin}: {name} holds Python objects, which are not read; save numbers")
    if header.size > there:
        raise DataError(
            f"{origin}: {name} is cut short: {header.size:,} bytes for an array of shape {header.shape}, "
            f"{there:,} are there"
        )
    refuse_without_room(header.size, f"{origin}: {name}")


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
