"""Columns of numbers: an amount, and a mark where it is missing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.data.tables.spelling import number_text
from nettrain.data.tables.table import Floats, Mask, Table, as_numbers, counted, is_text, not_a_number

Matrix = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
TRUTH = ("false", "true")
EMPTY = "no value in any training row, left out"


@dataclass(frozen=True)
class NumberColumn:
    """Amounts; a gap becomes `fill`, and is marked by a second 0/1 place where training rows had gaps.

    With `truth` the cells are false and true, and count as 0 and 1.
    """

    name: str
    fill: float
    gaps: bool
    truth: bool = False

    @property
    def features(self) -> tuple[str, ...]:
        return (self.name, f"{self.name} is missing") if self.gaps else (self.name,)

    @property
    def places(self) -> tuple[bool, ...]:
        return (True, False) if self.gaps else (True,)

    def encode(self, table: Table) -> Matrix:
        """(N, 1 or 2): the amount, and 1 where it is missing. Raises DataError at a cell that is none."""
        values, wrong = read_amounts(table, self.name, self.truth)
        if wrong.any():
            raise not_a_number(table, self.name, wrong, "correct it or leave it empty")
        missing = np.isnan(values)
        amounts = np.where(missing, self.fill, values)
        return np.column_stack([amounts, missing] if self.gaps else [amounts]).astype(np.float64)

    def unfit(self, table: Table) -> tuple[Mask, str]:
        """Which rows (N,) have a cell that cannot be encoded, and what such a cell is not."""
        if table.holds(self.name) and not self.truth:
            return np.isinf(table.numbers_of(self.name)), "a number"
        return read_amounts(table, self.name, self.truth)[1], "true or false" if self.truth else "a number"

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": "numbers",
            "fill": self.fill,
            "gaps": self.gaps,
            "truth": self.truth,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> "NumberColumn":
        """The column that `to_json` described."""
        return NumberColumn(data["name"], float(data["fill"]), data["gaps"], data["truth"])


def read_amounts(table: Table, name: str, truth: bool) -> tuple[Floats, Mask]:
    """A column's values (N,), NaN where there is none, and which present cells are no amount (N,)."""
    series = table.column(name)
    if not (truth and is_text(series)):
        return as_numbers(series)
    cells = series.str.to_lowercase()
    values = np.where(cells == "true", 1.0, np.where(cells == "false", 0.0, np.nan))
    return values, np.isnan(values) & series.is_not_null().to_numpy()


def is_truth(table: Table, name: str) -> bool:
    """Whether a column's present cells are all false or true."""
    series = table.column(name)
    if not is_text(series):
        return False
    return bool(series.drop_nulls().str.to_lowercase().is_in(TRUTH).all())


def fit_numbers(
    table: Table, name: str, train: Rows, truth: bool = False
) -> tuple[NumberColumn | None, list[str]]:
    """The encoder of a column of numbers, and what to say about it."""
    values = read_amounts(table, name, truth)[0][train]
    present = values[~np.isnan(values)]
    gaps = len(values) - len(present)
    if not len(present):
        return None, [EMPTY]
    fill = float(np.median(present))
    notes = []
    if gaps:
        notes.append(
            f"{counted(gaps, 'gap')} in the training rows filled with their median {number_text(fill)}; "
            "a 0/1 input marks gaps"
        )
    if present.min() == present.max():
        notes.append(constant(number_text(fill), gaps))
    return NumberColumn(name, fill, bool(gaps), truth), notes


def constant(value: str, gaps: int) -> str:
    """What is said of a column with one value."""
    return f"{value} in every training row{' that has one' if gaps else ', so it teaches nothing'}"
