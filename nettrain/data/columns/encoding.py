"""How a column's cells become numbers: fitted on the training rows, then the same for every row.

Conventions: an encoder with w features writes (N, w) float64; `kinds` says for each of them whether it is a
number, which is scaled, a 0/1 indicator, or the code of a category.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

import numpy as np
from pydantic import Field

from nettrain.data.columns.categories import (
    CategoryColumn,
    CategoryColumnJson,
    fit_categories,
)
from nettrain.data.columns.cell_inputs import DEFAULT_INPUTS, CellInputs
from nettrain.data.columns.dates import DateColumn, DateColumnJson, fit_dates, is_dates
from nettrain.data.columns.input_kind import InputKind
from nettrain.data.columns.numbers import NumberColumn, NumberColumnJson, fit_numbers, is_boolean
from nettrain.data.columns.words import WordColumn, WordColumnJson, fit_words
from nettrain.data.tables.arrays import Floats, Indices, Mask
from nettrain.data.tables.spelling import is_missing
from nettrain.data.tables.table import Table, column_numbers, is_numeric, not_a_number

Encoder = NumberColumn | CategoryColumn | DateColumn | WordColumn
EncoderJson = Annotated[
    NumberColumnJson | CategoryColumnJson | DateColumnJson | WordColumnJson, Field(discriminator="kind")
]
FitEncoder = Callable[[Table, str, Indices, CellInputs], tuple[Encoder | None, list[str]]]
SHOWN_COLUMNS = 3  # in a note
ADVICE = "add it to data.missing or correct it, or name the column in data.columns.categorical"


def encoder_from_json(column: EncoderJson) -> Encoder:
    """The encoder that `to_json` described. Raises StoredContentError for one that cannot be."""
    match column["kind"]:
        case "numbers":
            return NumberColumn.from_json(column)
        case "text":
            return CategoryColumn.from_json(column)
        case "dates":
            return DateColumn.from_json(column)
        case "words":
            return WordColumn.from_json(column)


def fit_encoders(
    table: Table,
    names: Sequence[str],
    train: Indices,
    *,
    categorical: Sequence[str] = (),
    numeric: Sequence[str] = (),
    words: Sequence[str] = (),
    inputs: CellInputs = DEFAULT_INPUTS,
) -> tuple[list[Encoder], list[str]]:
    """An encoder for each named column, fitted on the rows `train`, and notes a person should read.

    `inputs` say how categories are encoded, and which gaps are marked. Whether a column holds numbers is
    decided by all rows, so that no seed changes it, and by `categorical`, `numeric` and `words` for the
    columns in them. A column without any value in the training rows gets no encoder. Raises DataError where
    text stands among numbers.
    """
    encoders: list[Encoder] = []
    columns_by_note: dict[str, list[str]] = {}
    given: dict[str, FitEncoder] = dict.fromkeys(categorical, partial(fit_categories, asked=True))
    given |= dict.fromkeys(words, fit_words)
    numbers = frozenset(numeric)
    for name in names:
        fit = given.get(name)
        if fit is None:
            fit = numeric_fit(table, name) if name in numbers else automatic_fit(table, name)
        encoder, notes = fit(table, name, train, inputs)
        encoders += [encoder] if encoder else []
        for note in notes:
            columns_by_note.setdefault(note, []).append(name)
    return encoders, [f"{columns_text(names)}: {note}" for note, names in columns_by_note.items()]


def columns_text(names: Sequence[str]) -> str:
    """`column "a"`, or `12 columns ("a", "b", "c", ...)`, that share a note."""
    if len(names) == 1:
        return f'column "{names[0]}"'
    more = ", ..." if len(names) > SHOWN_COLUMNS else ""
    first = ", ".join(f'"{name}"' for name in names[:SHOWN_COLUMNS])
    return f"{len(names)} columns ({first}{more})"


def automatic_fit(table: Table, name: str) -> FitEncoder:
    """How a column without a role is encoded: by what all its cells are."""
    if is_dates(table, name):
        return fit_dates
    return fit_numbers if is_numeric(table, name, ADVICE) else fit_categories


def is_categorical(table: Table, name: str, categorical: Collection[str]) -> bool:
    """Whether a column is one of the `categorical`, or holds text that is neither number nor date."""
    return name in categorical or automatic_fit(table, name) is fit_categories


def numeric_fit(table: Table, name: str) -> FitEncoder:
    """How a column in `numeric` is encoded. Raises DataError when it holds text."""
    if is_dates(table, name):
        return fit_dates
    series = table.column(name)
    if series.null_count() < series.len() and is_boolean(table, name):
        return fit_booleans
    _, wrong = column_numbers(table, name)
    if wrong.any():
        raise not_a_number(table, name, wrong, "correct it or take the column out of data.columns.numeric")
    return fit_numbers


def fit_booleans(
    table: Table, name: str, train: Indices, inputs: CellInputs
) -> tuple[Encoder | None, list[str]]:
    """The encoder of a column of false and true as 0 and 1, and notes on it."""
    return fit_numbers(table, name, train, inputs, truth=True)


def encode_columns(encoders: Sequence[Encoder], table: Table, rows: Indices) -> Floats:
    """The features (M, w) of these columns and rows alone, which errors still find in their source.

    Each feature lies in one piece in memory, so that a sum over rows does not depend on the other features.
    """
    names = [encoder.name for encoder in encoders]
    return np.asfortranarray(encode_all(encoders, table.select(*names).take(rows)))


def encode_all(encoders: Sequence[Encoder], table: Table) -> Floats:
    """All columns' features side by side: (N, D)."""
    ends = np.cumsum([len(encoder.kinds) for encoder in encoders])
    x = np.empty((table.height, ends[-1]))
    from_numbers: list[tuple[NumberColumn, int]] = []
    for encoder, end in zip(encoders, ends, strict=True):
        if isinstance(encoder, NumberColumn) and table.has_numbers(encoder.name):
            from_numbers.append((encoder, end))
        else:
            x[:, end - len(encoder.kinds) : end] = encoder.encode(table)
    encode_numbers(x, from_numbers, table)
    return x


def encode_numbers(x: Floats, columns: Sequence[tuple[NumberColumn, int]], table: Table) -> None:
    """Write columns of `table.numbers` into x (N, D), each column's features before its end.

    Writes the same as `NumberColumn.encode`, without its cost per column, for images of thousands of pixels.
    """
    if not columns or table.numbers is None:
        return
    values = table.numbers.block([column.name for column, _ in columns])
    if np.isinf(values).any():
        for column, _ in columns:
            column.encode(table)  # raises at the first
    missing = np.isnan(values)
    np.copyto(values, [column.fill for column, _ in columns], where=missing)
    x[:, [end - len(column.kinds) for column, end in columns]] = values
    with_gaps = [i for i, (column, _) in enumerate(columns) if column.marked]
    x[:, [columns[i][1] - 1 for i in with_gaps]] = missing[:, with_gaps]


def empty_rows(table: Table, encoders: Sequence[Encoder]) -> Mask:
    """Which rows (N,) have no value in any of the columns."""
    empty = np.ones(table.height, dtype=bool)
    for encoder in encoders:
        if not empty.any():
            break
        empty &= is_missing(table, encoder.name)
    return empty


def features_of(kinds: Collection[InputKind], encoders: Sequence[Encoder]) -> Mask:
    """Which of the D features are of these kinds: (D,)."""
    return np.array([kind in kinds for encoder in encoders for kind in encoder.kinds], dtype=bool)


def names_of(kinds: Collection[InputKind], encoders: Sequence[Encoder]) -> list[str]:
    """The column of each feature of these kinds."""
    return [encoder.name for encoder in encoders for kind in encoder.kinds if kind in kinds]


def with_open_gaps(encoders: Sequence[Encoder]) -> tuple[Encoder, ...]:
    """Encoders that make NaN of gaps in numbers and dates, which they mark as before."""
    return tuple(map(_with_open_gaps, encoders))


def _with_open_gaps(encoder: Encoder) -> Encoder:
    if isinstance(encoder, NumberColumn):
        return replace(encoder, fill=np.nan)
    if isinstance(encoder, DateColumn):
        return replace(encoder, fill=(np.nan,) * len(encoder.fill))
    return encoder
