"""How the cells of a column differ from those that it was fitted on."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from nettrain.data.tables.arrays import Mask
from nettrain.data.tables.spelling import decimal, is_missing, number_text
from nettrain.data.tables.table import Table, counted

DeviationKind = Literal["unseen", "gaps", "range", "column", "filled", "empty"]
Value = str | float
MOST_VALUES = 10  # that are kept of a column
SHOWN_VALUES = 3  # in a message
MOST_DIGITS = 1e15  # numbers from here on are written with an exponent
LONGEST_VALUE = 40  # characters of a value in a message


@dataclass(frozen=True)
class Deviation:
    """What `rows` rows have in a column that no training row had there.

    That is, by `kind`: values that were not there (unseen), gaps (gaps), or numbers or dates far outside the
    range (range); a column that was not there (column) or had no value (filled); or, with the name "", no
    value at all (empty).
    `values` are the most frequent of `distinct` unseen ones, or the lowest and highest outside the range.
    `spelled` has the known spelling of unseen values that differ from it in case, blanks or digits, and
    `trained` is the range of the training rows.
    """

    column: str
    kind: DeviationKind
    rows: int
    values: tuple[Value, ...] = ()
    distinct: int = 0
    spelled: Mapping[str, str] = field(default_factory=dict)
    trained: tuple[Value, ...] = ()

    @property
    def message(self) -> str:
        """What differs, without the name of the column."""
        match self.kind:
            case "unseen":
                values = self._unseen_values()
                return f"{counted(self.rows, 'row')} with values not in the training data: {values}"
            case "gaps":
                return f"{counted(self.rows, 'gap')}, the training data had none"
            case "range":
                return self._range_message()
            case "column":
                return "not in the training data, not used"
            case "filled":
                return f"{counted(self.rows, 'value')}, the training data had none, not used"
            case "empty":
                return f"{counted(self.rows, 'row')} without a value in any column that is used"

    def _unseen_values(self) -> str:
        shown = self.values[:SHOWN_VALUES]
        more = f" and {self.distinct - len(shown)} more" if self.distinct > len(shown) else ""
        return ", ".join(self._unseen_value(str(value)) for value in shown) + more

    def _unseen_value(self, value: str) -> str:
        known = f' ("{shortened(self.spelled[value])}" is known)' if value in self.spelled else ""
        return f'"{shortened(value)}"{known}'

    def _range_message(self) -> str:
        low, high = self.trained
        rows, values = counted(self.rows, "row"), range_text(self.values)
        if low == high:
            return f"{rows} with {values}, every training row has {value_text(low)}"
        return f"{rows} far outside the training range {range_text(self.trained)}: {values}"


def range_text(values: Iterable[Value]) -> str:
    """`1 to 7`, or `7` where both are the same."""
    return " to ".join(dict.fromkeys(value_text(value) for value in values))


def value_text(value: Value) -> str:
    """A number as a person writes it, or text."""
    if isinstance(value, str):
        return value
    return number_text(value) if abs(value) < MOST_DIGITS else f"{value:g}"


def shortened(value: str) -> str:
    """The value, or its beginning when it is long."""
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}…"


def known_spellings(values: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """For values that differ in case, blanks or digits alone from a known one: that one."""
    by_fold: dict[str, str] = {}
    for one in known:
        by_fold.setdefault(folded(one), one)
    return {value: by_fold[folded(value)] for value in values if folded(value) in by_fold}


def folded(value: str) -> str:
    """What spellings of one value have in common: `ulm` of ` Ulm`, `1` of `1.0`."""
    plain = "".join(unicodedata.normalize("NFKC", value).casefold().split())
    number = decimal(plain)
    return plain if number is None else str(number.normalize())


def new_gaps(table: Table, name: str, *, known: bool) -> list[Deviation]:
    """The gaps of a column, unless they are known from training rows."""
    gaps = 0 if known else int(is_missing(table, name).sum())
    return [Deviation(name, "gaps", gaps)] if gaps else []


def no_cells(table: Table, name: str) -> Mask:
    """No row (N,) of a column whose cells may hold anything. Raises DataError when it is not there."""
    table.refuse_unknown(name, "column")
    return np.zeros(table.height, dtype=bool)


def far_limits(low: float, high: float) -> tuple[float, float]:
    """Beyond these, a number is further outside the range than the range is long."""
    span = high - low
    return low - span, high + span
