"""A folder of IDX files as MNIST's: images and their labels, training and test rows in files of their own.

An IDX file is two zero bytes, a byte for the type, a byte for the number of dimensions, each dimension as a
big-endian 32-bit number, then the values, row by row. Source: Y. LeCun, the MNIST database, file formats.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.data.reading.file_format import FOLDER, file_format
from nettrain.data.reading.opening import close_file, open_bytes, readable, shown
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.tables.row_chunks import RowChunks
from nettrain.data.tables.table import Table, counted
from nettrain.errors import DataError

TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
NAME = re.compile(r"(train|t10k|test)-(images|labels)[-.]idx\d-[a-z]+(\.gz)?", re.IGNORECASE)
EXPECTED = "train-images-idx3-ubyte and train-labels-idx1-ubyte, and t10k-... for test rows, plain or .gz"
LABEL = "label"
MOST_PACKED = 1040  # bytes that gzip makes of one, at best


@file_format(FOLDER, content="IDX files")
def read_folder(folder: Path, options: ReadOptions, key: str = "") -> Source:
    """The rows to train on and, where there are some, the test rows: a column per pixel, then the label.

    Test rows alone are the table. Raises DataError for a folder without IDX files, and for files that are
    damaged, cut short or disagree.
    """
    prefix = f"{key}: " if key else ""
    if not folder.is_dir():
        raise DataError(f"{prefix}{shown(folder)}: no such file or folder{close_file(folder)}")
    with readable(folder, prefix):
        files = idx_files(folder)
    parts = [part for part in ("train", "t10k") if (part, "images") in files]
    if not parts:
        raise DataError(f"{prefix}{shown(folder)}: holds no IDX images (expected {EXPECTED})")
    tables = [
        rows_of(files[part, "images"], files.get((part, "labels")), shown(folder), part) for part in parts
    ]
    return Source(tables[0], LABEL, tables[1] if len(tables) > 1 else None, classes=True)


def idx_files(folder: Path) -> dict[tuple[str, str], Path]:
    """The IDX files of a folder by (train or t10k, images or labels); a plain one goes before its .gz."""
    files = {}
    for path in sorted(folder.iterdir(), reverse=True):
        if found := NAME.fullmatch(path.name):
            part, content = found[1].lower(), found[2].lower()
            files["train" if part == "train" else "t10k", content] = path
    return files


def rows_of(images: Path, labels: Path | None, place: str, part: str) -> Table:
    """A row for each image, with its label where there is a file of labels."""
    import polars as pl

    pixels = read_idx(images)
    if not pixels.size:
        raise DataError(f"{shown(images)}: holds no images")
    pixels = pixels.reshape(len(pixels), -1)
    cells = {} if labels is None else {LABEL: read_labels(labels)}
    if labels is not None and len(cells[LABEL]) != len(pixels):
        raise DataError(
            f"{shown(images)}: {counted(len(pixels), 'image')}, "
            f"but {counted(len(cells[LABEL]), 'label')} in {shown(labels)}"
        )
    names = tuple(f"pixel_{i}" for i in range(pixels.shape[1]))
    return Table(
        pl.DataFrame(cells),
        place if part == "train" else f"{place} ({part})",
        header=False,
        numbers=RowChunks(names, [pixels]),
        names=(*names, *cells),
    )


def read_labels(path: Path) -> npt.NDArray[Any]:
    """Labels (N,). Raises DataError when the file holds more than one for each row."""
    return read_idx(path, most=1, what="labels")


def read_idx(path: Path, *, most: int = 4, what: str = "images") -> npt.NDArray[Any]:
    """The array in an IDX file, packed by gzip or not. Raises DataError when it is none or cut short.

    `what` is expected to have at most `most` dimensions.
    """
    place = shown(path)
    with readable(path), open_bytes(path) as stream:
        start = stream.read(4)
        if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES or not start[3]:
            raise DataError(
                f"{place}: is not an IDX file (begins with {start.hex(' ') or 'nothing'}, "
                "expected 00 00, a type from 08 to 0e, and the number of dimensions)"
            )
        if start[3] > most:
            expected = "1" if most == 1 else f"at most {most}"
            raise DataError(f"{place}: has {start[3]} dimensions, expected {expected} for {what}")
        dtype, sizes = np.dtype(TYPES[start[2]]), stream.read(4 * start[3])
        if len(sizes) < 4 * start[3]:
            raise DataError(f"{place}: is cut short within its dimensions")
        shape = tuple(np.frombuffer(sizes, ">u4").tolist())
        promised = int(np.prod(shape, dtype=object)) * dtype.itemsize
        if promised > MOST_PACKED * path.stat().st_size:
            raise DataError(f"{place}: is too small for the {promised} bytes that its dimensions promise")
        values = np.empty(shape, dtype)
        found = fill(stream, values.reshape(-1).view(np.uint8))
        if found < promised or stream.read(1):
            amount = f"{found} of" if found < promised else "more than"
            raise DataError(f"{place}: holds {amount} the {promised} bytes that its dimensions promise")
    return values.astype(dtype.newbyteorder("="), copy=False)


def fill(stream: Any, room: npt.NDArray[np.uint8]) -> int:
    """Read a stream into all of the room (N,); returns the bytes that were there."""
    done = 0
    while done < len(room) and (count := stream.readinto(room[done : done + (1 << 20)])):
        done += count
    return done
