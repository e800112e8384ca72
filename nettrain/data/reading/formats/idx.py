"""A folder of IDX files such as MNIST's: images and labels, training and test rows, in files of their own.

An IDX file is two zero bytes, a byte for the type, a byte for the number of dimensions, each dimension as a
big-endian 32-bit number, then the values, row by row. Source: Y. LeCun, the MNIST database, file formats.
"""

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nettrain.data.reading.file_format import FOLDER, file_format
from nettrain.data.reading.image_shape import ImageShape
from nettrain.data.reading.opening import close_file, display_path, open_bytes, reading_errors
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.room import refuse_without_room
from nettrain.data.reading.source import Source
from nettrain.data.tables.arrays import Numbers
from nettrain.data.tables.row_chunks import RowChunks
from nettrain.data.tables.table import Table, counted
from nettrain.errors import DataError

TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
NAME = re.compile(r"(train|t10k|test)-(images|labels)[-.]idx\d-[a-z]+(\.gz)?", re.IGNORECASE)
EXPECTED = "train-images-idx3-ubyte and train-labels-idx1-ubyte, and t10k-... for test rows, plain or .gz"
LABEL = "label"
MOST_COMPRESSED = 1040  # bytes that gzip makes of one, at best


@file_format(FOLDER, content="IDX files")
def read_folder(folder: Path, options: ReadOptions, key: str = "") -> Source:
    """The rows to train on and, where there are some, the test rows: a column per pixel, then the label.

    Where there are test rows alone, they are the table. Raises DataError for a folder without IDX files, and
    for files that are damaged, cut short or disagree.
    """
    origin = display_path(folder)
    prefix = f"{key}: " if key else ""
    if not folder.is_dir():
        raise DataError(f"{prefix}{origin}: no such file or folder{close_file(folder)}")
    with reading_errors(folder, key):
        files = idx_files(folder)
    splits = [split for split in ("train", "t10k") if (split, "images") in files]
    if not splits:
        raise DataError(f"{prefix}{origin}: holds no IDX images (expected {EXPECTED})")
    read = [table_of(files[one, "images"], files.get((one, "labels")), origin, one) for one in splits]
    tables = [table for table, _ in read]
    return Source(tables[0], LABEL, tables[1] if len(tables) > 1 else None, classes=True, image=read[0][1])


def idx_files(folder: Path) -> dict[tuple[str, str], Path]:
    """The IDX files of a folder by (train or t10k, images or labels); a plain one goes before its .gz."""
    files = {}
    for path in sorted(folder.iterdir(), reverse=True):
        if match := NAME.fullmatch(path.name):
            split, content = match[1].lower(), match[2].lower()
            files["train" if split == "train" else "t10k", content] = path
    return files


def table_of(images: Path, labels: Path | None, origin: str, split: str) -> tuple[Table, ImageShape | None]:
    """A row for each image, with its label where there is a file of labels, and the shape of an image."""
    import polars as pl

    pixels = read_idx(images)
    image = ImageShape.of(pixels.shape[1:])
    pixels = pixels.reshape(len(pixels), -1)
    cells = {} if labels is None else {LABEL: read_labels(labels, images, len(pixels))}
    names = tuple(f"pixel_{i}" for i in range(pixels.shape[1]))
    table = Table(
        pl.DataFrame(cells),
        origin if split == "train" else f"{origin} ({split})",
        header=False,
        numbers=RowChunks(names, [pixels]),
        names=(*names, *cells),
    )
    return table, image


def read_labels(path: Path, images: Path, count: int) -> Numbers:
    """Labels (N,). Raises DataError when the file has other than one for each of the `count` images."""

    def check(labels: int) -> None:
        if labels != count:
            raise DataError(
                f"{display_path(images)}: {counted(count, 'image')}, "
                f"but {counted(labels, 'label')} in {display_path(path)}"
            )

    return read_idx(path, dimensions=1, content="labels", check=check)


def read_idx(
    path: Path,
    *,
    dimensions: int = 4,
    content: str = "images",
    check: Callable[[int], None] = lambda count: None,
) -> Numbers:
    """The array in an IDX file, compressed by gzip or not, of at most so many `dimensions`.

    `check` is given the number of rows before any is read. Raises DataError when it is no IDX file, is cut
    short, or has more dimensions than its `content` has.
    """
    origin = display_path(path)
    with reading_errors(path), open_bytes(path) as stream:
        start = stream.read(4)
        if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES or not start[3]:
            raise DataError(
                f"{origin}: is not an IDX file (begins with {start.hex(' ') or 'nothing'}, "
                "expected 00 00, a type from 08 to 0e, and the number of dimensions)"
            )
        if start[3] > dimensions:
            expected = "1" if dimensions == 1 else f"at most {dimensions}"
            raise DataError(f"{origin}: has {start[3]} dimensions, expected {expected} for {content}")
        dtype, sizes = np.dtype(TYPES[start[2]]), stream.read(4 * start[3])
        if len(sizes) < 4 * start[3]:
            raise DataError(f"{origin}: is cut short within its dimensions")
        shape = tuple(np.frombuffer(sizes, ">u4").tolist())
        promised = int(np.prod(shape, dtype=object)) * dtype.itemsize
        if promised > MOST_COMPRESSED * path.stat().st_size:
            raise DataError(f"{origin}: is too small for the {promised} bytes that its dimensions promise")
        if not promised:
            raise DataError(f"{origin}: holds no {content}")
        check(shape[0])
        refuse_without_room(promised, f"{origin}: an array of shape {shape}")
        values = np.empty(shape, dtype)
        read = read_into(stream, values.reshape(-1).view(np.uint8).data)
        if read < promised or stream.read(1):
            amount = f"{read} of" if read < promised else "more than"
            raise DataError(f"{origin}: holds {amount} the {promised} bytes that its dimensions promise")
    return values.astype(dtype.newbyteorder("="), copy=False)


def read_into(stream: io.BufferedIOBase, buffer: memoryview) -> int:
    """Read a stream into all of the buffer (N,); returns how many bytes there were."""
    done = 0
    while done < len(buffer) and (count := stream.readinto(buffer[done : done + (1 << 20)])):
        done += count
    return done
