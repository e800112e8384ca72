"""Arrays and data frames as the columns of a table: NumPy, Polars, pandas, Arrow, and plain Python lists."""

from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from nettrain.data.reading.arrays import as_inputs, described, plain_dtype
from nettrain.data.reading.frames import EXPECTED, refuse_nested
from nettrain.data.reading.image_shape import ImageShape
from nettrain.data.reading.objects import object_column
from nettrain.data.reading.pandas_columns import is_pandas_frame, is_pandas_series, pandas_array
from nettrain.data.tables.arrays import AnyArray, Numbers
from nettrain.data.tables.names import free_name
from nettrain.data.tables.table import check_names, counted
from nettrain.errors import DataError

if TYPE_CHECKING:
    import polars as pl

TABLES = "an array of rows and columns, a Polars or pandas data frame, a dict of columns, or (X, y)"
TARGET = "target"  # the name of y where it has none of its own
POLARS_UNITS = {"M": ("D]", "ms]", "us]", "ns]"), "m": ("ms]", "us]", "ns]")}  # datetime64[D] and so on


@dataclass(frozen=True)
class ConvertedTable:
    """A table passed from Python, its columns in the order of `names`.

    A column is in `cells`, or in `numbers` (N, C), which then holds all columns that `cells` does not.
    `header` says whether the names are its own, `targets` which columns were passed as y of (X, y), `image`
    that the others are the pixels of an image.
    """

    cells: "pl.DataFrame"
    names: tuple[str, ...]
    numbers: Numbers | None = None
    header: bool = True
    targets: tuple[str, ...] = ()
    image: ImageShape | None = None

    @property
    def height(self) -> int:
        """Number of rows N."""
        return self.cells.height if self.numbers is None else len(self.numbers)


def convert(data: object, origin: str) -> ConvertedTable:
    """The columns of an array, a data frame, a mapping of columns, or a pair (X, y) of arrays or frames.

    Columns without names are column_0, column_1, ..., those of X in a pair x0, x1, ..., and y is `target`,
    or target0, target1, ... where it has several columns; it is target_2 where X has a column `target`.
    Raises DataError, which calls the table `origin`, for anything else, for columns of different lengths, and
    when there are no rows.
    """
    if not isinstance(data, tuple):
        return convert_table(data, origin, "column_")
    if len(data) != 2:
        raise DataError(f"{origin}: is a tuple of {len(data)}, expected (X, y)")
    x = convert_table(data[0], origin, "x")
    return join_targets(x, convert_targets(data[1], origin, free_name(TARGET, x.names)), origin)


def convert_table(data: object, origin: str, prefix: str) -> ConvertedTable:
    """The columns of one table; those without names are `prefix` and a number."""
    import polars as pl

    if isinstance(data, pl.DataFrame):
        return from_columns(zip(data.columns, data.get_columns(), strict=True), origin)
    if is_pandas_frame(data):
        columns = ((str(name), data.iloc[:, i]) for i, name in enumerate(data.columns))
        return from_columns(columns, origin)
    if isinstance(data, Mapping):
        return from_columns(((str(name), values) for name, values in data.items()), origin)
    if hasattr(data, "__arrow_c_stream__"):
        return convert_table(pl.DataFrame(data), origin, prefix)
    if isinstance(data, list):
        return from_array(object_array(data, origin), origin, prefix)
    if hasattr(data, "__array__"):
        return from_array(np.asanyarray(data), origin, prefix)
    raise DataError(f"{origin}: is of type {type(data).__name__}, expected {TABLES}")


def convert_targets(y: object, origin: str, unnamed: str = TARGET) -> ConvertedTable:
    """The columns of y: one-dimensional, or a table of several targets; `unnamed` is what y is called."""
    import polars as pl

    if isinstance(y, pl.Series) or is_pandas_series(y):
        return from_columns([(str(y.name or unnamed), y)], origin)
    is_stream = hasattr(y, "__arrow_c_stream__") and not hasattr(y, "__array__")
    if isinstance(y, pl.DataFrame | Mapping) or is_pandas_frame(y) or is_stream:
        return convert_table(y, origin, unnamed)
    array = object_array(y, origin) if isinstance(y, list) else np.asanyarray(y)
    if array.ndim not in (1, 2):
        raise DataError(f"{origin}: y holds {described(array)}, expected a target for each row, or several")
    if array.ndim == 1 or array.shape[1] == 1:
        return from_columns([(unnamed, array.reshape(-1))], origin)
    return from_columns(((f"{unnamed}{i}", array[:, i]) for i in range(array.shape[1])), origin)


def join_targets(x: ConvertedTable, y: ConvertedTable, origin: str) -> ConvertedTable:
    """X and y as one table, y last."""
    if x.height != y.height:
        raise DataError(f"{origin}: X has {counted(x.height, 'row')}, but y has {y.height}")
    names = (*x.names, *y.names)
    check_names(names, origin)
    cells = y.cells if x.numbers is not None else x.cells.hstack(y.cells)
    return ConvertedTable(cells, names, x.numbers, x.header, y.names, x.image)


def from_columns(columns: Iterable[tuple[str, object]], origin: str) -> ConvertedTable:
    """A table of named columns."""
    import polars as pl

    series = [convert_column(values, name, origin) for name, values in columns]
    names = tuple(column.name for column in series)
    check_names(names, origin)
    for column in series:
        if len(column) != len(series[0]):
            raise DataError(
                f'{origin}: column "{column.name}" has {counted(len(column), "row")}, '
                f'but "{names[0]}" has {len(series[0])}'
            )
    if not series or not len(series[0]):
        raise DataError(f"{origin}: has no rows")
    frame = pl.DataFrame(series)
    refuse_nested(frame.schema, origin)
    return ConvertedTable(frame, names)


def from_array(array: AnyArray, origin: str, prefix: str) -> ConvertedTable:
    """The columns of an array (N, ...), in the order of memory; a structured one names them."""
    import polars as pl

    if array.dtype.names:
        fields = cast(npt.NDArray[np.void], array)
        return from_columns(((name, fields[name]) for name in array.dtype.names), origin)
    if array.ndim < 2 or not array.size:
        raise DataError(f"{origin}: holds {described(array)}, expected rows of columns")
    flat = unmasked(array).reshape(len(array), -1)
    names = tuple(f"{prefix}{i}" for i in range(flat.shape[1]))
    if flat.dtype.kind in "biuf":
        numbers, image = as_inputs(flat, "the array", origin), ImageShape.of(array.shape[1:])
        return ConvertedTable(pl.DataFrame(), names, numbers, header=False, image=image)
    columns = from_columns(((name, flat[:, i]) for i, name in enumerate(names)), origin)
    return ConvertedTable(columns.cells, names, header=False)


def object_array(rows: Sequence[object], origin: str) -> AnyArray:
    """An array of Python objects. Raises DataError when its rows differ in length."""
    if len({len(row) if isinstance(row, Sized) else None for row in rows if not isinstance(row, str)}) > 1:
        raise DataError(f"{origin}: rows have different numbers of cells")
    return np.array(rows, dtype=object)


def unmasked(array: AnyArray) -> AnyArray:
    """The array, None in place of masked entries."""
    if isinstance(array, np.ma.MaskedArray):
        filled: AnyArray = np.ma.filled(array.astype(object), None)
        return filled
    return array


def convert_column(values: object, name: str, origin: str) -> "pl.Series":
    """A column of N cells, null in gaps. Raises DataError when it is none, or holds other objects."""
    import polars as pl

    if isinstance(values, pl.Series):
        is_object = values.dtype == pl.Object
        return object_column(values.to_list(), name, origin) if is_object else values.alias(name)
    if is_pandas_series(values):
        return from_vector(pandas_array(values), name, origin)
    if isinstance(values, list | tuple | range):
        return object_column(values, name, origin)
    if hasattr(values, "__array__"):
        return from_vector(unmasked(np.asanyarray(values)), name, origin)
    kind = type(values).__name__
    raise DataError(f'{origin}: column "{name}" is of type {kind}, expected an array or a list')


def from_vector(array: AnyArray, name: str, origin: str) -> "pl.Series":
    """A column from an array (N,)."""
    import polars as pl

    kind = array.dtype.kind
    if array.ndim != 1 or kind not in "biufUSmMO":
        raise DataError(f'{origin}: column "{name}" holds {described(array)}, {EXPECTED}')
    if kind in "OUS":
        return object_column(array.astype(str if kind == "S" else object).tolist(), name, origin)
    if kind in "mM" and array.dtype.name.partition("[")[2] not in POLARS_UNITS[kind]:
        array = array.astype(f"{kind}8[us]")
    elif kind in "iuf":
        array = array.astype(plain_dtype(array.dtype), copy=False)
    return pl.Series(name, array, nan_to_null=True)
