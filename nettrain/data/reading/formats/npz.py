"""NPZ archives of NumPy arrays: x and y, or x_train, y_train, x_test and y_test; never pickled objects."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nettrain.data.reading.archives import ENCRYPTED, ZIP_ERRORS, brief, member_names, open_member
from nettrain.data.reading.arrays import (
    ARRAY_ERRORS,
    as_inputs,
    described,
    plain_dtype,
    refuse_promises,
)
from nettrain.data.reading.file_format import file_format
from nettrain.data.reading.image_shape import ImageShape
from nettrain.data.reading.opening import display_path, reading_errors
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.tables.arrays import AnyArray
from nettrain.data.tables.row_chunks import RowChunks
from nettrain.data.tables.table import Table, counted
from nettrain.errors import DataError

INPUTS = ("x_train", "x", "x_test")  # the first that is there holds the rows


def holds_arrays(path: Path) -> bool:
    """Whether a file is an archive of nothing but NPY files."""
    names = member_names(path)
    return bool(names) and all(name.endswith(".npy") for name in names)


@file_format(".npz", recognise=holds_arrays)
def read_npz(path: Path, options: ReadOptions, key: str = "") -> Source:
    """The rows of an archive and, where it has some, the test rows; names of arrays in upper or lower case.

    x (N, ...) becomes columns x0, x1, ... in the order of memory; y (N,) the column y, y (N, K) y0, y1, ...
    Raises DataError for damage, objects, and arrays that are missing, do not agree or hold no numbers.
    """
    origin = display_path(path)
    with reading_errors(path, key), path.open("rb") as stream, open_arrays(stream, origin) as archive:
        arrays = {name.lower(): name for name in reversed(archive.files)}
        inputs = [name for name in INPUTS if name in arrays]
        if not inputs:
            names = ", ".join(archive.files) or "nothing"
            raise DataError(f"{origin}: no array named x or x_train (it has {names})")
        table, image = table_of(archive, arrays, inputs[0], origin)
        targets = [name for name in table.columns if name.startswith("y")]
        has_test = inputs[0] != "x_test" and "x_test" in arrays
        test = table_of(archive, arrays, "x_test", f"{origin} (test)")[0] if has_test else None
        target = targets if len(targets) > 1 else "y"
        return Source(table, target, test, image=image)


def open_arrays(stream: BinaryIO, origin: str) -> "np.lib.npyio.NpzFile":
    """The arrays in an archive. Raises DataError when it is none, or its list of files is damaged."""
    try:
        if not zipfile.is_zipfile(stream):
            raise DataError(f"{origin}: is not an NPZ file, or is cut short")
        stream.seek(0)
        archive = np.load(stream, allow_pickle=False)
    except ZIP_ERRORS as error:
        raise DataError(f"{origin}: is damaged or cut short ({brief(error)})") from error
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise DataError(f"{origin}: is not an NPZ file")
    return archive


def table_of(
    archive: "np.lib.npyio.NpzFile", arrays: Mapping[str, str], inputs: str, origin: str
) -> tuple[Table, ImageShape | None]:
    """A row for each entry of the array `inputs`, with its target where there is one, and their shape."""
    import polars as pl

    entries = read_array(archive, arrays[inputs], origin)
    x = as_inputs(entries, arrays[inputs], origin)
    target = arrays.get(inputs.replace("x", "y", 1))
    y = {} if target is None else target_columns(read_array(archive, target, origin), target, origin)
    for column in y.values():
        if len(column) != len(x):
            rows = counted(len(x), "row")
            raise DataError(f"{origin}: {arrays[inputs]} has {rows}, but {target} has {len(column)}")
    names = tuple(f"x{i}" for i in range(x.shape[1]))
    cells = pl.DataFrame({name: pl.Series(name, column, nan_to_null=True) for name, column in y.items()})
    table = Table(cells, origin, header=False, numbers=RowChunks(names, [x]), names=(*names, *y))
    return table, ImageShape.of(entries.shape[1:])


def read_array(archive: "np.lib.npyio.NpzFile", name: str, origin: str) -> AnyArray:
    """An array of the archive. Raises DataError when it is damaged, encrypted, too large or holds objects."""
    try:
        file = archive.zip
        assert file is not None
        names = file.namelist()
        member = file.getinfo(name if name in names else f"{name}.npy")
        if member.flag_bits & ENCRYPTED:
            raise DataError(f"{origin}: {name} is encrypted; save the archive without a password")
        with open_member(file, member) as content:
            refuse_promises(content, member.file_size, name, origin)
        with open_member(file, member) as content:
            return np.lib.format.read_array(content, allow_pickle=False)
    except ARRAY_ERRORS as error:
        raise DataError(f"{origin}: {name} is damaged or cut short ({brief(error)})") from error


def target_columns(y: AnyArray, name: str, origin: str) -> dict[str, AnyArray]:
    """The columns of y (N,) or (N, K): numbers, booleans or text. Raises DataError when it is neither."""
    if y.dtype.kind not in "buifUS" or y.ndim not in (1, 2):
        raise DataError(f"{origin}: {name} holds {described(y)}, expected a target for each row, or several")
    y = y.astype(str) if y.dtype.kind in "US" else y.astype(plain_dtype(y.dtype), copy=False)
    if y.ndim == 1 or y.shape[1] == 1:
        return {"y": y.reshape(-1)}
    return {f"y{i}": np.ascontiguousarray(y[:, i]) for i in range(y.shape[1])}
