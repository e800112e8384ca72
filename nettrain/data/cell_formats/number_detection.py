"""Which format the numbers of a column of text have: the one in which all of its cells are numbers.

`1,234` alone has a decimal comma or one between thousands, 1.234 or 1234: where no cell tells which, no
format is chosen.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from nettrain.data.cell_formats.detected import Detected, has_digits, sample_of
from nettrain.data.cell_formats.number_format import GROUPED, NumberFormat, number_fields
from nettrain.data.tables.arrays import Floats, Mask
from nettrain.data.tables.spelling import number_text
from nettrain.data.tables.table import are_strays, as_numbers

if TYPE_CHECKING:
    import polars as pl

LEAST = 0.5  # of the sampled cells are numbers of some format
NEARLY_ALL = 0.9  # of the cells are, though their units differ
FEW_UNITS = 5
MARKS = [(decimal, thousands) for thousands in GROUPED for decimal in ".," if decimal != thousands]


@dataclass(frozen=True)
class Candidate:
    """A format and what it makes of all cells (N,)."""

    format: NumberFormat
    values: Floats
    wrong: Mask

    @cached_property
    def errors(self) -> int:
        """How many cells are not in this format."""
        return int(self.wrong.sum())


def detect_numbers(series: "pl.Series", decimal: str = "") -> Detected[NumberFormat]:
    """The format of a column of text whose cells are numbers, but for strays; plain numbers have none.

    `decimal` is the decimal mark where the cells leave it open, "" when it is not known.
    """
    import polars as pl

    sample = sample_of(series)
    if not has_digits(sample) or number_fields(pl.Series(sample))["body"].count() < LEAST * len(sample):
        return Detected()
    fields = number_fields(series)
    unit = fields.filter(pl.col("body").is_not_null())["unit"].mode().sort()[0]
    point, comma = (best_candidate(series, fields, unit, mark) for mark in ".,")
    best = comma if comma.errors < point.errors else point
    texts = series.filter(pl.Series(best.wrong))
    if best.errors and not are_strays(texts, series.len() - series.null_count()):
        return Detected(looks=different_units(fields))
    if comma.errors == point.errors and not np.array_equal(comma.values, point.values, equal_nan=True):
        if not decimal and (point.format.thousands or point.format.is_currency):
            return Detected(looks=ambiguous(series, point, comma))
        best = comma if decimal == "," else point
    return Detected(None if reads_plainly(series, best) else with_example(series, best))


def best_candidate(series: "pl.Series", fields: "pl.DataFrame", unit: str, decimal: str) -> Candidate:
    """The first of the formats with this unit and decimal mark that most cells have."""
    import polars as pl

    formats = [NumberFormat(mark, thousands, unit) for mark, thousands in MARKS if mark == decimal]
    right = fields.filter(unit=unit).select(
        pl.col("body").str.contains(one.digits).sum().alias(one.thousands) for one in formats
    )
    best = max(formats, key=lambda one: right[one.thousands].item())
    return Candidate(best, *best.values(fields, series))


def reads_plainly(series: "pl.Series", best: Candidate) -> bool:
    """Whether no format is needed: the cells are numbers as every program writes them."""
    return (best.format.decimal, best.format.thousands) == (".", "") and best.errors == int(
        as_numbers(series)[1].sum()
    )


def with_example(series: "pl.Series", best: Candidate) -> NumberFormat:
    """The format with the first of its cells that need it as the example."""
    needed = ~best.wrong & as_numbers(series)[1]
    return replace(best.format, example=str(series[int(np.argmax(needed))]))


def ambiguous(series: "pl.Series", point: Candidate, comma: Candidate) -> str:
    """What a column looks like in which marks are decimal or between thousands, and which key says so."""
    row = int(np.argmax((point.values != comma.values) & ~np.isnan(point.values)))
    numbers = f"{number_text(comma.values[row])} or {number_text(point.values[row])}"
    return f'looks like numbers, but "{series[row]}" may be {numbers}: data.decimal: "," or "." says which'


def different_units(fields: "pl.DataFrame") -> str:
    """What a column looks like whose numbers have a few different units, "" for other columns."""
    import polars as pl

    present = fields.filter(pl.col("body").is_not_null())["unit"]
    units = present.unique().sort().to_list()
    if len(present) < NEARLY_ALL * fields.height or not 1 < len(units) <= FEW_UNITS:
        return ""
    named = ", ".join(f'"{unit}"' if unit else "none" for unit in units)
    return f"looks like numbers with different units ({named}); write all of them with the same"
