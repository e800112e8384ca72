"""The target: which columns are predicted, how their cells become y, and how numbers are scaled.

Conventions: classes become y (N,) int32, positions in `classes`; numbers become y (N, K) float64,
(value - center) / scale; labels become y (N, K) float64 of 0 and 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from nettrain.data.columns.numbers import is_truth, read_amounts
from nettrain.data.columns.scaling import Standard
from nettrain.data.tables.spelling import as_text
from nettrain.data.tables.table import Floats, Table, as_numbers, counted, not_a_number
from nettrain.data.targets.unlabelled import refuse_missing
from nettrain.errors import DataError, nearest

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["classes", "numbers", "labels"]
Wanted = Literal["auto", "classes", "numbers", "labels"]
Matrix = npt.NDArray[np.float64]
NAMED = 5  # classes in a message before it gets hard to read


@dataclass(frozen=True)
class Target:
    """What is predicted: K names; for classes, theirs, and whether they are numbers; for numbers, the scale.

    Of two classes the second is the positive one. `renames` are applied to cells before all else.
    """

    names: tuple[str, ...]
    kind: Kind
    classes: tuple[str, ...] = ()
    numeric: bool = True
    center: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    renames: Mapping[str, str] = field(default_factory=dict)

    def read(self, table: Table) -> npt.NDArray[Any]:
        """y of a table's renamed rows. Raises DataError at a cell that is missing, unknown or wrong."""
        if self.kind == "classes":
            return self.labels(table)
        return self.amounts(table) if self.kind == "numbers" else self.marks(table)

    def labels(self, table: Table) -> npt.NDArray[np.int32]:
        """Positions in `classes` (N,)."""
        import polars as pl

        cells = class_names(table, self.names[0], self.numeric)
        places = list(range(len(self.classes)))
        found = cells.replace_strict(list(self.classes), places, default=-1, return_dtype=pl.Int32).to_numpy()
        unknown = np.flatnonzero(found < 0)
        if len(unknown):
            raise self.unknown_classes(table, [cells[int(row)] for row in unknown], int(unknown[0]))
        return found.astype(np.int32)

    def unknown_classes(self, table: Table, cells: Sequence[str], first: int) -> DataError:
        """The error of cells that are no class of the training data; the first stands in row `first`."""
        names = list(dict.fromkeys(cells))
        where = f'{table.at(first)}: target "{self.names[0]}"'
        rows = f" ({counted(len(cells), 'row')})" if len(cells) > 1 else ""
        if len(names) == 1:
            hint = nearest(names[0], self.classes)
            return DataError(f'{where}: class "{names[0]}" is not in the training data{rows}{hint}')
        return DataError(f"{where}: classes {listed(names)} are not in the training data{rows}")

    def amounts(self, table: Table) -> Matrix:
        """Scaled numbers (N, K)."""
        raw = np.column_stack([read_numbers(table, name) for name in self.names])
        scaled: Matrix = (raw - np.array(self.center)) / np.array(self.scale)
        return scaled

    def marks(self, table: Table) -> Matrix:
        """0 or 1 for each label (N, K)."""
        return np.column_stack([read_marks(table, name) for name in self.names])

    def to_json(self) -> dict[str, Any]:
        return {
            "names": list(self.names),
            "kind": self.kind,
            "classes": list(self.classes),
            "numeric": self.numeric,
            "center": list(self.center),
            "scale": list(self.scale),
            "renames": dict(self.renames),
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Target":
        """The target that `to_json` described."""
        return Target(
            tuple(data["names"]),
            data["kind"],
            tuple(data["classes"]),
            data["numeric"],
            tuple(map(float, data["center"])),
            tuple(map(float, data["scale"])),
            dict(data["renames"]),
        )


def listed(names: Sequence[str]) -> str:
    """`"a", "b" and 3 more`: the first few names."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(f'"{name}"' for name in names[:NAMED]) + more


def target_columns(table: Table, wanted: str | int | Sequence[str | int] | None) -> tuple[str, ...]:
    """The names of the wanted columns, each by name or position; null is the last. Raises DataError."""
    several = wanted if isinstance(wanted, Sequence) and not isinstance(wanted, str) else [wanted]
    names = tuple(target_column(table, one) for one in several)
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise DataError(f'data.target: "{twice}" is named twice')
    return names


def target_column(table: Table, wanted: str | int | None) -> str:
    """The name of the wanted column: by name, by position, or the last. Raises DataError."""
    if isinstance(wanted, str):
        return str(table.column(wanted, "target column").name)
    position = -1 if wanted is None else wanted
    width = len(table.columns)
    if not -width <= position < width:
        raise DataError(f"data.target: {position} is not a position in {table.place}, of {width} columns")
    return table.columns[position]


def class_names(table: Table, name: str, numeric: bool) -> "pl.Series":
    """The class of each row as text; numbers in one spelling, so that 1 and 1.0 are one class."""
    refuse_missing(table, name)
    return as_text(table, name, numeric=numeric)


def read_numbers(table: Table, name: str) -> Floats:
    """The column's amounts (N,). Raises DataError at a missing cell or one that is no number."""
    refuse_missing(table, name)
    values, wrong = as_numbers(table.column(name))
    if wrong.any():
        raise not_a_number(table, name, wrong, "correct it")
    return values


def read_marks(table: Table, name: str) -> Floats:
    """0 or 1 (N,), also from false and true. Raises DataError at a missing cell or another one."""
    refuse_missing(table, name)
    values, wrong = read_amounts(table, name, is_truth(table, name))
    wrong |= (values != 0) & (values != 1)
    if wrong.any():
        row, more = int(np.argmax(wrong)), int(wrong.sum()) - 1
        others = f" (and {more} more)" if more else ""
        cell = as_text(table, name)[row]
        raise DataError(f'{table.at(row)}: target "{name}": "{cell}" is not 0 or 1{others}')
    return values


def scale_target(target: Target, table: Table, train: npt.NDArray[np.int64]) -> Target:
    """The target with center and scale of standard scaling, fitted on the rows `train`."""
    fitted = Standard.fit(None, target.amounts(table)[train])
    return replace(target, center=tuple(fitted["center"].tolist()), scale=tuple(fitted["scale"].tolist()))
