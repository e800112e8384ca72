"""Prepared data on disk, which every process maps into its memory instead of copying it.

The operating system keeps one copy of the pages for all processes that map them. A page becomes private as
soon as a process writes to it, so no process can disturb another.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nettrain.data.labelled import Rows
from nettrain.data.prepare import Prepared
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.settings import DataSettings
from nettrain.data.tables.arrays import Numbers
from nettrain.files import write_error

SPLITS = ("train", "validation", "test")
ARRAYS = ("x", "y", "weight")
COLUMN_WEIGHT = "train-column_weight"


@dataclass(frozen=True)
class SharedData:
    """The files of one prepared data set, and whatever else training needs of it."""

    stem: Path
    splits: tuple[str, ...]
    preprocessing: Preprocessing
    settings: DataSettings
    has_column_weight: bool = False  # otherwise it is that of the training rows


def write_shared(data: Prepared, stem: Path) -> SharedData:
    """Write the arrays to files that begin with `stem`. Raises NettrainError when the disk refuses."""
    splits = tuple(split for split in SPLITS if getattr(data, split) is not None)
    for split in splits:
        for name in ARRAYS:
            _save(_path(stem, f"{split}-{name}"), getattr(getattr(data, split), name))
    column_weight = None if data.column_weight is data.train.weight else data.column_weight
    if column_weight is not None:
        _save(_path(stem, COLUMN_WEIGHT), column_weight)
    return SharedData(stem, splits, data.preprocessing, data.settings, column_weight is not None)


def map_shared(shared: SharedData) -> Prepared:
    """The data with its arrays mapped from their files."""
    rows = {
        split: Rows(*(_mapped(_path(shared.stem, f"{split}-{name}")) for name in ARRAYS))
        for split in shared.splits
    }
    splits = rows["train"], rows.get("validation"), rows.get("test")
    weight = _mapped(_path(shared.stem, COLUMN_WEIGHT)) if shared.has_column_weight else None
    return Prepared(*splits, shared.preprocessing, shared.settings, (), weight)


def _save(path: Path, array: Numbers) -> None:
    try:
        np.save(path, array)
    except OSError as error:
        raise write_error(error, path, array.nbytes) from error


def _mapped(path: Path) -> Any:
    return np.load(path, mmap_mode="c")


def _path(stem: Path, name: str) -> Path:
    return stem.with_name(f"{stem.name}-{name}.npy")
