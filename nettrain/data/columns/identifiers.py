"""Columns that identify rows instead of describing them: numbers of rows, keys, names."""

import re

import numpy as np

from nettrain.data.tables.arrays import Floats

NAMED = re.compile(  # an index of something else, such as body_mass_index, is an amount
    r"(?i:(^|[_ .-])(id|uuid|guid|idx)$|^unnamed|^((row|record|sample|case|item|image|user|customer|client|"
    r"person|patient|subject)[_ .-]?)?index$)|[a-z]I[dD]$"
)
QUANTITIES = ("x", "y", "t", "year", "month", "day", "date", "time")  # that may increase by one, row by row
# the likeliest names of targets first
TARGET_NAMES = (
    *("target", "label", "labels", "class", "y"),
    *("outcome", "response", "survived", "species", "diagnosis"),
)
NAMED_IDENTIFIER = "named like an identifier"
FEW_ROWS = 10  # in which all values may differ by chance
SCATTERED = 0.5  # distinct texts in more than this share of the rows teach nothing
MOST_KEYS = 20  # values of a column named like an identifier that may be categories
ROWS_PER_KEY = 10  # on average, with which more values are categories too
ADVICE = "it seems to identify rows, not to describe them; data.columns.ignore leaves it out"
WORDS_ADVICE = ", data.columns.words takes its words"


def is_named_identifier(name: str) -> bool:
    """Whether a column is called `id`, `customer_id`, `PassengerId`, or `Unnamed: 0` as by pandas."""
    return bool(NAMED.search(name))


def number_reason(name: str, *, present: int, distinct: int, integer: bool, enumerates: bool) -> str:
    """Why a column of numbers seems to identify its rows, "" when it does not."""
    if present <= FEW_ROWS:
        return ""
    if enumerates and name.lower() not in (*QUANTITIES, *TARGET_NAMES):
        return "numbers the rows"
    named = integer and is_named_identifier(name)
    return NAMED_IDENTIFIER if named and not are_categories(distinct, present) else ""


def text_reason(name: str, *, present: int, distinct: int) -> str:
    """Why a column of text seems to identify its rows, "" when it does not."""
    if present <= FEW_ROWS:
        return ""
    if is_named_identifier(name) and not are_categories(distinct, present):
        return NAMED_IDENTIFIER
    return f"{distinct} different texts in {present} rows" if distinct > SCATTERED * present else ""


def are_categories(distinct: int, present: int) -> bool:
    """Whether the values of a column named like an identifier are kinds of rows, such as species or shops.

    They are few, or each has rows enough to learn something of it.
    """
    return distinct <= max(MOST_KEYS, present // ROWS_PER_KEY)


def enumerates_rows(values: Floats, height: int) -> bool:
    """Whether values (N,) number the rows, `height` in all: integer, distinct, and without large holes."""
    if len(values) < 2 or not len(values) <= 1 + np.ptp(values) <= 2 * height or not are_integers(values):
        return False
    return bool((np.diff(np.sort(values)) > 0).all())


def are_integers(values: Floats) -> bool:
    """Whether no value has a fraction; the first few usually tell."""
    few = values[:100]
    return bool((few == np.floor(few)).all() and (values == np.floor(values)).all())


def number_notes(name: str, values: Floats, height: int) -> list[str]:
    """The note on a column that seems to identify rows, by its values (N,) in training rows of `height`."""
    present = values[~np.isnan(values)]
    named = is_named_identifier(name)
    reason = number_reason(
        name,
        present=len(present),
        distinct=len(np.unique(present)) if named else 0,
        integer=named and are_integers(present),
        enumerates=len(present) == len(values) and enumerates_rows(values, height),
    )
    return [f"{reason}: {ADVICE}"] if reason else []


def text_notes(name: str, *, present: int, distinct: int) -> list[str]:
    """The note on a column of text that seems to identify rows."""
    reason = text_reason(name, present=present, distinct=distinct)
    return [f"{reason}: {ADVICE}{WORDS_ADVICE if reason != NAMED_IDENTIFIER else ''}"] if reason else []
