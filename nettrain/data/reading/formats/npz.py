"""NPZ archives of NumPy arrays: x and y, or x_train, y_train, x_test and y_test; never pickled objects."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.data.reading.arrays import as_inputs, held, plain_dtype
from nettrain.data.reading.file_format import file_format
from nettrain.data.reading.opening import readable, shown
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.tables.row_chunks import RowChunks
from nettrain.data.tables.table import Table, counted
from nettrain.errors import DataError

Array = npt.NDArray[Any]
INPUTS = ("x_train", "x", "x_test")  # the first that is there holds the rows


@file_format(".npz")
def read_npz(path: Path, options: ReadOptions, key: str = "") -> Source:
    """The rows of an archive and, where it has some, the test rows, in any case of x and y.

    x (N, ...) becomes columns x0, x1, ... in the order of memory; y (N,) the column y, y (N, K) y0, y1, ...
    Raises DataError for damage, objects, and arrays that are not there, do not agree or hold no numbers.
    """
    with readable(path, f"{key}: " if key else ""):
        path.open("rb").close()
        if not zipfile.is_zipfile(path):
            raise DataError(f"{shown(path)}: is not an NPZ file, or is cut short")
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name.lower(): name for name in reversed(archive.files)}
            inputs = [name for name in INPUTS if name in arrays]
            if not inputs:
                names = ", ".join(archive.files) or "nothing"
                raise DataError(f"{shown(path)}: no array named x or x_train (it has {names})")
            table = rows_of(archive, arrays, inputs[0], shown(path))
            targets = [name for name in table.columns if name.startswith("y")]
            has_test = inputs[0] != "x_test" and "x_test" in arrays
            test = rows_of(archive, arrays, "x_test", f"{shown(path)} (test)") if has_test else None
            return Source(table, targets if len(targets) > 1 else "y", test)


def rows_of(archive: Mapping[str, Array], arrays: Mapping[str, str], inputs: str, place: str) -> Table:
    """A row for each entry of the array `inputs`, with its target where there is one."""
    import polars as pl

    x = as_inputs(read_array(archive, arrays[inputs], place), arrays[inputs], place)
    target = arrays.get(inputs.replace("x", "y", 1))
    y = {} if target is None else as_targets(read_array(archive, target, place), target, place)
    for column in y.values():
        if len(column) != len(x):
            rows = counted(len(x), "row")
            raise DataError(f"{place}: {arrays[inputs]} has {rows}, but {target} has {len(column)}")
    names = tuple(f"x{i}" for i in range(x.shape[1]))
    cells = pl.DataFrame({name: pl.Series(name, column, nan_to_null=True) for name, column in y.items()})
    return Table(cells, place, header=False, numbers=RowChunks(names, [x]), names=(*names, *y))


def read_array(archive: Mapping[str, Array], name: str, place: str) -> Array:
    """An array of the archive. Raises DataError when it is damaged or holds objects."""
    try:
        return archive[name]
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError) as error:
        if "allow_pickle" in str(error):
            raise DataError(
                f"{place}: {name} holds Python objects, which are not read; save numbers"
            ) from None
        raise DataError(f"{place}: {name} is damaged or cut short ({error})") from error


def as_targets(y: Array, name: str, place: str) -> dict[str, Array]:
    """The columns of y (N,) or (N, K): numbers, booleans or text. Raises DataError when it is neither."""
    if y.dtype.kind not in "buifUS" or y.ndim not in (1, 2):
        raise DataError(f"{place}: {name} holds {held(y)}, expected a target for each row, or several")
    y = y.astype(str) if y.dtype.kind in "US" else y.astype(plain_dtype(y.dtype), copy=False)
    if y.ndim == 1 or y.shape[1] == 1:
        return {"y": y.reshape(-1)}
    return {f"y{i}": np.ascontiguousarray(y[:, i]) for i in range(y.shape[1])}
