"""Columns of pandas data frames as NumPy arrays.

pandas is recognised by the module of an object's class and read through its public methods, so that it is
never imported here.
"""

from collections.abc import Iterable
from typing import Protocol, TypeGuard

import numpy as np

from nettrain.data.tables.arrays import AnyArray

WIDEST = {"i": "int64", "u": "uint64", "f": "float64", "b": "bool"}


class PandasDtype(Protocol):
    """The part of a pandas data type that is read."""

    @property
    def kind(self) -> str: ...


class PandasSeries(Protocol):
    """The part of a pandas Series that is read."""

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
    """The part of a pandas DataFrame that is read."""

    @property
    def columns(self) -> Iterable[object]: ...
    @property
    def iloc(self) -> PandasColumns: ...


def is_pandas(data: object) -> bool:
    """Whether an object's class, or one that it derives from, is one of pandas."""
    return any(base.__module__.partition(".")[0] == "pandas" for base in type(data).__mro__)


def is_pandas_frame(data: object) -> TypeGuard[PandasFrame]:
    """Whether an object is a pandas DataFrame."""
    return is_pandas(data) and hasattr(data, "columns")


def is_pandas_series(data: object) -> TypeGuard[PandasSeries]:
    """Whether an object is a pandas Series or Index."""
    return is_pandas(data) and hasattr(data, "isna") and not hasattr(data, "columns")


def pandas_array(column: PandasSeries) -> AnyArray:
    """A pandas Series of any type, nullable ones and categories too, as an array (N,).

    Gaps are NaN among fractions, NaT among dates, and None among objects, as which whole numbers with gaps
    keep all their digits.
    """
    gaps = np.asarray(column.isna(), dtype=bool)
    kind = column.dtype.kind
    if kind in "mM":
        return column.to_numpy(dtype=f"{kind}8[us]")
    if kind in WIDEST and not gaps.any():
        array = column.to_numpy()
        return array if array.dtype.kind == kind else column.to_numpy(dtype=WIDEST[kind])
    if kind == "f":
        return column.to_numpy(dtype="float64", na_value=np.nan)
    return np.where(gaps, np.array(None, dtype=object), column.to_numpy(dtype="object"))
