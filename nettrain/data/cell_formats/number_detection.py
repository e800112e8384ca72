"""Which format the numbers of a column of text have: the one in which all of its cells are numbers.

`1,234` alone has a decimal comma or one between thousands, 1.234 or 1234: where no cell tells which, no
format is chosen.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nettrain.data.cell_formats.detected import Detected, sample_of
from nettrain.data.cell_formats.number_format import GROUPED, NumberFormat, number_fields
from nettrain.data.tables.arrays import Mask
from nettrain.data.tables.spelling import number_text
from nettrain.data.tables.table import STRAY_SHARE, are_strays, as_numbers

if TYPE_CHECKING:
    import polars as pl

LEAST = 0.5  # of the sampled cells are numbers of some format
NEARLY_ALL = 0.9  # of the cells are, though their units differ
FEW_UNITS = 5
MARKS = [(decimal, thousands) for thousands in GROUPED for decimal in ".," if decimal != thousands]


@dataclass(frozen=True)
class Candidate:
    """A format, and how many of the cells have it."""

    format: NumberFormat
    right: int


def detect_numbers(series: "pl.Series", decimal: str = "") -> Detected[NumberFormat]:
    """The format of a column of text whose cells are numbers, but for strays; plain numbers have none.

    `decimal` is the decimal mark where the cells leave it open, "" when it is not known.
    """
    present = series.len() - series.null_count()
    if not present or not sample_is_numeric(series):
        return Detected()
    fields = number_fields(series)
    point, comma = best_candidates(fields)
    best = comma if comma.right > point.right else point
    if best.right < present and not are_mistakes(best.format.values(fields, series)[1], fields, series):
        return Detected(looks=different_units(fields, present))
    if comma.right == point.right and not same_numbers(point, comma, fields, series):
        if not decimal and (point.format.thousands or point.format.is_currency):
            return Detected(looks=ambiguous(series, fields, point.format, comma.format))
        best = comma if decimal == "," else point
    plain = as_numbers(series)[1]
    if (best.format.decimal, best.format.thousands) == (".", "") and present - best.right == plain.sum():
        return Detected()
    return Detected(replace(best.format, example=first_example(best.format, fields, series, plain)))


def are_mistakes(wrong: Mask, fields: "pl.DataFrame", series: "pl.Series") -> bool:
    """Whether the cells (N,) that are not in a format are mistakes, in a column of text with these fields.

    They are not where many of them are numbers of another form, mostly with another unit, and have as many
    different values as those that are in the format: `1 pint` and `1 gallon` are categories.
    """
    texts, present = series.filter(wrong), series.len() - series.null_count()
    if not are_strays(texts, present):
        return False
    others = texts.filter(fields["body"].filter(wrong).is_not_null())
    return (
        len(others) <= STRAY_SHARE * present
        or others.n_unique() < series.filter(~wrong).drop_nulls().n_unique()
    )


def sample_is_numeric(series: "pl.Series") -> bool:
    """Whether half of some cells, or more, are numbers in any format."""
    import polars as pl

    sample = sample_of(series)
    return number_fields(pl.Series(sample))["body"].count() >= LEAST * len(sample)


def best_candidates(fields: "pl.DataFrame") -> tuple[Candidate, Candidate]:
    """Of the formats with a decimal point, and of those with a comma, the first that most cells have."""
    import polars as pl

    unit = fields.filter(pl.col("body").is_not_null())["unit"].mode().sort()[0]
    formats = [NumberFormat(decimal, thousands, unit) for decimal, thousands in MARKS]
    body = pl.col("body").filter(pl.col("unit") == unit)
    counts = fields.select(body.str.contains(one.digits).sum().alias(str(i)) for i, one in enumerate(formats))
    candidates = [Candidate(*pair) for pair in zip(formats, counts.row(0), strict=True)]
    point, comma = (
        max((one for one in candidates if one.format.decimal == mark), key=lambda one: one.right)
        for mark in ".,"
    )
    return point, comma


def same_numbers(point: Candidate, comma: Candidate, fields: "pl.DataFrame", series: "pl.Series") -> bool:
    """Whether two candidates make the same numbers of all cells."""
    if not (point.format.thousands or comma.format.thousands) and point.right == len(series):
        return True  # digits alone
    first, second = (one.format.values(fields, series)[0] for one in (point, comma))
    return np.array_equal(first, second, equal_nan=True)


def first_example(written: NumberFormat, fields: "pl.DataFrame", series: "pl.Series", plain: Mask) -> str:
    """The first cell in a format among those that are not plain numbers (N,)."""
    needed = plain & ~written.values(fields, series)[1]
    return str(series[int(np.argmax(needed))])


def ambiguous(series: "pl.Series", fields: "pl.DataFrame", point: NumberFormat, comma: NumberFormat) -> str:
    """What a column looks like in which marks are decimal or between thousands, and which key says so."""
    first, second = (one.values(fields, series)[0] for one in (comma, point))
    row = int(np.argmax((first != second) & ~np.isnan(first)))
    numbers = f"{number_text(first[row])} or {number_text(second[row])}"
    return f'looks like numbers, but "{series[row]}" may be {numbers}: data.decimal: "," or "." says which'


def different_units(fields: "pl.DataFrame", present: int) -> str:
    """What a column looks like whose numbers have a few different units, "" for other columns.

    `1. Married` and `2. Widowed` are an enumeration.
    """
    import polars as pl

    numbers = fields.filter(pl.col("body").is_not_null())
    units = numbers["unit"].unique().sort().to_list()
    if len(numbers) < NEARLY_ALL * present or not 1 < len(units) <= FEW_UNITS:
        return ""
    if numbers["body"].str.contains("[.,]$").all():
        return ""
    named = ", ".join(f'"{unit}"' if unit else "none" for unit in units)
    return f"looks like numbers with different units ({named}); write all of them with the same"
