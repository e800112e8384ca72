"""Whether rows are held in memory or stay on disk, and columns of numbers in scratch files."""

from typing import Literal

import numpy as np

from nettrain.backend.device import format_bytes
from nettrain.backend.host_memory import available_memory
from nettrain.backend.scratch_file import block_rows, drop_pages, scratch_array, scratch_folder
from nettrain.data.reading.arrays import as_inputs
from nettrain.data.tables.arrays import AnyArray, Numbers

Storage = Literal["auto", "memory", "disk"]
SHARE = 2  # of the available memory, one part in so many is for rows
INPUT_BYTES = 4  # of a number as an input, in most runs


def stays_on_disk(storage: Storage, numbers: int, size: int) -> bool:
    """Whether so many numbers, which take so many bytes as they are read, stay on disk.

    With `auto` they do where they and the inputs made of them would take more than half of the memory.
    """
    return storage == "disk" or (
        storage == "auto" and SHARE * (size + INPUT_BYTES * numbers) > available_memory()
    )


def storage_note(origin: str, size: int) -> str:
    """What a person should know of numbers of so many bytes that stay on disk."""
    return (
        f"{origin}: {format_bytes(size)} of numbers stay on disk, in temporary files in {scratch_folder()}; "
        "data.storage: memory reads them whole"
    )


def columns_of_rows(rows: AnyArray, origin: str) -> list[Numbers]:
    """The columns of rows (N, C) that lie in a file, in a scratch file, each in one piece.

    Raises DataError when rows do not hold numbers.
    """
    first = as_inputs(rows[:1], "the array", origin)
    columns: Numbers = scratch_array((rows.shape[1], len(rows)), first.dtype)
    if rows.flags.f_contiguous:
        for column, target in zip(rows.T, columns, strict=True):
            target[:] = as_inputs(np.array(column)[:, None], "the array", origin)[:, 0]
            drop_pages(rows)
            drop_pages(columns)
        return list(columns)
    step = block_rows(rows.strides[0])
    for start in range(0, len(rows), step):
        block = as_inputs(np.array(rows[start : start + step]), "the array", origin)
        columns[:, start : start + step] = block.T
        drop_pages(rows)
        drop_pages(columns)
    return list(columns)
