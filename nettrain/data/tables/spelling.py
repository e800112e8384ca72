"""How cells are spelled as text, and which spellings are one value.

A cell keeps the spelling of its file: `01067`, `1.10` and `12345678901234567` are text as they stand, and a
number of a typed file (Parquet, arrays) is spelled exactly. What counts as one value is decided once, on the
rows of the training source, and stored as a `Form`, so that no other row of a file can change it.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from nettrain.data.tables.arrays import Indices, Mask, Numbers
from nettrain.data.tables.table import Table, as_numbers, is_text

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")
Form = Literal["text", "booleans", "integers", "numbers"]
"""Which spellings are one value: none but equal ones; of false and true, those of any case; of whole numbers,
`1` and `1.0` (but not `01`); of a column that its file stores as fractions, all that read as one number."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
BOOLEAN = r"^(?i:true|false)$"
INTEGER = r"^-?(0|[1-9]\d*)(\.0+)?$"
ZERO_FRACTION = r"^(-?(?:0|[1-9]\d*))\.0+$"
SAMPLE = 1000  # cells that rule out most forms at once


def number_text(value: float) -> str:
    """A number as a person writes it: whole ones without a point, others with the fewest digits."""
    if isinstance(value, int):
        return str(value)
    value = float(value)
    return str(int(value)) if value.is_integer() else repr(value)


def value_text(value: T) -> T | str:
    """A value as a table spells it: `1` for 1.0, `true` for True; anything else is returned as it is."""
    if isinstance(value, bool):
        return str(value).lower()
    return number_text(value) if isinstance(value, int | float) else value


def as_text(table: Table, name: str) -> "pl.Series":
    """A column's cells as text in the spelling of the source, null in gaps."""
    return spelled(table.column(name))


def spelled(series: "pl.Series") -> "pl.Series":
    """Cells (N,) as text, null in gaps: text as it is, numbers with all their digits, 1.0 as `1`."""
    import polars as pl

    if series.dtype.is_decimal():
        return series.cast(pl.String).str.replace(r"(\.\d*?)0+$", "$1").str.strip_suffix(".")
    if not series.dtype.is_float():
        return series.cast(pl.String)
    values = series.fill_nan(None) + 0.0  # no -0.0
    distinct = values.drop_nulls().unique()
    # the digits of a float32 are those of that type: 0.1 and not 0.10000000149011612
    texts = [number_text(float(str(value))) for value in distinct.to_numpy()]
    return values.replace_strict(distinct, texts, default=None, return_dtype=pl.String)


def column_form(table: Table, name: str) -> Form:
    """The form of a column, by all its cells."""
    series = table.column(name)
    if whole_numbers(series) is not None:
        return "integers"
    if (series.dtype.is_float() or series.dtype.is_decimal()) and not is_whole(series):
        return "numbers"
    present = spelled(series).drop_nulls()
    if all_match(present, BOOLEAN):
        return "booleans"
    return "integers" if all_match(present, INTEGER) else "text"


def all_match(texts: "pl.Series", pattern: str) -> bool:
    """Whether there is text, and all of it matches the pattern."""
    return all(len(some) and some.str.contains(pattern).all() for some in (texts.head(SAMPLE), texts))


def is_whole(series: "pl.Series") -> bool:
    """Whether all present numbers of a column are whole."""
    values, _ = as_numbers(series)
    present = values[~np.isnan(values)]
    return bool((present == np.floor(present)).all())


def normalized(texts: "pl.Series", form: Form) -> "pl.Series":
    """Text (N,) in which all spellings of one value are equal."""
    import polars as pl

    if form == "booleans":
        return texts.str.to_lowercase()
    if form == "integers":
        return texts.str.replace(ZERO_FRACTION, "$1")
    if form == "numbers":
        return pl.select(pl.coalesce(spelled(texts.cast(pl.Float64, strict=False)), texts)).to_series()
    return texts


def whole_numbers(series: "pl.Series") -> Numbers | None:
    """The numbers (N,) of a column of whole numbers that has no gaps, None of any other.

    Such cells are text in one way only, so that NumPy can do what text would need Polars' threads for.
    """
    if not (series.dtype.is_integer() and len(series) and not series.null_count()):
        return None
    values = series.to_numpy()
    return values if values.dtype.kind in "iu" else None


def distinct_texts(table: Table, name: str, form: Form) -> list[str]:
    """The values of a column, the shortest spelling of each, in no order that means anything."""
    whole = whole_numbers(table.column(name))
    if whole is not None:
        return [str(value) for value in np.unique(whole).tolist()]
    return distinct_values(as_text(table, name), form)["value"].to_list()


def distinct_values(texts: "pl.Series", form: Form) -> "pl.DataFrame":
    """The values of text (N,): `value`, the shortest spelling of each, and its number of `rows`."""
    import polars as pl

    frame = pl.DataFrame({"key": normalized(texts, form), "value": texts}).drop_nulls()
    order = frame.group_by("key", "value").len("rows").sort(pl.col("value").str.len_bytes(), "value")
    return order.group_by("key", maintain_order=True).agg(pl.col("value").first(), pl.col("rows").sum())


def positions(series: "pl.Series", values: Sequence[str], form: Form) -> Indices:
    """The position (N,) of each cell among the values of a column, -1 where it is none of them.

    Numbers of a typed file are also compared by value with text that reads as one number alone: 1.1 is `1.10`
    where that is a value, and `1.1` is none.
    """
    import polars as pl

    whole = whole_numbers(series) if form == "integers" else None
    if whole is not None:
        return whole_positions(whole, values)
    texts = normalized(spelled(series), form)
    known = dict(zip(normalized(pl.Series(values, dtype=pl.String), form), range(len(values)), strict=True))
    if not is_text(series):
        known |= {text: known[value] for text, value in equal_numbers(texts.unique(), known).items()}
    found = texts.replace_strict(list(known), list(known.values()), default=-1, return_dtype=pl.Int64)
    return found.fill_null(-1).to_numpy(writable=True)


def whole_positions(cells: Numbers, values: Sequence[str]) -> Indices:
    """`positions` of whole numbers (N,) among values whose form is integers."""
    distinct, inverse = np.unique(cells, return_inverse=True)
    texts = [str(value) for value in distinct.tolist()]
    known = {re.sub(ZERO_FRACTION, r"\1", value): k for k, value in enumerate(values)}
    known |= {text: known[value] for text, value in equal_numbers(texts, known).items()}
    return np.array([known.get(text, -1) for text in texts], dtype=np.int64)[inverse]


def equal_numbers(texts: Iterable[str | None], known: Iterable[str]) -> dict[str, str]:
    """For texts of numbers that are not known, the known text that reads as the same number, if it is one."""
    by_value: dict[Decimal, list[str]] = {}
    for text in known:
        if (value := decimal(text)) is not None:
            by_value.setdefault(value, []).append(text)
    unknown = {text: decimal(text) for text in {*texts} - {*known} if text is not None}
    same = {text: by_value.get(value, []) for text, value in unknown.items() if value is not None}
    return {text: equal[0] for text, equal in same.items() if len(equal) == 1}


def decimal(text: str) -> Decimal | None:
    """The number that text spells, exactly; None where it spells none that is finite."""
    return Decimal(text) if NUMBER.fullmatch(text) else None


def by_number(text: str) -> tuple[Decimal, str]:
    """The key that sorts spellings of numbers by value, and those of one number as text."""
    return decimal(text) or Decimal(0), text


def is_missing(table: Table, name: str) -> Mask:
    """Which rows (N,) have no value in a column; NaN in a column of floats is none."""
    series = table.column(name)
    if series.dtype.is_float():
        return np.asarray(np.isnan(series.to_numpy()))  # null becomes NaN
    gaps = series.is_null().to_numpy() if series.null_count() else np.zeros(len(series))
    return np.asarray(gaps, dtype=bool)
