"""Columns of categories: a 0/1 feature for each value of the training rows (one-hot), a sign, or a code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NotRequired

import numpy as np
from typing_extensions import TypedDict

from nettrain.data.columns.cell_inputs import (
    DEFAULT_INPUTS,
    FILLED,
    GAP_PHRASES,
    SIGNED,
    CategoryEncoding,
    CellInputs,
    code_note,
    many_note,
)
from nettrain.data.columns.deviation import (
    MOST_VALUES,
    Deviation,
    known_spellings,
    new_gaps,
    no_cells,
)
from nettrain.data.columns.identifiers import text_notes
from nettrain.data.columns.input_kind import CATEGORY, INDICATOR, InputKind
from nettrain.data.columns.numbers import EMPTY, constant_note
from nettrain.data.tables.arrays import Floats, Indices, Mask, Numbers
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
from nettrain.errors import StoredContentError

if TYPE_CHECKING:
    import polars as pl

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
    encoding: NotRequired[CategoryEncoding]
    fill: NotRequired[list[float]]


@dataclass(frozen=True)
class CategoryColumn:
    """What a cell's category is: one of `values`, rare or unseen, or missing.

    Unseen cells are as missing ones, but as the rare ones with `rare`, where training rows had more values
    than are told apart. `form` says which spellings of a cell are one of the values, `gaps` whether training
    rows had gaps. `rare_values` are those that are not told apart, None when there were too many.

    By `encoding` the features are a 0/1 indicator for each of these; a sign, which is -1 for the first of two
    values, 1 for the second and 0 for all else; or a code, 1, 2, … for the values and the rare ones, 0 for
    missing. With `fill` missing cells have no indicator: those of all others become these numbers.
    """

    name: str
    values: tuple[str, ...]
    rare: bool = False
    form: Form = "text"
    gaps: bool = True
    rare_values: tuple[str, ...] | None = ()
    encoding: CategoryEncoding = "indicators"
    fill: tuple[float, ...] = ()

    @property
    def told_apart(self) -> int:
        """The number of different answers to what a cell's category is."""
        return len(self.values) + self.rare + 1

    @property
    def indicators(self) -> int:
        """The number of 0/1 indicators, where these are the encoding."""
        return self.told_apart - bool(self.fill)

    @property
    def categories(self) -> int:
        """The number of codes; 0 unless that is the encoding."""
        return self.told_apart if self.encoding == "code" else 0

    @property
    def features(self) -> tuple[str, ...]:
        if self.encoding == "code":
            return (self.name,)
        if self.encoding == "sign":
            return (f"{self.name} = {self.values[1]}",)
        rest = ("is rare or unseen", "is missing") if self.rare else ("is missing or other",)
        all_of_them = (
            *(f"{self.name} = {value}" for value in self.values),
            *(f"{self.name} {end}" for end in rest),
        )
        return all_of_them[: self.indicators]

    @property
    def kinds(self) -> tuple[InputKind, ...]:
        if self.encoding == "indicators":
            return (INDICATOR,) * self.indicators
        return (CATEGORY,) if self.encoding == "code" else (INDICATOR,)

    def encode(self, table: Table) -> Floats:
        """(N, features); as indicators a single 1 in each row, or `fill`."""
        return self.features_at(self._positions(table))

    def features_at(self, own: Indices) -> Floats:
        """The features (N, w) of cells whose categories have these positions (N,), missing last."""
        if self.encoding == "sign":
            return np.where(own < SIGNED, 2.0 * own - 1.0, 0.0)[:, None]
        if self.encoding == "code":
            return ((own + 1) % self.told_apart)[:, None].astype(np.float64)
        indicators = np.equal(own[:, None], np.arange(self.indicators)).astype(np.float64)
        if not self.fill:
            return indicators
        return np.where((own == self.indicators)[:, None], np.array(self.fill), indicators)

    def _positions(self, table: Table) -> Indices:
        """The position (N,) of each cell's category: among the values, then rare or unseen, missing last."""
        found = positions(table.column(self.name), self.values, self.form)
        found[found < 0] = len(self.values)
        found[is_missing(table, self.name)] = self.told_apart - 1
        return found

    def invalid_cells(self, table: Table) -> tuple[Mask, str]:
        """No row: unknown cells have a feature of their own, or count as missing."""
        return no_cells(table, self.name), ""

    def deviations(self, table: Table) -> list[Deviation]:
        """Gaps, where training rows had none, and values that they did not have."""
        return [*new_gaps(table, self.name, known=self.gaps), *self._unseen(table)]

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
            "encoding": self.encoding,
            "fill": list(self.fill),
        }

    @staticmethod
    def from_json(column: CategoryColumnJson) -> "CategoryColumn":
        """The column that `to_json` described. Raises StoredContentError for one that cannot be."""
        rare, encoding = column["rare_values"], column.get("encoding", "indicators")
        if encoding == "sign" and len(column["values"]) != SIGNED:
            raise StoredContentError("values", f"{len(column['values'])} categories have no sign")
        made = CategoryColumn(
            column["name"],
            tuple(column["values"]),
            column["rare"],
            column["form"],
            column["gaps"],
            None if rare is None else tuple(rare),
            encoding,
            tuple(map(float, column.get("fill", ()))),
        )
        if made.fill and len(made.fill) != made.indicators:
            raise StoredContentError("fill", f"{len(made.fill)} numbers for {made.indicators} indicators")
        return made


def categories_in(features: Numbers) -> Indices:
    """Which category each row has, as a number (N,), by the features (N, w) of its column.

    Scaled indicators are larger where the category is that of the row.
    """
    if features.shape[1] == 1:
        return np.unique(features[:, 0], return_inverse=True)[1].astype(np.int64)
    most = features.max(axis=0)
    marked = (features == most) & (features.min(axis=0) < most)
    filled = features.shape[1]  # the category of rows without an indicator
    return np.asarray(np.where(marked.any(axis=1), marked.argmax(axis=1), filled), dtype=np.int64)


def fit_categories(
    table: Table, name: str, train: Indices, inputs: CellInputs = DEFAULT_INPUTS, *, asked: bool = False
) -> tuple[CategoryColumn | None, list[str]]:
    """The encoder of a column of categories, fitted on the rows `train`, and notes on it.

    Where categories are `asked` for, no note says that the column is named like an identifier.
    """
    form = column_form(table, name)
    cells = as_text(table, name)[train.astype(np.uint32)]
    counts = distinct_values(cells, form)
    gaps = cells.null_count()
    if counts.is_empty():
        return None, [EMPTY]
    numeric = not as_numbers(table.column(name))[1].any()
    ranked, most = by_frequency(counts), inputs.most
    values, rare = sorted(ranked[:most], key=by_number if numeric else None), sorted(ranked[most:])
    encoding = inputs.encoding(len(values), rare=bool(rare))
    notes = []
    fill = shares(counts, values) if encoding == "indicators" and gaps < inputs.mark_gaps_from else ()
    if gaps:
        phrase = FILLED if fill else GAP_PHRASES[encoding]
        notes.append(f"{counted(gaps, 'gap')} in the training rows, {phrase}")
    if len(counts) == 1:
        notes.append(constant_note(f'"{values[0]}"', gaps))
    notes += [code_note(inputs)] if encoding == "code" else []
    notes += [many_note(len(counts), most, encoding)] if rare else []
    notes += text_notes("" if asked else name, present=len(cells) - gaps, distinct=len(counts))
    stored = tuple(rare) if len(rare) <= MOST_RARE_VALUES else None
    return CategoryColumn(name, tuple(values), bool(rare), form, bool(gaps), stored, encoding, fill), notes


def shares(counts: "pl.DataFrame", values: Sequence[str]) -> tuple[float, ...]:
    """The share of each of these values among those that are counted, then that of the others, if any."""
    rows: dict[str, int] = dict(zip(counts["value"], counts["rows"], strict=True))
    told, total = [rows[value] for value in values], sum(rows.values())
    rest = total - sum(told)
    return tuple(each / total for each in (*told, *([rest] if rest else [])))


def by_frequency(counts: "pl.DataFrame") -> list[str]:
    """The values, the most frequent first; equally frequent ones by code point."""
    return counts.sort("rows", "value", descending=[True, False])["value"].to_list()
