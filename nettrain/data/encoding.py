"""How a column's cells become numbers: fitted on the training rows, then the same for every row.

Conventions: an encoder of width w writes (N, w) float64. `places` says for each of the w whether it holds an
amount, which is scaled, or a 0/1 mark, which is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.data.table import Table, as_numbers, counted, is_numeric, is_text, not_a_number

Matrix = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
MANY_CATEGORIES = 50


@dataclass(frozen=True)
class NumberColumn:
    """Amounts; a gap becomes `fill`, and is marked by a second 0/1 place where training rows had gaps."""

    name: str
    fill: float
    gaps: bool

    @property
    def features(self) -> tuple[str, ...]:
        return (self.name, f"{self.name} is missing") if self.gaps else (self.name,)

    @property
    def places(self) -> tuple[bool, ...]:
        return (True, False) if self.gaps else (True,)

    def encode(self, table: Table) -> Matrix:
        """(N, 1 or 2): the amount, and 1 where it is missing. Raises DataError at a cell that is none."""
        values, wrong = as_numbers(table.column(self.name))
        if wrong.any():
            raise not_a_number(table, self.name, wrong)
        missing = np.isnan(values)
        amounts = np.where(missing, self.fill, values)
        return np.column_stack([amounts, missing] if self.gaps else [amounts]).astype(np.float64)

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "kind": "numbers", "fill": self.fill, "gaps": self.gaps}


@dataclass(frozen=True)
class TextColumn:
    """One 0/1 place for each value of the training rows, and one for missing and for all others."""

    name: str
    values: tuple[str, ...]

    @property
    def features(self) -> tuple[str, ...]:
        return (*(f"{self.name} = {value}" for value in self.values), f"{self.name} is missing or other")

    @property
    def places(self) -> tuple[bool, ...]:
        return (False,) * (len(self.values) + 1)

    def encode(self, table: Table) -> Matrix:
        """(N, values + 1) with a single 1 in each row."""
        position = {value: i for i, value in enumerate(self.values)}
        other = len(position)
        cells = as_text(table, self.name)
        hits = [other if cell is None else position.get(cell, other) for cell in cells]
        return np.eye(other + 1)[hits]

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "kind": "text", "values": list(self.values)}


Encoder = NumberColumn | TextColumn


def encoder_from_json(data: dict[str, Any]) -> Encoder:
    """The encoder that `to_json` described."""
    if data["kind"] == "numbers":
        return NumberColumn(data["name"], float(data["fill"]), data["gaps"])
    return TextColumn(data["name"], tuple(data["values"]))


def as_text(table: Table, name: str) -> list[str | None]:
    """A column's cells as text; numbers as `number_text` spells them."""
    series = table.column(name)
    if is_text(series):
        return series.to_list()
    values, _ = as_numbers(series)
    return [None if np.isnan(value) else number_text(value) for value in values]


def number_text(value: float) -> str:
    """A number as a person writes it: whole ones without a point, others with the fewest digits."""
    value = float(value)
    return str(int(value)) if value.is_integer() else repr(value)


def fit_encoders(table: Table, names: Sequence[str], train: Rows) -> tuple[list[Encoder], list[str]]:
    """An encoder for each named column, fitted on the rows `train`, and notes a person should read.

    Whether a column holds numbers is decided by all rows, so that no seed changes it. A column without
    any value in the training rows gets none. Raises DataError where text stands among numbers.
    """
    encoders: list[Encoder] = []
    notes: list[str] = []
    for name in names:
        fit = fit_numbers if is_numeric(table, name) else fit_text
        encoder, said = fit(table, name, train)
        encoders += [encoder] if encoder else []
        notes += [f'column "{name}": {sentence}' for sentence in said]
    return encoders, notes


def fit_numbers(table: Table, name: str, train: Rows) -> tuple[NumberColumn | None, list[str]]:
    """The encoder of a column of numbers, and what to say about it."""
    values = as_numbers(table.column(name))[0][train]
    present = values[~np.isnan(values)]
    gaps = len(values) - len(present)
    if not len(present):
        return None, ["no value in any training row, left out"]
    fill = float(np.median(present))
    notes = []
    if gaps:
        notes.append(
            f"{counted(gaps, 'gap')} in the training rows filled with their median {number_text(fill)}; "
            "a 0/1 input marks gaps"
        )
    if present.min() == present.max():
        notes.append(constant(number_text(fill), gaps))
    return NumberColumn(name, fill, bool(gaps)), notes


def fit_text(table: Table, name: str, train: Rows) -> tuple[TextColumn | None, list[str]]:
    """The encoder of a column of text, and what to say about it."""
    cells = as_text(table, name)
    trained = [cells[row] for row in train]
    values = sorted({cell for cell in trained if cell is not None})
    gaps = trained.count(None)
    if not values:
        return None, ["no value in any training row, left out"]
    notes = []
    if gaps:
        notes.append(f"{counted(gaps, 'gap')} in the training rows, marked by a 0/1 input of its own")
    if len(values) == 1:
        notes.append(constant(f'"{values[0]}"', gaps))
    if len(values) > MANY_CATEGORIES:
        notes.append(f"{len(values)} different texts, each an input")
    return TextColumn(name, tuple(values)), notes


def constant(value: str, gaps: int) -> str:
    """What is said of a column with one value."""
    return f"{value} in every training row{' that has one' if gaps else ', so it teaches nothing'}"


def encode_all(encoders: Sequence[Encoder], table: Table) -> Matrix:
    """All columns' places side by side: (N, D)."""
    return np.concatenate([encoder.encode(table) for encoder in encoders], axis=1)


def amounts(encoders: Sequence[Encoder]) -> npt.NDArray[np.bool_]:
    """Which of the D places hold amounts, and are scaled: (D,)."""
    return np.array([place for encoder in encoders for place in encoder.places], dtype=bool)
