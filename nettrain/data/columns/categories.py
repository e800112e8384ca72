"""Columns of categories: a 0/1 input for each value of the training rows (one-hot)."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.data.columns.numbers import EMPTY, constant
from nettrain.data.tables.spelling import as_text
from nettrain.data.tables.table import Mask, Table, as_numbers, counted

Matrix = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
MANY_CATEGORIES = 50
NEARLY_ALL = 0.9  # of the present cells are different: names or keys, not categories
FEW = 20  # rows of which that says nothing


@dataclass(frozen=True)
class TextColumn:
    """One 0/1 place for each of `values`, then one for missing and unseen cells.

    With `rare`, more values than have a place were seen in training: those and unseen ones share a place of
    their own, in front of the one for missing cells. With `numeric` the values are spelled numbers.
    """

    name: str
    values: tuple[str, ...]
    rare: bool = False
    numeric: bool = False

    @property
    def features(self) -> tuple[str, ...]:
        rest = ("is rare or unseen", "is missing") if self.rare else ("is missing or other",)
        return (
            *(f"{self.name} = {value}" for value in self.values),
            *(f"{self.name} {end}" for end in rest),
        )

    @property
    def places(self) -> tuple[bool, ...]:
        return (False,) * (len(self.values) + 1 + self.rare)

    def encode(self, table: Table) -> Matrix:
        """(N, places) with a single 1 in each row."""
        import polars as pl

        cells = as_text(table, self.name, numeric=self.numeric)
        own = len(self.values)
        hits = cells.replace_strict(
            list(self.values), list(range(own)), default=own, return_dtype=pl.Int64
        ).to_numpy()
        hits = np.where(cells.is_null().to_numpy(), own + self.rare, hits)
        marks = np.zeros((table.height, len(self.places)))
        marks[np.arange(table.height), hits] = 1
        return marks

    def unfit(self, table: Table) -> tuple[Mask, str]:
        """No row: what is not known has a place of its own."""
        table.refuse_unknown(self.name, "column")
        return np.zeros(table.height, dtype=bool), ""

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": "text",
            "values": list(self.values),
            "rare": self.rare,
            "numeric": self.numeric,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> "TextColumn":
        """The column that `to_json` described."""
        return TextColumn(data["name"], tuple(data["values"]), data["rare"], data["numeric"])


def fit_text(table: Table, name: str, train: Rows) -> tuple[TextColumn | None, list[str]]:
    """The encoder of a column of categories, and what to say about it."""
    numeric = not as_numbers(table.column(name))[1].any()
    cells = as_text(table, name, numeric=numeric)[train.astype(np.uint32)].to_list()
    counts = Counter(cell for cell in cells if cell is not None)
    gaps = cells.count(None)
    if not counts:
        return None, [EMPTY]
    values = sorted(most_frequent(counts), key=float if numeric else None)
    notes = []
    if gaps:
        notes.append(f"{counted(gaps, 'gap')} in the training rows, marked by a 0/1 input of its own")
    if len(counts) == 1:
        notes.append(constant(f'"{values[0]}"', gaps))
    notes += [crowded(len(counts))] if len(counts) > len(values) else []
    notes += nearly_all(len(counts), len(cells) - gaps)
    return TextColumn(name, tuple(values), len(counts) > len(values), numeric), notes


def most_frequent(counts: Counter[str]) -> list[str]:
    """At most MANY_CATEGORIES values, the most frequent; of equally frequent ones the first by code point."""
    order = sorted(counts, key=lambda value: (-counts[value], value))
    return order[:MANY_CATEGORIES]


def crowded(different: int) -> str:
    """What is said of a column of more values than get a place."""
    return (
        f"{different} different values; the {MANY_CATEGORIES} most frequent get an input each, "
        f"the rest ({different - MANY_CATEGORIES}) share one"
    )


def nearly_all(different: int, present: int) -> list[str]:
    """What is said of a column in which hardly a value comes twice."""
    if present <= FEW or different < NEARLY_ALL * present:
        return []
    return [f"{different} different values in {present} rows teach little; data.columns.ignore leaves it out"]
