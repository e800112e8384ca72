"""Columns of categories: a 0/1 feature for each value of the training rows (one-hot)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypedDict, cast

import numpy as np

from nettrain.data.columns.deviation import MOST_VALUES, Deviation, known_spellings
from nettrain.data.columns.identifiers import text_notes
from nettrain.data.columns.input_kind import INDICATOR, InputKind
from nettrain.data.columns.numbers import EMPTY, constant_note
from nettrain.data.tables.arrays import Floats, Indices, Mask
from nettrain.data.tables.spelling import (
    Form,
    as_text,
    by_number,
    column_form,
    distinct_values,
    is_missing,
    positions,
    spelled,
)
from nettrain.data.tables.table import Table, as_numbers, counted

if TYPE_CHECKING:
    import polars as pl

MOST_CATEGORIES = 50  # with a feature of their own, unless the settings say otherwise
MOST_RARE_VALUES = 10_000  # that are stored, to recognise values which are not in the training data


class CategoryColumnJson(TypedDict):
    """A column of categories in `preprocessing.json`."""

    name: str
    kind: Literal["text"]
    values: list[str]
    rare: bool
    form: Form
    gaps: bool
    rare_values: list[str] | None


@dataclass(frozen=True)
class CategoryColumn:
    """One 0/1 feature for each of `values`, then one for missing and unseen cells.

    With `rare`, training rows had more values than there are features: rare and unseen ones share a feature,
    before the one for missing cells. `form` says which spellings of a cell are one of the values, `gaps`
    whether training rows had gaps. `rare_values` are those without a feature, None when there were too many.
    """

    name: str
    values: tuple[str, ...]
    rare: bool = False
    form: Form = "text"
    gaps: bool = True
    rare_values: tuple[str, ...] | None = ()
    categories: ClassVar[int] = 0  # of a code

    @property
    def features(self) -> tuple[str, ...]:
        rest = ("is rare or unseen", "is missing") if self.rare else ("is missing or other",)
        return (
            *(f"{self.name} = {value}" for value in self.values),
            *(f"{self.name} {end}" for end in rest),
        )

    @property
    def kinds(self) -> tuple[InputKind, ...]:
        return (INDICATOR,) * (len(self.values) + 1 + self.rare)

    def encode(self, table: Table) -> Floats:
        """(N, features) with a single 1 in each row."""
        count = len(self.values)
        features = positions(table.column(self.name), self.values, self.form)
        features[features < 0] = count
        features[is_missing(table, self.name)] = count + self.rare
        encoded = np.zeros((table.height, len(self.kinds)))
        encoded[np.arange(table.height), features] = 1
        return encoded

    def invalid_cells(self, table: Table) -> tuple[Mask, str]:
        """No row: unknown cells have a feature of their own."""
        table.refuse_unknown(self.name, "column")
        return np.zeros(table.height, dtype=bool), ""

    def deviations(self, table: Table) -> list[Deviation]:
        """Gaps, where training rows had none, and values that they did not have."""
        gaps = 0 if self.gaps else int(is_missing(table, self.name).sum())
        deviations = [Deviation(self.name, "gaps", gaps)] if gaps else []
        return [*deviations, *self._unseen(table)]

    def _unseen(self, table: Table) -> list[Deviation]:
        if self.rare_values is None:
            return []
        known = (*self.values, *self.rare_values)
        counts = table.column(self.name).rename("cell").drop_nulls().value_counts(name="rows")
        unseen = counts.filter(positions(counts["cell"], known, self.form) < 0)
        if unseen.is_empty():
            return []
        values = unseen.with_columns(spelled(unseen["cell"])).sort("rows", "cell", descending=[True, False])
        first = tuple(values["cell"].head(MOST_VALUES))
        rows, same = int(values["rows"].sum()), known_spellings(first, known)
        return [Deviation(self.name, "unseen", rows, first, values.height, same)]

    def to_json(self) -> CategoryColumnJson:
        return {
            "name": self.name,
            "kind": "text",
            "values": list(self.values),
            "rare": self.rare,
            "form": self.form,
            "gaps": self.gaps,
            "rare_values": None if self.rare_values is None else list(self.rare_values),
        }

    @staticmethod
    def from_json(data: Mapping[str, object]) -> "CategoryColumn":
        """The column that `to_json` described."""
        column = cast(CategoryColumnJson, data)
        rare = column["rare_values"]
        return CategoryColumn(
            column["name"],
            tuple(column["values"]),
            column["rare"],
            column["form"],
            column["gaps"],
            None if rare is None else tuple(rare),
        )


def fit_categories(
    table: Table, name: str, train: Indices, most: int = MOST_CATEGORIES
) -> tuple[CategoryColumn | None, list[str]]:
    """The encoder of a column of categories, fitted on the rows `train`, and notes on it.

    At most so many values, the most frequent, have a feature of their own.
    """
    form = column_form(table, name)
    cells = as_text(table, name)[train.astype(np.uint32)]
    counts = distinct_values(cells, form)
    gaps = cells.null_count()
    if counts.is_empty():
        return None, [EMPTY]
    numeric = not as_numbers(table.column(name))[1].any()
    ranked = by_frequency(counts)
    values, rare = sorted(ranked[:most], key=by_number if numeric else None), sorted(ranked[most:])
    notes = []
    if gaps:
        notes.append(f"{counted(gaps, 'gap')} in the training rows, marked by a 0/1 input of its own")
    if len(counts) == 1:
        notes.append(constant_note(f'"{values[0]}"', gaps))
    notes += [many_note(len(counts), most)] if rare else []
    notes += text_notes(name, present=len(cells) - gaps, distinct=len(counts))
    stored = tuple(rare) if len(rare) <= MOST_RARE_VALUES else None
    return CategoryColumn(name, tuple(values), bool(rare), form, bool(gaps), stored), notes


def by_frequency(counts: "pl.DataFrame") -> list[str]:
    """The values, the most frequent first; equally frequent ones by code point."""
    return counts.sort("rows", "value", descending=[True, False])["value"].to_list()


def many_note(distinct: int, most: int) -> str:
    """The note on a column with more values than features."""
    which = f"the {most} most frequent get an input each" if most > 1 else "the most frequent gets an input"
    return (
        f"{distinct} different values; {which} (data.max_categories), the rest ({distinct - most}) share one"
    )
