"""Where the rows of a source differ from those that a run was trained on, beside cells that do not fit."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nettrain.data.columns.deviation import Deviation, far_limits
from nettrain.data.columns.encoding import Encoder, empty_rows
from nettrain.data.columns.numbers import NumberColumn
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.tables.arrays import Mask
from nettrain.data.tables.spelling import is_missing
from nettrain.data.tables.table import ColumnsOfNumbers, Table, counted

MOST_LINES = 20
PIXELS = 49  # columns may be an image, from 7x7 pixels on
BRIGHTEST = 0.25  # of its pixels reach the highest value


@dataclass(frozen=True)
class RowComparison:
    """How rows differ from the training data, and which of their columns do not predict (unused)."""

    deviations: tuple[Deviation, ...] = ()
    unused: tuple[str, ...] = ()

    def lines(self, label: str) -> list[str]:
        """A line for each column in which the rows with this label differ, and for rows without a value."""
        messages: dict[str, list[str]] = {}
        for one in self.deviations:
            messages.setdefault(f'column "{one.column}": ' if one.column else "", []).append(one.message)
        lines = [f"{label}: {column}{'; '.join(texts)}" for column, texts in messages.items()]
        more = len(lines) - MOST_LINES
        rest = [f"{label}: and {counted(more, 'more column')}, which --json lists"] if more > 0 else []
        return [*lines[:MOST_LINES], *rest]


NO_DEVIATIONS = RowComparison()


def compare_with_training(
    table: Table, preprocessing: Preprocessing, wanted: Iterable[str] = ()
) -> RowComparison:
    """How a table under the names of the training data differs from it; `wanted` columns may be new.

    Cells that cannot be encoded are left to `invalid_cells`.
    """
    suspects = suspicious_columns(table, with_shared_range(preprocessing.encoders))
    by_column = [one for encoder in suspects for one in encoder.deviations(table)]
    known = {*preprocessing.layout.columns, *wanted}
    new = [Deviation(name, "column", table.height) for name in table.columns if name not in known]
    new += filled_columns(table, preprocessing.empty_columns)
    empty = 0 if preprocessing.empty_rows else int(empty_rows(table, preprocessing.encoders).sum())
    deviations = (*by_column, *new, *([Deviation("", "empty", empty)] if empty else []))
    return RowComparison(deviations, unused_columns(table, preprocessing))


def common_deviations(comparisons: Sequence[RowComparison]) -> RowComparison:
    """How rows differ from all of several sets of training rows.

    A column deviates if it does so, in one way, from each set; what is said of it is by the set with the
    fewest rows that deviate. Columns are unused if none of the networks uses them.
    """
    first, *others = comparisons
    if not others:
        return first
    by_column = [{(one.column, one.kind): one for one in each.deviations} for each in comparisons]
    common = [key for key in by_column[0] if all(key in each for each in by_column)]
    deviations = (min((each[key] for each in by_column), key=lambda one: one.rows) for key in common)
    unused = (name for name in first.unused if all(name in other.unused for other in others))
    return RowComparison(tuple(deviations), tuple(unused))


def filled_columns(table: Table, names: Iterable[str]) -> list[Deviation]:
    """Those of the columns that have values, of columns which had none in training."""
    rows = {name: int((~is_missing(table, name)).sum()) for name in names if name in table.known_names}
    return [Deviation(name, "filled", count) for name, count in rows.items() if count]


def unused_columns(table: Table, preprocessing: Preprocessing) -> tuple[str, ...]:
    """The columns of a table that neither predict nor are a target or a weight."""
    used = {encoder.name for encoder in preprocessing.encoders}
    used |= {*preprocessing.target.names, *([preprocessing.weight] if preprocessing.weight else [])}
    return tuple(name for name in table.columns if name not in used)


def with_shared_range(encoders: Sequence[Encoder]) -> Sequence[Encoder]:
    """The encoders, of pixels with the range of all of them: one that was always 0 in training may be grey.

    Pixels are at least PIXELS columns of numbers with one lowest value, many of them with the same highest.
    """
    numbers = [encoder for encoder in encoders if isinstance(encoder, NumberColumn)]
    if len(numbers) < max(PIXELS, len(encoders)):
        return encoders
    low, high = numbers[0].low, max(encoder.high for encoder in numbers)
    brightest = sum(encoder.high == high for encoder in numbers)
    if any(encoder.low != low for encoder in numbers) or brightest < BRIGHTEST * len(numbers):
        return encoders
    return [replace(encoder, high=high) for encoder in numbers]


def suspicious_columns(table: Table, encoders: Sequence[Encoder]) -> Iterator[Encoder]:
    """The encoders of columns that may differ: of those in `table.numbers` only the ones that do."""
    from_numbers = [one for one in encoders if isinstance(one, NumberColumn) and table.has_numbers(one.name)]
    usual = set()
    if table.numbers and from_numbers:
        marked = zip(from_numbers, differing(table.numbers, from_numbers), strict=True)
        usual = {encoder.name for encoder, differs in marked if not differs}
    return (encoder for encoder in encoders if encoder.name not in usual)


def differing(numbers: ColumnsOfNumbers, columns: Sequence[NumberColumn]) -> Mask:
    """Which columns (C,) have gaps that training rows had not, or numbers far outside their range."""
    positions = [numbers.positions[column.name] for column in columns]
    below, above = np.array([far_limits(column.low, column.high) for column in columns]).T
    without_gaps = np.array([not column.gaps for column in columns])
    differs = np.zeros(len(columns), dtype=bool)
    for chunk in filter(len, numbers.blocks()):
        low, high = (reduce(chunk, axis=0)[positions] for reduce in (np.fmin.reduce, np.fmax.reduce))
        differs |= (low < below) | (high > above)
        if chunk.dtype.kind == "f":
            with np.errstate(all="ignore"):  # a sum is NaN where a number is, or infinities cancel
                differs |= without_gaps & np.isnan(chunk.sum(axis=0)[positions])
    return differs
