"""Column profiles: the kind of a column, its gaps, its values. Nothing of them is fitted or kept by a run."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from nettrain.data.columns.dates import date_format, is_dates
from nettrain.data.columns.identifiers import enumerates_rows
from nettrain.data.tables.arrays import Mask, Numbers
from nettrain.data.tables.spaced import spaced
from nettrain.data.tables.spelling import number_text, value_text
from nettrain.data.tables.table import Table, column_numbers, infinite, is_text

if TYPE_CHECKING:
    import polars as pl

ColumnKind = Literal["numbers", "text", "dates", "nothing"]
CELLS = 2_000_000  # of a larger table, numbers are examined in rows at even distances,
ROWS = 10_000  # but not in fewer
SHOWN = 3  # values that stand for all of a column
FEW_WORDS = 3  # different words among numbers may be spellings of a gap
RARE_WORDS = 0.05  # and so may words in so small a share of the cells
GAPS = {"", "-", "--", ".", "*", "?", "n/a", "#n/a", "na", "nan", "none", "null", "nil", "unknown", "missing"}


@dataclass(frozen=True)
class ColumnProfile:
    """A column of `rows` cells: `gaps` have no value, the others `distinct` ones.

    `values` are the most frequent, and `rarest` is how often the least frequent occurs. Numbers lie from
    `low` to `high`, are `integer` when none has a fraction, and `enumerates` says that they number the rows.
    `words` are cells among numbers or dates that are none; `words_are_gaps` when they look like spellings of
    a gap.
    """

    name: str
    kind: ColumnKind
    rows: int
    gaps: int = 0
    distinct: int = 0
    values: tuple[str, ...] = ()
    rarest: int = 0
    low: float = 0.0
    high: float = 0.0
    integer: bool = False
    enumerates: bool = False
    words: tuple[str, ...] = ()
    words_are_gaps: bool = False

    @property
    def present(self) -> int:
        """Cells that have a value."""
        return self.rows - self.gaps

    @property
    def wrong_date(self) -> str:
        """A cell among dates that has to be corrected before they can be read, "" where there is none."""
        if self.kind != "dates" or self.words_are_gaps:
            return ""
        return next((word for word in self.words if word.lower() not in GAPS), "")

    @property
    def constant(self) -> bool:
        """Whether there is only one value."""
        return self.distinct == 1


def column_profiles(table: Table) -> tuple[ColumnProfile, ...]:
    """The profile of each column of a table."""
    sample = sampled(table)
    return tuple(profile(table, sample, name) for name in table.columns)


def sampled(table: Table) -> Table:
    """The table, or rows of it at even distances when it is large."""
    rows = max(ROWS, CELLS // len(table.columns))
    if rows >= table.height:
        return table
    return table.take(spaced(table.height, rows))


def profile(table: Table, sample: Table, name: str) -> ColumnProfile:
    """The profile of a column: of text by all its cells, as one word may decide, of numbers by the sample."""
    if sample.has_numbers(name) or not is_text(sample.column(name)):
        return numbers_profile(sample, name, table.height)
    series = table.column(name)
    present = series.len() - series.null_count()
    if not present:
        return ColumnProfile(name, "nothing", table.height, table.height)
    _, wrong = column_numbers(table, name)
    # a run refuses words among numbers, and takes the column as text when words are half of it or more
    mixed = wrong.any() and present > 2 * int((wrong & ~infinite(series)).sum())
    if mixed or not wrong.any():
        return numbers_profile(table, name, table.height)
    return text_profile(table, name)


def numbers_profile(table: Table, name: str, height: int) -> ColumnProfile:
    """A column of numbers, and of words that stand among them; the whole table has `height` rows."""
    values, wrong = column_numbers(table, name)
    missing = np.isnan(values)
    present = values[~missing]
    words = words_of(table.column(name), wrong) if wrong.any() else ()
    gaps = bool(words) and is_text(table.column(name)) and words_spell_gaps(words, wrong)
    if words and not present.size:  # such as a column of infinities
        return replace(text_profile(table, name), words=words, words_are_gaps=gaps)
    if not present.size:
        return ColumnProfile(name, "nothing", table.height, table.height)
    if table.has_numbers(name) and not words:
        shown, distinct, rarest = frequent_numbers(table.numbers_of(name)[~missing])
    else:
        shown, distinct, rarest = frequent_values(table, name)
    return ColumnProfile(
        name,
        "numbers",
        table.height,
        int((missing & ~wrong).sum()),
        distinct - len(words),
        shown,
        rarest,
        float(present.min()),
        float(present.max()),
        bool((present == np.floor(present)).all()),
        not np.isnan(values).any() and enumerates_rows(values, height),
        words,
        gaps,
    )


def text_profile(table: Table, name: str) -> ColumnProfile:
    """A column of text or dates."""
    shown, distinct, rarest = frequent_values(table, name)
    series = table.column(name)
    profile = ColumnProfile(name, "text", table.height, series.null_count(), distinct, shown, rarest)
    if not is_dates(table, name):
        return profile
    words = words_of(series, date_format(table, name).wrong(series))
    gaps = bool(words) and all(word.lower() in GAPS for word in words)
    return replace(profile, kind="dates", words=words, words_are_gaps=gaps)


def frequent_values(table: Table, name: str) -> tuple[tuple[str, ...], int, int]:
    """The most frequent values, the number of distinct ones, and how often the rarest occurs."""
    import polars as pl

    series = table.column(name).rename("value")
    if series.dtype.is_float():
        series = series.fill_nan(None)
    present = series.drop_nulls()
    if present.dtype.is_float() or present.dtype.is_integer():
        return frequent_numbers(present.to_numpy())  # five times as fast, which thousands of columns feel
    counts = present.value_counts(name="rows").sort(["rows", "value"], descending=[True, False])
    shown = [str(value_text(value)) for value in counts["value"].head(SHOWN)]
    return tuple(shown), counts.height, int(counts["rows"].cast(pl.Int64)[-1])


def frequent_numbers(values: Numbers) -> tuple[tuple[str, ...], int, int]:
    """What `frequent_values` returns, of numbers (N,) without gaps."""
    distinct, rows = np.unique(values, return_counts=True)
    order = np.argsort(-rows, kind="stable")
    return tuple(map(number_text, distinct[order[:SHOWN]].tolist())), len(distinct), int(rows[order[-1]])


def words_of(series: "pl.Series", wrong: Mask) -> tuple[str, ...]:
    """The distinct cells of a column that are no finite numbers, in order."""
    import polars as pl

    return tuple(series.filter(pl.Series(wrong)).cast(pl.String).unique().sort())


def words_spell_gaps(words: tuple[str, ...], wrong: Mask) -> bool:
    """Whether words among numbers look like spellings of a gap: known ones, infinity, or few and rare."""
    if all(word.lower() in GAPS or word.lower().lstrip("+-").startswith("inf") for word in words):
        return True
    return len(words) <= FEW_WORDS and float(wrong.mean()) <= RARE_WORDS
