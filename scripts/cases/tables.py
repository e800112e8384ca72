"""The rows that the cases train on: files for nettrain, and the same rows as arrays for the others.

Files that are not there are replaced by generated ones of the same shape, as times hardly depend on values.
"""

import csv
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from peers.problem import IMAGES, LABELS, Array, read_idx

ASIDE = 1000  # rows for validation, and as many for test
ADULT = "adult-train.csv.gz"


@dataclass(frozen=True)
class Source:
    """The `data` block of an experiment file, and whether its rows are made up."""

    data: dict[str, Any]
    generated: bool = False


def mnist(folder: Path | None, place: Path, rows: int) -> Source:
    """IDX files in `place` with the first so many training rows of those in the folder."""
    found = find(folder, "mnist", IMAGES)
    if found is None:
        images, labels = blurred_digits(rows + 2 * ASIDE)
    else:
        images, labels = read_idx(found), read_idx(found.with_name(LABELS))
    train, test = slice(rows + ASIDE), slice(-ASIDE, None)
    for part, chosen in (("train", train), ("t10k", test)):
        write_idx(place / f"{part}-images-idx3-ubyte", images[chosen])
        write_idx(place / f"{part}-labels-idx1-ubyte", labels[chosen])
    scaling = {"name": "divide", "by": 255}
    return Source({"source": str(place), "validation": ASIDE, "scaling": scaling}, found is None)


def adult(folder: Path | None, place: Path, rows: int) -> Source:
    """A table of numbers: what adult has in 14 columns, categories by their number, and the label."""
    found = find(folder, "adult", ADULT)
    if found is None:
        x = np.random.default_rng(0).normal(size=(rows + 500, 14))
        columns, labels = list(x.T.round(4)), (x[:, 0] + x[:, 1] * x[:, 2] > 0.5).astype(int)
    else:
        with gzip.open(found, "rt", newline="") as lines:
            cells = [row for row in csv.reader(lines, skipinitialspace=True) if row]
        *columns, labels = [coded(column) for column in zip(*cells, strict=True)]
    with (place / "adult.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow([*(f"x{k}" for k in range(14)), "y"])
        table.writerows(zip(*columns, labels, strict=True))
    data = {"source": str(place / "adult.csv"), "target": "y"}
    return Source({**data, "validation": len(labels) - rows, "scaling": "standard"}, found is None)


def iris(folder: Path | None, place: Path, rows: int) -> Source:
    """Fisher's iris, which is built in."""
    return Source({"source": "builtin:iris", "validation": 150 - rows, "scaling": "standard"})


def digits(folder: Path | None, place: Path, rows: int) -> Source:
    """Optical digits, which are built in."""
    scaling = {"name": "divide", "by": 16}
    return Source({"source": "builtin:optdigits", "validation": 3823 - rows, "scaling": scaling})


TABLES: dict[str, Callable[[Path | None, Path, int], Source]] = {
    "mnist": mnist,
    "adult": adult,
    "iris": iris,
    "digits": digits,
}


def find(folder: Path | None, name: str, file: str) -> Path | None:
    """The file in the folder, or in a folder in it of this name; None when it is not there."""
    candidates = [] if folder is None else [folder / file, folder / name / file]
    return next((path for path in candidates if path.is_file()), None)


def blurred_digits(rows: int) -> tuple[Array, Array]:
    """Bytes (N, 28, 28) of ten noisy patterns, a fifth of them not 0 as in MNIST, and labels."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 10, rows, np.uint8)
    patterns = generator.random((10, 28, 28)) < 0.2
    flipped = generator.random((rows, 28, 28), np.float32) < 0.2
    return (255 * (patterns[labels] ^ flipped)).astype(np.uint8), labels


def write_idx(path: Path, values: Array) -> None:
    """An IDX file of bytes."""
    lengths = np.array(values.shape, ">u4").tobytes()
    path.write_bytes(bytes([0, 0, 8, values.ndim]) + lengths + values.tobytes())


def coded(column: tuple[str, ...]) -> Array:
    """A column of numbers, or the number of each cell among the values of the column."""
    try:
        return np.array(column, float)
    except ValueError:
        return np.unique(column, return_inverse=True)[1]
