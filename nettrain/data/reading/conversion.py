"""Arrays and data frames as the columns of a table: NumPy, Polars, pandas, Arrow, and plain Python lists.

pandas is recognised by the module of an object's class and read through its public methods, so that it is
never imported here. Cells that are `None`, NaN, NaT or `pandas.NA` are gaps, as are those of masked arrays.
"""

from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Protocol, TypeGuard, cast

import numpy as np
import numpy.typing as npt

from nettrain.data.reading.arrays import as_inputs, held, plain_dtype
from nettrain.data.reading.frames import EXPECTED, refuse_nested
from nettrain.data.tables.spelling import value_text
from nettrain.data.tables.table import counted, refuse_twice
from nettrain.errors import DataError

if TYPE_CHECKING:
    import polars as pl

AnyArray = npt.NDArray[np.generic]
TABLES = "an array of rows and columns, a Polars or pandas data frame, a dict of columns, or (X, y)"
TARGET = "target"  # the name of y where it has none of its own
WIDEST = {"i": "int64", "u": "uint64", "f": "float64", "b": "bool"}
POLARS_UNITS = {"M": ("D]", "ms]", "us]", "ns]"), "m": ("ms]", "us]", "ns]")}
DURATIONS = (timedelta, np.timedelta64)
CELLS = (str, bool, np.bool_, Real, Decimal, date, time, np.datetime64)  # datetime is a date


class PandasDtype(Protocol):
    """What is read of a pandas data type."""

    @property
    def kind(self) -> str: ...


class PandasSeries(Protocol):
    """What is read of a pandas Series."""

    @property
    def name(self) -> object: ...
    @property
    def dtype(self) -> PandasDtype: ...
    def isna(self) -> "PandasSeries": ...
    def to_numpy(self, dtype: str | None = None, *, na_value: object = ...) -> AnyArray: ...


class PandasColumns(Protocol):
    """`iloc` of a pandas DataFrame, which finds columns by position."""

    def __getitem__(self, position: tuple[slice, int]) -> PandasSeries: ...


class PandasFrame(Protocol):
    """What is read of a pandas DataFrame."""

    @property
    def columns(self) -> Iterable[object]: ...
    @property
    def iloc(self) -> PandasColumns: ...


@dataclass(frozen=True)
class Converted:
    """A table passed from Python, its columns in the order of `names`.

    A column is in `cells`, or in `numbers` (N, C), which then holds all columns that `cells` does not.
    `header` says whether the names are its own, `targets` which columns were passed as y of (X, y).
    """

    cells: "pl.DataFrame"
    names: tuple[str, ...]
    numbers: AnyArray | None = None
    header: bool = True
    targets: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        """Number of rows N."""
        return self.cells.height if self.numbers is None else len(self.numbers)


def convert(data: object, place: str) -> Converted:
    """The columns of an array, a data frame, a mapping of columns, or a pair (X, y) of arrays or frames.

    Columns without names are column_0, column_1, ..., those of X in a pair x0, x1, ..., and y is `target`,
    or target0, target1, ... where it has several columns. Raises DataError, which calls the table `place`,
    for anything else, for columns of different lengths, and when there are no rows.
    """
    if not isinstance(data, tuple):
        return convert_table(data, place, "column_")
    if len(data) != 2:
        raise DataError(f"{place}: is a tuple of {len(data)}, expected (X, y)")
    return join_targets(convert_table(data[0], place, "x"), convert_targets(data[1], place), place)


def convert_table(data: object, place: str, prefix: str) -> Converted:
    """The columns of one table; those without names are `prefix` and a number."""
    import polars as pl

    if isinstance(data, pl.DataFrame):
        return from_columns(zip(data.columns, data.get_columns(), strict=True), place)
    if is_pandas_frame(data):
        columns = ((str(name), data.iloc[:, i]) for i, name in enumerate(data.columns))
        return from_columns(columns, place)
    if isinstance(data, Mapping):
        return from_columns(((str(name), values) for name, values in data.items()), place)
    if hasattr(data, "__arrow_c_stream__"):
        return convert_table(pl.DataFrame(data), place, prefix)
    if isinstance(data, list):
        return from_array(array_of_lists(data, place), place, prefix)
    if hasattr(data, "__array__"):
        return from_array(np.asanyarray(data), place, prefix)
    raise DataError(f"{place}: is of type {type(data).__name__}, expected {TABLES}")


def convert_targets(y: object, place: str) -> Converted:
    """The columns of y: one-dimensional, or a table of several targets."""
    import polars as pl

    if isinstance(y, pl.Series) or is_pandas_series(y):
        return from_columns([(str(y.name or TARGET), y)], place)
    if isinstance(y, pl.DataFrame | Mapping) or is_pandas_frame(y):
        return convert_table(y, place, TARGET)
    array = array_of_lists(y, place) if isinstance(y, list) else np.asanyarray(y)
    if array.ndim not in (1, 2):
        raise DataError(f"{place}: y holds {held(array)}, expected a target for each row, or several")
    if array.ndim == 1 or array.shape[1] == 1:
        return from_columns([(TARGET, array.reshape(-1))], place)
    return from_columns(((f"{TARGET}{i}", array[:, i]) for i in range(array.shape[1])), place)


def join_targets(x: Converted, y: Converted, place: str) -> Converted:
    """X and y as one table, y last."""
    if x.height != y.height:
        raise DataError(f"{place}: X has {counted(x.height, 'row')}, but y has {y.height}")
    names = (*x.names, *y.names)
    refuse_twice(names, place)
    cells = y.cells if x.numbers is not None else x.cells.hstack(y.cells)
    return Converted(cells, names, x.numbers, x.header, y.names)


def from_columns(columns: Iterable[tuple[str, object]], place: str) -> Converted:
    """A table of named columns."""
    import polars as pl

    series = [convert_column(values, name, place) for name, values in columns]
    names = tuple(column.name for column in series)
    refuse_twice(names, place)
    for column in series:
        if len(column) != len(series[0]):
            raise DataError(
                f'{place}: column "{column.name}" has {counted(len(column), "row")}, '
                f'but "{names[0]}" has {len(series[0])}'
            )
    if not series or not len(series[0]):
        raise DataError(f"{place}: has no rows")
    frame = pl.DataFrame(series)
    refuse_nested(frame.schema, place)
    return Converted(frame, names)


def from_array(array: AnyArray, place: str, prefix: str) -> Converted:
    """The columns of an array (N, ...), in the order of memory; a structured one names them."""
    import polars as pl

    if array.dtype.names:
        fields = cast(npt.NDArray[np.void], array)
        return from_columns(((name, fields[name]) for name in array.dtype.names), place)
    if array.ndim < 2 or not array.size:
        raise DataError(f"{place}: holds {held(array)}, expected rows of columns")
    flat = unmasked(array).reshape(len(array), -1)
    names = tuple(f"{prefix}{i}" for i in range(flat.shape[1]))
    if flat.dtype.kind in WIDEST:
        return Converted(pl.DataFrame(), names, as_inputs(flat, "the array", place), header=False)
    columns = from_columns(((name, flat[:, i]) for i, name in enumerate(names)), place)
    return Converted(columns.cells, names, header=False)


def array_of_lists(rows: Sequence[object], place: str) -> AnyArray:
    """An array of Python objects. Raises DataError when its rows differ in length."""
    if len({len(row) if isinstance(row, Sized) else None for row in rows if not isinstance(row, str)}) > 1:
        raise DataError(f"{place}: rows have different numbers of cells")
    return np.array(rows, dtype=object)


def unmasked(array: AnyArray) -> AnyArray:
    """The array, None in place of masked entries."""
    if isinstance(array, np.ma.MaskedArray):
        filled: AnyArray = np.ma.filled(array.astype(object), None)
        return filled
    return array


def convert_column(values: object, name: str, place: str) -> "pl.Series":
    """A column of N cells, null in gaps. Raises DataError when it is none, or holds other objects."""
    import polars as pl

    if isinstance(values, pl.Series):
        objects = values.dtype == pl.Object
        return from_objects(values.to_list(), name, place) if objects else values.alias(name)
    if is_pandas_series(values):
        return from_pandas(values, name, place)
    if isinstance(values, list | tuple | range):
        return from_objects(values, name, place)
    if hasattr(values, "__array__"):
        return from_vector(unmasked(np.asanyarray(values)), name, place)
    raise DataError(
        f'{place}: column "{name}" is of type {type(values).__name__}, expected an array or a list'
    )


def from_vector(array: AnyArray, name: str, place: str) -> "pl.Series":
    """A column from an array (N,)."""
    import polars as pl

    kind = array.dtype.kind
    if array.ndim != 1 or kind not in "biufUSmMO":
        raise DataError(f'{place}: column "{name}" holds {held(array)}, {EXPECTED}')
    if kind in "OUS":
        return from_objects(array.astype(str if kind == "S" else object).tolist(), name, place)
    if kind in "mM" and array.dtype.name.partition("[")[2] not in POLARS_UNITS[kind]:
        array = array.astype(f"{kind}8[us]")
    elif kind in "iuf":
        array = array.astype(plain_dtype(array.dtype), copy=False)
    return pl.Series(name, array, nan_to_null=True)


def is_pandas(data: object) -> bool:
    """Whether an object's class, or one that it derives from, is one of pandas."""
    return any(base.__module__.partition(".")[0] == "pandas" for base in type(data).__mro__)


def is_pandas_frame(data: object) -> TypeGuard[PandasFrame]:
    """Whether an object is a pandas DataFrame."""
    return is_pandas(data) and hasattr(data, "columns")


def is_pandas_series(data: object) -> TypeGuard[PandasSeries]:
    """Whether an object is a pandas Series or Index."""
    return is_pandas(data) and hasattr(data, "isna") and not hasattr(data, "columns")


def from_pandas(column: PandasSeries, name: str, place: str) -> "pl.Series":
    """A column from a pandas Series of any type, nullable ones and categories too."""
    gaps = np.asarray(column.isna(), dtype=bool)
    kind = column.dtype.kind
    if kind in "mM":
        return from_vector(column.to_numpy(dtype=f"{kind}8[us]"), name, place)
    if kind in WIDEST and not gaps.any():
        array = column.to_numpy()
        plain = array if array.dtype.kind == kind else column.to_numpy(dtype=WIDEST[kind])
        return from_vector(plain, name, place)
    if kind in "iuf":
        return from_vector(column.to_numpy(dtype="float64", na_value=np.nan), name, place)
    objects = column.to_numpy(dtype="object").tolist()
    return from_objects([None if gap else cell for cell, gap in zip(objects, gaps, strict=True)], name, place)


def from_objects(objects: Sequence[object], name: str, place: str) -> "pl.Series":
    """A column from Python objects: booleans, numbers or durations where all are, otherwise text."""
    import polars as pl

    cells = [None if is_gap(cell) else cell for cell in objects]
    present = [cell for cell in cells if cell is not None]
    kinds = {type(cell) for cell in present}
    if present and all(issubclass(kind, bool | np.bool_) for kind in kinds):
        return pl.Series(name, [None if cell is None else bool(cell) for cell in cells], pl.Boolean)
    if present and all(is_number(kind) for kind in kinds):
        return pl.Series(name, [None if cell is None else as_float(cell) for cell in cells], pl.Float64)
    for row, cell in enumerate(cells):
        if not isinstance(cell, (*CELLS, type(None))):
            kind = type(cell).__name__
            raise DataError(
                f'{place} row {row + 1}: column "{name}" holds a value of type {kind}, {EXPECTED}'
            )
    return pl.Series(name, [None if cell is None else spelled(cell) for cell in cells], pl.String)


def is_gap(cell: object) -> bool:
    """Whether a cell is None, NaN, NaT or pandas.NA."""
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(cell, float | np.floating | Decimal | np.datetime64 | np.timedelta64) and cell != cell  # noqa: PLR0124 NaN


def is_number(kind: type) -> bool:
    """Whether a class's objects are real numbers or durations, and not booleans."""
    return issubclass(kind, (Real, Decimal, *DURATIONS)) and not issubclass(kind, bool)


def as_float(cell: object) -> float:
    """A number, or a duration in seconds."""
    if isinstance(cell, timedelta):
        return cell.total_seconds()
    if isinstance(cell, np.timedelta64):
        return float(cell / np.timedelta64(1, "s"))
    assert isinstance(cell, Real | Decimal)
    return float(cell)


def spelled(cell: object) -> str:
    """A cell as a CSV file would have it."""
    plain = cell.item() if isinstance(cell, np.bool_ | np.integer | np.floating) else cell
    return str(value_text(plain))
