"""Prepared data on disk, mapped into the memory of every process instead of copied.

The operating system keeps one copy of the pages for all that map them. Pages are private when written to,
so nobody can disturb the others.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nettrain.data.labelled import Rows
from nettrain.data.prepare import Prepared
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.settings import DataSettings
from nettrain.files import refusal

PARTS = ("train", "validation", "test")
ARRAYS = ("x", "y", "weight")


@dataclass(frozen=True)
class Shared:
    """Where the arrays of one preprocessing lie, and what else training needs of it."""

    stem: Path
    parts: tuple[str, ...]
    preprocessing: Preprocessing
    settings: DataSettings


def share(data: Prepared, stem: Path) -> Shared:
    """Write the arrays to files that begin with `stem`. Raises NettrainError when the disk refuses."""
    there = tuple(part for part in PARTS if getattr(data, part) is not None)
    for part in there:
        for name in ARRAYS:
            path, array = _path(stem, part, name), getattr(getattr(data, part), name)
            try:
                np.save(path, array)
            except OSError as error:
                raise refusal(error, path, array.nbytes) from error
    return Shared(stem, there, data.preprocessing, data.settings)


def mapped(shared: Shared) -> Prepared:
    """The data with its arrays mapped from their files."""
    rows = {
        part: Rows(*(np.load(_path(shared.stem, part, name), mmap_mode="c") for name in ARRAYS))
        for part in shared.parts
    }
    given = (rows["train"], rows.get("validation"), rows.get("test"))
    return Prepared(*given, shared.preprocessing, shared.settings, ())


def _path(stem: Path, part: str, name: str) -> Path:
    return stem.with_name(f"{stem.name}-{part}-{name}.npy")
