"""X and y as scikit-learn passes them, as tables that nettrain reads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import issparse

from nettrain.data.reading.conversion import ConvertedTable, convert_table
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.reading.pandas_columns import is_pandas_frame
from nettrain.data.tables.names import free_name
from nettrain.data.tables.table import check_names

ORIGIN = "X"
TARGET, WEIGHT, GROUP = "target", "sample_weight", "group"
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class FitTable:
    """The columns of X, then y's, then those of the weights and the groups, by name, where there are any."""

    table: ConvertedTable
    weight: str | None
    group: str | None


def is_frame(x: object) -> bool:
    """Whether X has columns with names and types of their own: pandas, Polars, or another frame."""
    return hasattr(x, "columns") and (hasattr(x, "__arrow_c_stream__") or hasattr(x, "iloc"))


def dense(x: Any) -> Any:
    """X without sparse storage."""
    return cast(Any, x).toarray() if issparse(x) else x


def inputs_table(x: Any, names: Sequence[str] | None = None) -> ConvertedTable:
    """The columns of X, under these names or, without any, its own; an array's are x0, x1, … by position."""
    table = _of_fractions(x) or convert_table(x, ORIGIN, "x")
    return table if names is None else _renamed(table, names)


def _of_fractions(x: Any) -> ConvertedTable | None:
    """A frame of nothing but float64 as one array, which is much faster than a cell column for each.

    None for any other X, and for one with infinities, which are refused column by column.
    """
    if not _all_float64(x):
        return None
    numbers, names = np.asarray(x.to_numpy()), tuple(str(name) for name in x.columns)
    if np.isinf(numbers).any():
        return None
    check_names(names, ORIGIN, most=len(names))
    return ConvertedTable(pl.DataFrame(), names, numbers)


def _all_float64(x: Any) -> bool:
    """Whether X is a pandas or Polars frame with columns of this type only, not of its nullable cousin."""
    if isinstance(x, pl.DataFrame):
        return set(x.dtypes) == {pl.Float64}
    return is_pandas_frame(x) and {*cast(Any, x).dtypes} == {np.dtype(np.float64)}


def _renamed(table: ConvertedTable, names: Sequence[str]) -> ConvertedTable:
    columns = zip(table.cells.get_columns(), names, strict=False)  # there are none where all are numbers
    cells = pl.DataFrame([column.alias(name) for column, name in columns])
    return replace(table, cells=cells, names=tuple(names), header=True)


def labelled_table(
    inputs: ConvertedTable, y: Array, weight: Array | None, groups: Any = None, targets: Sequence[str] = ()
) -> FitTable:
    """Rows with their targets (N,) or (N, K), weights and groups.

    `targets` are the names of y's columns, if they have some; those that are taken get others.
    """
    columns: dict[str, Any] = {}

    def add(name: str, values: Any) -> str:
        name = free_name(name, (*inputs.names, *columns))
        columns[name] = pl.Series(name, values)
        return name

    of_target = [column.tolist() if y.dtype.kind in "OU" else column for column in y.reshape(len(y), -1).T]
    names = targets or ([TARGET] if y.ndim == 1 else [f"{TARGET}{k}" for k in range(len(of_target))])
    own = tuple(add(name, values) for name, values in zip(names, of_target, strict=True))

    of_weight = None if weight is None else add(WEIGHT, weight)
    of_group = None if groups is None else add(GROUP, [str(one) for one in np.asarray(groups).tolist()])
    others = list(columns.values())
    cells = pl.DataFrame(others) if inputs.numbers is not None else inputs.cells.hstack(others)
    # rows to predict have neither weights nor groups: then columns go by name, not by position
    header = inputs.header or len(columns) > len(own)
    table = ConvertedTable(cells, (*inputs.names, *columns), inputs.numbers, header, own)
    return FitTable(table, of_weight, of_group)


def target_names(y: Any) -> tuple[str, ...]:
    """The names that columns of y have, where y is a series or a frame."""
    columns = [*y.columns] if is_frame(y) else [getattr(y, "name", None)]
    names = tuple(name for name in columns if isinstance(name, str) and name)
    return names if len(names) == len(columns) else ()


def memory_of(train: ConvertedTable, validation: ConvertedTable | None = None) -> MemoryTables:
    """The tables of a fit, or one of rows to predict."""
    tables = {"train": train} if validation is None else {"train": train, "validation": validation}
    return MemoryTables(tables, {"train": ORIGIN, "validation": "X_val"})
