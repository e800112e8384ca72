"""Columns of numbers: the number, and an indicator of gaps."""

from dataclasses import dataclass
from typing import ClassVar, Literal, NotRequired

import numpy as np
from typing_extensions import TypedDict

from nettrain.data.columns.cell_inputs import DEFAULT_INPUTS, MARKED, CellInputs
from nettrain.data.columns.deviation import Deviation, far_limits
from nettrain.data.columns.identifiers import number_notes
from nettrain.data.columns.input_kind import INDICATOR, NUMBER, InputKind
from nettrain.data.tables.arrays import Floats, Indices, Mask
from nettrain.data.tables.spelling import number_text
from nettrain.data.tables.table import (
    CODE,
    Table,
    as_numbers,
    column_numbers,
    counted,
    is_text,
    not_a_number,
    number_phrase,
)

BOOLEANS = ("false", "true")
EMPTY = "no value in any training row, left out"


class NumberColumnJson(TypedDict):
    """A column of numbers in `preprocessing.json`."""

    name: str
    kind: Literal["numbers"]
    fill: float
    gaps: bool
    truth: bool
    low: float
    high: float
    marked: NotRequired[bool]


@dataclass(frozen=True)
class NumberColumn:
    """Numbers; a gap becomes `fill`, and where they are `marked` a second, 0/1 feature says so.

    `gaps` says whether training rows had some. With `truth` the cells are false and true, and count as 0 and
    1. Numbers of the training rows lie from `low` to `high`.
    """

    name: str
    fill: float
    gaps: bool
    truth: bool = False
    low: float = -np.inf
    high: float = np.inf
    marked: bool = False
    categories: ClassVar[int] = 0  # of a code

    @property
    def features(self) -> tuple[str, ...]:
        return (self.name, f"{self.name} is missing") if self.marked else (self.name,)

    @property
    def kinds(self) -> tuple[InputKind, ...]:
        return (NUMBER, INDICATOR) if self.marked else (NUMBER,)

    def encode(self, table: Table) -> Floats:
        """(N, 1 or 2): the number, and 1 where it is missing. Raises DataError at a cell that is none."""
        values, wrong = read_numbers(table, self.name, self.truth)
        if wrong.any():
            raise not_a_number(table, self.name, wrong, "correct it or leave it empty")
        missing = np.isnan(values)
        filled = np.where(missing, self.fill, values)
        return np.column_stack([filled, missing] if self.marked else [filled]).astype(np.float64)

    def invalid_cells(self, table: Table) -> tuple[Mask, str]:
        """Which rows (N,) have a cell that cannot be encoded, and what was expected of it."""
        if table.has_numbers(self.name) and not self.truth:
            return np.isinf(table.numbers_of(self.name)), "a number"
        invalid = read_numbers(table, self.name, self.truth)[1]
        return invalid, "true or false" if self.truth else number_phrase(table, self.name)

    def deviations(self, table: Table) -> list[Deviation]:
        """Gaps, where training rows had none, and numbers far outside their range."""
        values, wrong = read_numbers(table, self.name, self.truth)
        gaps = 0 if self.gaps else int((np.isnan(values) & ~wrong).sum())
        below, above = far_limits(self.low, self.high)
        far = values[(values < below) | (values > above)]
        deviations = [Deviation(self.name, "gaps", gaps)] if gaps else []
        if len(far):
            extremes = (float(far.min()), float(far.max()))
            deviations.append(
                Deviation(self.name, "range", len(far), extremes, trained=(self.low, self.high))
            )
        return deviations

    def to_json(self) -> NumberColumnJson:
        return {
            "name": self.name,
            "kind": "numbers",
            "fill": self.fill,
            "gaps": self.gaps,
            "truth": self.truth,
            "low": self.low,
            "high": self.high,
            "marked": self.marked,
        }

    @staticmethod
    def from_json(column: NumberColumnJson) -> "NumberColumn":
        """The column that `to_json` described."""
        return NumberColumn(
            column["name"],
            float(column["fill"]),
            column["gaps"],
            column["truth"],
            float(column["low"]),
            float(column["high"]),
            column.get("marked", column["gaps"]),
        )


def read_numbers(table: Table, name: str, truth: bool) -> tuple[Floats, Mask]:
    """A column's values (N,), NaN in gaps, and which present cells are no number (N,).

    With `truth`, false and true are the numbers 0 and 1, and all else is none.
    """
    if not truth or table.has_numbers(name):
        return column_numbers(table, name)
    series = table.column(name)
    if not is_text(series):
        return as_numbers(series)
    cells = series.str.to_lowercase()
    values = np.where(cells == "true", 1.0, np.where(cells == "false", 0.0, np.nan))
    return values, np.isnan(values) & series.is_not_null().to_numpy()


def is_boolean(table: Table, name: str) -> bool:
    """Whether a column's present cells are all false or true."""
    series = table.column(name)
    if not is_text(series):
        return False
    return bool(series.drop_nulls().str.to_lowercase().is_in(BOOLEANS).all())


def fit_numbers(
    table: Table, name: str, train: Indices, inputs: CellInputs = DEFAULT_INPUTS, *, truth: bool = False
) -> tuple[NumberColumn | None, list[str]]:
    """The encoder of a column of numbers, fitted on the rows `train`, and notes on it."""
    values = read_numbers(table, name, truth)[0][train]
    present = values[~np.isnan(values)]
    gaps = len(values) - len(present)
    if not len(present):
        return None, [EMPTY]
    fill, marked = float(np.median(present)), inputs.marks(gaps)
    notes = []
    if gaps:
        filled = f"{counted(gaps, 'gap')} in the training rows filled with their median {number_text(fill)}"
        notes.append(f"{filled}{MARKED if marked else ''}")
    codes = code_notes(table, name)
    if present.min() == present.max() and not codes:
        notes.append(constant_note(number_text(fill), gaps))
    notes += [] if truth else number_notes(name, values, table.height)
    notes += codes
    low, high = float(present.min()), float(present.max())
    return NumberColumn(name, fill, bool(gaps), truth, low, high, marked), notes


def code_notes(table: Table, name: str) -> list[str]:
    """The note on numbers that are spelled like codes, so that taken as amounts they lose digits."""
    if table.typed or table.has_numbers(name):
        return []
    cells = table.column(name)
    codes = cells.filter(cells.str.contains(CODE).fill_null(False))
    if codes.is_empty():
        return []
    return [
        f'cells such as "{codes[0]}" look like codes, taken as amounts; '
        "data.columns.categorical takes each as a category"
    ]


def constant_note(value: str, gaps: int) -> str:
    """The note on a column with one value."""
    return f"{value} in every training row{' that has one' if gaps else ', which teaches nothing'}"
