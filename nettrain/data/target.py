"""The target: which column is predicted, whether it holds classes or numbers, and how it is scaled.

Conventions: classes become y (N,) int32, positions in `classes`; numbers become y (N, K) float64,
(value - center) / scale.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from nettrain.data.encoding import as_text, number_text
from nettrain.data.scaling import Standard
from nettrain.data.table import Floats, Table, as_numbers, counted, is_numeric, not_a_number
from nettrain.errors import DataError, nearest

Kind = Literal["classes", "numbers"]
Matrix = npt.NDArray[np.float64]
MOST_CLASSES = 20  # whole numbers of more values are amounts
ROWS_PER_CLASS = 5  # and so are those of fewer rows each, on average
SHOWN = 5


@dataclass(frozen=True)
class Target:
    """What is predicted: K names; for classes, theirs, and whether they are numbers; for numbers, the scale."""

    names: tuple[str, ...]
    kind: Kind
    classes: tuple[str, ...] = ()
    numeric: bool = True
    center: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()

    def read(self, table: Table) -> npt.NDArray[Any]:
        """y of a table's rows. Raises DataError at a missing cell, an unknown class, or text for a number."""
        return self.labels(table) if self.kind == "classes" else self.amounts(table)

    def labels(self, table: Table) -> npt.NDArray[np.int32]:
        """Positions in `classes` (N,)."""
        cells = class_names(table, self.names[0], self.numeric)
        position = {name: i for i, name in enumerate(self.classes)}
        unknown = next((row for row, cell in enumerate(cells) if cell not in position), None)
        if unknown is not None:
            raise DataError(
                f'{table.at(unknown)}: target "{self.names[0]}": class "{cells[unknown]}" '
                f"is not in the training data{nearest(cells[unknown], self.classes)}"
            )
        return np.array([position[cell] for cell in cells], dtype=np.int32)

    def amounts(self, table: Table) -> Matrix:
        """Scaled numbers (N, K)."""
        raw = np.column_stack([read_numbers(table, name) for name in self.names])
        scaled: Matrix = (raw - np.array(self.center)) / np.array(self.scale)
        return scaled

    def to_json(self) -> dict[str, Any]:
        return {
            "names": list(self.names),
            "kind": self.kind,
            "classes": list(self.classes),
            "numeric": self.numeric,
            "center": list(self.center),
            "scale": list(self.scale),
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
        )


def target_column(table: Table, wanted: str | int | None) -> str:
    """The name of the wanted column: by name, by position, or the last. Raises DataError."""
    if isinstance(wanted, str):
        return str(table.column(wanted, "target column").name)
    position = -1 if wanted is None else wanted
    width = len(table.columns)
    if not -width <= position < width:
        raise DataError(f"data.target: {position} is not a position in {table.place}, of {width} columns")
    return table.columns[position]


def find_target(table: Table, name: str, wanted: Literal["auto", "classes", "numbers"]) -> tuple[Target, str]:
    """The target in that column, numbers unscaled, and a note on the kind taken ("" when it was wanted).

    Raises DataError for rows without a target and for cells that do not fit the wanted kind.
    """
    refuse_missing(table, name)
    numeric = reads_as_numbers(table, name, wanted)
    kind, note = (wanted, "") if wanted != "auto" else guess_kind(table, name, numeric)
    if kind == "numbers":
        return Target((name,), "numbers", center=(0.0,), scale=(1.0,)), note
    names = set(class_names(table, name, numeric))
    order = sorted(names, key=float) if numeric else sorted(names)
    return Target((name,), "classes", tuple(order), numeric), note


def refuse_missing(table: Table, name: str) -> None:
    """Raise DataError when rows have no target, with the places of the first."""
    rows = np.flatnonzero(table.column(name).is_null().to_numpy())
    if len(rows):
        where = ", ".join(table.at(int(row)).removeprefix(f"{table.place}:") for row in rows[:SHOWN])
        more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
        raise DataError(
            f'{table.at(int(rows[0]))}: target "{name}": {counted(len(rows), "row")} without a value '
            f"(at {where}{more}); fill or remove them"
        )


def reads_as_numbers(table: Table, name: str, wanted: str) -> bool:
    """Whether the target's cells are numbers, which some of them may contradict unless classes are wanted."""
    _, wrong = as_numbers(table.column(name))
    if wanted == "classes":
        return not wrong.any()
    advice = "correct it or set data.target_kind: classes"
    if wanted == "numbers" and wrong.any():
        raise not_a_number(table, name, wrong, advice)
    return is_numeric(table, name, advice)


def guess_kind(table: Table, name: str, numeric: bool) -> tuple[Kind, str]:
    """Classes for text and for whole numbers of few values, else numbers; and a note how to say otherwise."""
    if not numeric:
        different = table.column(name).n_unique()
        return "classes", f'target "{name}": text, taken as {counted(different, "class", "classes")}'
    values = read_numbers(table, name)
    different = len(np.unique(values))
    whole = bool((values == np.floor(values)).all())
    if whole and different <= MOST_CLASSES and len(values) >= ROWS_PER_CLASS * different:
        return "classes", (
            f'target "{name}": whole numbers of {counted(different, "value")}, taken as classes; '
            "data.target_kind: numbers takes them as amounts"
        )
    return "numbers", (
        f'target "{name}": taken as numbers; data.target_kind: classes takes each value as a class'
    )


def class_names(table: Table, name: str, numeric: bool) -> list[str]:
    """The class of each row as text; numbers in one spelling, so that 1 and 1.0 are one class."""
    refuse_missing(table, name)
    if not numeric:
        return [str(cell) for cell in as_text(table, name)]
    return [number_text(value) for value in read_numbers(table, name)]


def read_numbers(table: Table, name: str) -> Floats:
    """The column's amounts (N,). Raises DataError at a missing cell or one that is no number."""
    refuse_missing(table, name)
    values, wrong = as_numbers(table.column(name))
    if wrong.any():
        raise not_a_number(table, name, wrong, "correct it")
    return values


def scale_target(target: Target, table: Table, train: npt.NDArray[np.int64]) -> Target:
    """The target with center and scale of standard scaling, fitted on the rows `train`."""
    fitted = Standard.fit(None, target.amounts(table)[train])
    return replace(target, center=tuple(fitted["center"].tolist()), scale=tuple(fitted["scale"].tolist()))
