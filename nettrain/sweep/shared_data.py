"""Prepared data on disk, which every process maps into its memory instead of copying it.

The operating system keeps one copy of the pages for all processes that map them. A page becomes private as
soon as a process writes to it, so no process can disturb another. All arrays are in one file, since a mapping
holds its file open as long as it lives.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from nettrain.backend.scratch_file import row_blocks
from nettrain.data.labelled import Rows
from nettrain.data.prepare import Prepared
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.settings import DataSettings
from nettrain.data.tables.arrays import Numbers
from nettrain.files import write_error

SPLITS = ("train", "validation", "test")
ARRAYS = ("x", "y", "weight")
COLUMN_WEIGHT = "column_weight"
ALIGNMENT = 64  # bytes, of the first element of every array


@dataclass(frozen=True)
class SharedArray:
    """Where an array begins in the file, in bytes, and its form."""

    start: int
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class SharedFold:
    """One prepared data set: its arrays by name, such as train-x, and whatever else training needs of it."""

    arrays: Mapping[str, SharedArray]
    preprocessing: Preprocessing
    settings: DataSettings


@dataclass(frozen=True)
class SharedData:
    """The data of a trial, or of each of its folds, in a file."""

    path: Path
    folds: tuple[SharedFold, ...] = field(repr=False)


def write_shared(folds: Sequence[Prepared], path: Path) -> SharedData:
    """Write the arrays of all folds to a file. Raises NettrainError when the disk refuses."""
    try:
        with path.open("wb") as f:
            return SharedData(path, tuple(_write_fold(fold, f) for fold in folds))
    except OSError as error:
        size = sum(array.nbytes for fold in folds for _, array in _arrays(fold))
        raise write_error(error, path, size) from error


def map_shared(shared: SharedData) -> list[Prepared]:
    """The data of each fold with arrays mapped from the file."""
    content = np.memmap(shared.path, np.uint8, mode="c").view(np.ndarray)
    return prepared_from(shared.folds, content)


def prepared_from(folds: Sequence[SharedFold], content: npt.NDArray[np.uint8]) -> list[Prepared]:
    """The data of each fold, with views of the content of their file."""
    return [_mapped(fold, content) for fold in folds]


def _write_fold(fold: Prepared, f: BinaryIO) -> SharedFold:
    arrays = {name: _write(array, f) for name, array in _arrays(fold)}
    return SharedFold(arrays, fold.preprocessing, fold.settings)


def _arrays(fold: Prepared) -> Iterator[tuple[str, Numbers]]:
    for split in SPLITS:
        rows = getattr(fold, split)
        if rows is not None:
            yield from ((f"{split}-{name}", getattr(rows, name)) for name in ARRAYS)
    if fold.column_weight is not None and fold.column_weight is not fold.train.weight:
        yield COLUMN_WEIGHT, fold.column_weight


def _write(array: Numbers, f: BinaryIO) -> SharedArray:
    f.write(bytes(-f.tell() % ALIGNMENT))
    start = f.tell()
    for block in row_blocks(array):
        f.write(np.ascontiguousarray(block).data)
    return SharedArray(start, array.dtype.str, array.shape)


def _mapped(fold: SharedFold, content: npt.NDArray[np.uint8]) -> Prepared:
    arrays = {name: _view(content, array) for name, array in fold.arrays.items()}
    rows = {
        split: Rows(*(arrays[f"{split}-{name}"] for name in ARRAYS)) if f"{split}-x" in arrays else None
        for split in SPLITS
    }
    assert rows["train"] is not None
    splits = rows["train"], rows["validation"], rows["test"]
    return Prepared(*splits, fold.preprocessing, fold.settings, (), arrays.get(COLUMN_WEIGHT))


def _view(content: npt.NDArray[np.uint8], array: SharedArray) -> Any:
    dtype = np.dtype(array.dtype)
    stop = array.start + dtype.itemsize * int(np.prod(array.shape))
    return content[array.start : stop].view(dtype).reshape(array.shape)
