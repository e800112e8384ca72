"""The target: which columns are predicted, how their cells become y, and how numbers are scaled.

Conventions: classes become y (N,) int32, positions in `classes`; numbers become y (N, K) float64,
(value - center) / scale; labels become y (N, K) float64 of 0 and 1.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field
from typing_extensions import TypedDict

from nettrain.data.columns.numbers import is_boolean, read_numbers
from nettrain.data.columns.scaling.moments import center_and_spread
from nettrain.data.tables.arrays import Floats, Indices, Numbers
from nettrain.data.tables.spelling import Form, as_text, positions
from nettrain.data.tables.table import Table, column_numbers, counted, not_a_number
from nettrain.data.targets.magnitude import refuse_large
from nettrain.data.targets.unlabelled import refuse_missing
from nettrain.errors import DataError, StoredContentError, nearest, quoted

TargetKind = Literal["classes", "numbers", "labels"]
TargetKindSetting = Literal["auto", "classes", "numbers", "labels"]
TargetSetting = str | int | Sequence[str | int] | None
MOST_NAMES = 5  # in a message, before it gets hard to read


class TargetJson(TypedDict):
    """The target in `preprocessing.json`."""

    names: Annotated[list[str], Field(min_length=1)]
    kind: TargetKind
    classes: list[str]
    numeric: bool
    center: list[float]
    scale: list[Annotated[float, Field(gt=0)]]
    renames: dict[str, str]
    form: Form


@dataclass(frozen=True)
class Target:
    """The K predicted columns by name; for numbers their scale, for classes theirs, and if those are numbers.

    Of two classes the second is the positive one. `renames` are applied to cells before anything else, and
    `form` says which spellings of a cell are one class. Classes are `numeric` when the training source has
    numbers and no text that reads as such.
    """

    names: tuple[str, ...]
    kind: TargetKind
    classes: tuple[str, ...] = ()
    numeric: bool = True
    center: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    renames: Mapping[str, str] = field(default_factory=dict)
    form: Form = "text"

    def read(self, table: Table) -> Numbers:
        """y of a table's renamed rows. Raises DataError at a cell that is missing, unknown or wrong."""
        if self.kind == "classes":
            return self.class_indices(table)
        return self.scaled_numbers(table) if self.kind == "numbers" else self.label_values(table)

    def class_indices(self, table: Table) -> npt.NDArray[np.int32]:
        """Positions in `classes` (N,)."""
        refuse_missing(table, self.names[0])
        indices = positions(table.column(self.names[0]), self.classes, self.form)
        unknown = np.flatnonzero(indices < 0)
        if len(unknown):
            cells = as_text(table.select(self.names[0]).take(unknown), self.names[0])
            raise self.unknown_classes(table, cells.to_list(), int(unknown[0]))
        return indices.astype(np.int32)

    def find_class(self, value: object) -> int | None:
        """The position of a class that a setting names, in any spelling that is the same class."""
        import polars as pl

        position = int(positions(pl.Series([value]), self.classes, self.form)[0])
        return None if position < 0 else position

    def unknown_classes(self, table: Table, cells: Sequence[str], first: int) -> DataError:
        """The error of cells that are no class of the training data; the first stands in row `first`."""
        names = list(dict.fromkeys(cells))
        where = f'{table.at(first)}: target "{self.names[0]}"'
        rows = f" ({counted(len(cells), 'row')})" if len(cells) > 1 else ""
        if len(names) == 1:
            hint = nearest(names[0], self.classes)
            return DataError(f'{where}: class "{names[0]}" is not in the training data{rows}{hint}')
        more = ", …" if len(self.classes) > MOST_NAMES else ""
        known = f" (allowed: {', '.join(self.classes[:MOST_NAMES])}{more})"
        return DataError(f"{where}: classes {quoted_names(names)} are not in the training data{rows}{known}")

    def scaled_numbers(self, table: Table) -> Floats:
        """Scaled numbers (N, K)."""
        raw = np.column_stack([read_target_numbers(table, name) for name in self.names])
        scaled: Floats = (raw - np.array(self.center)) / np.array(self.scale)
        return scaled

    def label_values(self, table: Table) -> Floats:
        """0 or 1 for each label (N, K)."""
        return np.column_stack([read_label(table, name) for name in self.names])

    def to_json(self) -> TargetJson:
        return {
            "names": list(self.names),
            "kind": self.kind,
            "classes": list(self.classes),
            "numeric": self.numeric,
            "center": list(self.center),
            "scale": list(self.scale),
            "renames": dict(self.renames),
            "form": self.form,
        }

    @staticmethod
    def from_json(target: TargetJson) -> "Target":
        """The target that `to_json` described. Raises StoredContentError for one that cannot be."""
        _check(target)
        return Target(
            tuple(target["names"]),
            target["kind"],
            tuple(target["classes"]),
            target["numeric"],
            tuple(map(float, target["center"])),
            tuple(map(float, target["scale"])),
            dict(target["renames"]),
            target["form"],
        )


def _check(target: TargetJson) -> None:
    """Raise StoredContentError where parts of a target do not go together."""
    names, classes, kind = target["names"], target["classes"], target["kind"]
    if len(set(names)) < len(names) or (kind == "classes" and len(names) > 1):
        raise StoredContentError("target.names", f"{quoted_names(names)} are not those of {kind}")
    if (kind == "classes") != bool(classes) or len(set(classes)) < len(classes):
        raise StoredContentError("target.classes", f"{counted(len(classes), 'class', 'classes')} of {kind}")
    for key, numbers in (("center", target["center"]), ("scale", target["scale"])):
        if len(numbers) != (len(names) if kind == "numbers" else 0):
            raise StoredContentError(f"target.{key}", f"has {counted(len(numbers), 'number')} of {kind}")


def quoted_names(names: Sequence[str]) -> str:
    """`"a", "b" and 3 more`: the first few names."""
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(f'"{name}"' for name in names[:MOST_NAMES]) + more


def classes_have(names: Collection[str]) -> str:
    """`class "a" has`, or `classes "a", "b" have`."""
    if len(names) == 1:
        return f"class {quoted_names([*names])} has"
    return f"classes {quoted_names([*names])} have"


def target_columns(table: Table, setting: TargetSetting) -> tuple[str, ...]:
    """The names of the target's columns, each set by name or position; null is the last. Raises DataError."""
    several = setting if isinstance(setting, Sequence) and not isinstance(setting, str) else [setting]
    names = tuple(target_column(table, one) for one in several)
    counts = Counter(names)
    if len(counts) < len(names):
        raise DataError(f'data.target: "{counts.most_common(1)[0][0]}" is named twice')
    return names


def target_column(table: Table, setting: str | int | None) -> str:
    """The name of a column that is set by name or position; null is the last. Raises DataError."""
    name = table.find(-1 if setting is None else setting)
    if name is None and isinstance(setting, str):
        table.refuse_unknown(setting, "target column")
    if name is None:
        width = len(table.columns)
        raise DataError(f"data.target: {setting} is not a position in {table.origin}, of {width} columns")
    return name


def read_target_numbers(table: Table, name: str) -> Floats:
    """The column's numbers (N,). Raises DataError at a missing cell, one that is no number or too large."""
    refuse_missing(table, name)
    values, wrong = column_numbers(table, name)
    if wrong.any():
        raise not_a_number(table, name, wrong, "correct it")
    refuse_large(table, name, values)
    return values


def read_label(table: Table, name: str) -> Floats:
    """0 or 1 (N,), also from false and true. Raises DataError at a missing cell or another one."""
    refuse_missing(table, name)
    values, wrong = read_numbers(table, name, is_boolean(table, name))
    wrong |= (values != 0) & (values != 1)
    if wrong.any():
        row, more = int(np.argmax(wrong)), int(wrong.sum()) - 1
        others = f" (and {more} more)" if more else ""
        cell = as_text(table, name)[row]
        raise DataError(f"{table.at(row)}: target {quoted(name)}: {quoted(cell)} is not 0 or 1{others}")
    return values


def scale_target(target: Target, table: Table, train: Indices) -> Target:
    """The target with center and scale of standard scaling, fitted on the rows `train`."""
    fitted = center_and_spread(target.scaled_numbers(table)[train])
    return replace(target, center=tuple(fitted["center"].tolist()), scale=tuple(fitted["scale"].tolist()))
