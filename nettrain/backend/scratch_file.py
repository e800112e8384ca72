"""Arrays in temporary files that are mapped into memory, for data that are larger than it.

The files have no name, so that nothing is left of them, however a process ends. Pages that were read or
written count as memory of the process until they are dropped; the system keeps them as long as it has room.
"""

import math
import mmap
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import HostArray
from nettrain.backend.coded_rows import BLOCK, CodedRows
from nettrain.backend.device import format_bytes
from nettrain.errors import DataError

BLOCK_BYTES = 64 << 20  # that are worked on before their pages are dropped
FEW_ROWS = 128  # from anywhere in a file that are read before pages are dropped
LARGE_FILES = Path("/var/tmp")  # where /tmp may be memory
CAN_ADVISE = hasattr(mmap, "MADV_DONTNEED")


class ScratchMap(mmap.mmap):
    """The mapping of a scratch file, by which its arrays are told from others."""


def scratch_folder() -> Path:
    """Where scratch files are: $TMPDIR, or else /var/tmp, or else the system's folder for such files."""
    if "TMPDIR" not in os.environ and os.access(LARGE_FILES, os.W_OK):
        return LARGE_FILES
    return Path(tempfile.gettempdir())


def scratch_array(shape: tuple[int, ...], dtype: npt.DTypeLike) -> HostArray:
    """Zeros in a new scratch file. Raises DataError when the disk has no room for them."""
    kind, count, folder = np.dtype(dtype), math.prod(shape), scratch_folder()
    size = max(1, count * kind.itemsize)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            _reserve(file.fileno(), size)
            content = ScratchMap(file.fileno(), size)
    except OSError as error:
        raise DataError(
            f"data.storage: {format_bytes(size)} for rows that stay on disk: {folder}: {error.strerror}; "
            "the variable TMPDIR names another folder"
        ) from error
    array: HostArray = np.frombuffer(content, kind, count).reshape(shape)
    return array


def _reserve(file: int, size: int) -> None:
    """Give a file its size. Where the disk may run full later, a process that writes to a mapping dies."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    else:
        os.ftruncate(file, size)


def is_scratch(array: HostArray) -> bool:
    """Whether an array, or what it is a view of, lies in a scratch file."""
    return isinstance(_mapping(array), ScratchMap)


def drop_pages(*arrays: HostArray) -> None:
    """Let go of the memory of mapped files, which are read again where they are needed; nothing is lost."""
    mappings = {id(one): one for array in arrays if (one := _mapping(array)) is not None}
    for mapping in mappings.values() if CAN_ADVISE else ():
        mapping.madvise(mmap.MADV_DONTNEED)


def expect_rows(array: HostArray, rows: npt.NDArray[np.intp]) -> None:
    """Let the system read these rows (M,) of a scratch file now, those that lie side by side in one go."""
    mapping, row_bytes = _mapping(array), array.strides[0]
    if not CAN_ADVISE or mapping is None or not len(rows):
        return
    there = np.sort(rows)
    ends = np.flatnonzero(np.diff(there) > 1)
    firsts, lasts = np.concatenate([[0], ends + 1]), np.concatenate([ends, [len(there) - 1]])
    for first, last in zip(there[firsts].tolist(), there[lasts].tolist(), strict=True):
        start = first * row_bytes // mmap.PAGESIZE * mmap.PAGESIZE
        mapping.madvise(mmap.MADV_WILLNEED, start, (last + 1) * row_bytes - start)


def row_blocks(array: HostArray) -> Iterator[HostArray]:
    """The rows of an array: all at once or, where they are coded or in a scratch file, in blocks.

    Pages of blocks are dropped behind them.
    """
    if not (is_scratch(array) or isinstance(array, CodedRows)) or not array.size:
        yield array
        return
    step = BLOCK if isinstance(array, CodedRows) else block_rows(array.nbytes // len(array))
    for start in range(0, len(array), step):
        yield array[start : start + step]
        drop_pages(array)


def rows_at(array: HostArray, index: HostArray) -> HostArray:
    """The rows of an array (N, …) that index (M,) names, in memory; of coded rows, coded.

    Around each row of a scratch file the system maps others, so that their pages are dropped now and then.
    """
    if isinstance(array, CodedRows):
        return array.at(index)
    if not is_scratch(array):
        return array[index]
    found = np.empty((len(index), *array.shape[1:]), array.dtype)
    for start in range(0, len(index), FEW_ROWS):
        found[start : start + FEW_ROWS] = array[index[start : start + FEW_ROWS]]
        drop_pages(array)
    return found


def rows_where(chosen: npt.NDArray[np.bool_], array: HostArray) -> HostArray:
    """The chosen (N,) rows of an array (N, …); of one in a scratch file, in another scratch file."""
    if not is_scratch(array):
        return array[chosen]
    found, end = scratch_array((int(chosen.sum()), *array.shape[1:]), array.dtype), 0
    step = block_rows(array.nbytes // len(array))
    flags = np.split(chosen, range(step, len(array), step))
    for block, here in zip(row_blocks(array), flags, strict=True):
        start, end = end, end + int(here.sum())
        found[start:end] = block[here]
    drop_pages(found)
    return found


def block_rows(row_bytes: int) -> int:
    """How many rows of so many bytes are a block: one at least."""
    return max(1, BLOCK_BYTES // max(1, row_bytes))


def _mapping(array: object) -> mmap.mmap | None:
    while isinstance(array, np.ndarray | memoryview):
        array = array.base if isinstance(array, np.ndarray) else array.obj
    return array if isinstance(array, mmap.mmap) else None
