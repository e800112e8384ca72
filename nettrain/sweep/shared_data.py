"""Prepared data on disk, which every process maps into its memory instead of copying it.

The operating system keeps one copy of the pages for all processes that map them. A page becomes private as
soon as a process writes to it, so no process can disturb another.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nettrain.data.labelled import Rows
from nettrain.data.prepare import Prepared
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.settings import DataSettings
from nettrain.files import write_error

SPLITS = ("train", "validation", "test")
ARRAYS = ("x", "y", "weight")


@dataclass(frozen=True)
class SharedData:
    """The files of one prepared data set, and whatever else training needs of it."""

    stem: Path
    splits: tuple[str, ...]
    preprocessing: Preprocessing
    settings: DataSettings


def write_shared(data: Prepared, stem: Path) -> SharedData:
    """Write the arrays to files that begin with `stem`. Raises NettrainError when the disk refuses."""
    splits = tuple(split for split in SPLITS if getattr(data, split) is not None)
    for split in splits:
        for name in ARRAYS:
            path, array = _path(stem, split, name), getattr(getattr(data, split), name)
            try:
                np.save(path, array)
            except OSError as error:
                raise write_error(error, path, array.nbytes) from error
    return SharedData(stem, splits, data.preprocessing, data.settings)


def map_shared(shared: SharedData) -> Prepared:
    """The data with its arrays mapped from their files."""
    rows = {
        split: Rows(*(np.load(_path(shared.stem, split, name), mmap_mode="c") for name in ARRAYS))
        for split in shared.splits
    }
    splits = rows["train"], rows.get("validation"), rows.get("test")
    return Prepared(*splits, shared.preprocessing, shared.settings, ())


def _path(stem: Path, split: str, name: str) -> Path:
    return stem.with_name(f"{stem.name}-{split}-{name}.npy")
