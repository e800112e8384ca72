"""How a column's cells become numbers: fitted on the training rows, then the same for every row.

Conventions: an encoder of width w writes (N, w) float64. `places` says for each of the w whether it holds an
amount, which is scaled, or a 0/1 mark, which is not.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.data.columns.categories import TextColumn, fit_text
from nettrain.data.columns.dates import DateColumn, fit_dates, is_dates
from nettrain.data.columns.numbers import NumberColumn, fit_numbers, is_truth
from nettrain.data.tables.table import Table, as_numbers, is_numeric, not_a_number

Matrix = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Encoder = NumberColumn | TextColumn | DateColumn
Fit = Callable[[Table, str, Rows], tuple[Encoder | None, list[str]]]
KINDS: dict[str, type[NumberColumn] | type[TextColumn] | type[DateColumn]] = {
    "numbers": NumberColumn,
    "text": TextColumn,
    "dates": DateColumn,
}
SHOWN = 3  # columns in a note
ADVICE = "add it to data.missing or correct it, or name the column in data.columns.categorical"


def encoder_from_json(data: dict[str, Any]) -> Encoder:
    """The encoder that `to_json` described."""
    return KINDS[data["kind"]].from_json(data)


def fit_encoders(
    table: Table,
    names: Sequence[str],
    train: Rows,
    *,
    categorical: Sequence[str] = (),
    numeric: Sequence[str] = (),
) -> tuple[list[Encoder], list[str]]:
    """An encoder for each named column, fitted on the rows `train`, and notes a person should read.

    Whether a column holds numbers is decided by all rows, so that no seed changes it; for the columns in
    `categorical` and `numeric` it is given. A column without any value in the training rows gets none.
    Raises DataError where text stands among numbers.
    """
    encoders: list[Encoder] = []
    notes: dict[str, list[str]] = {}
    for name in names:
        fit: Fit = fit_text
        if name not in categorical:
            fit = wanted_numbers(table, name) if name in numeric else suggested(table, name)
        encoder, said = fit(table, name, train)
        encoders += [encoder] if encoder else []
        for sentence in said:
            notes.setdefault(sentence, []).append(name)
    return encoders, [f"{columns(names)}: {sentence}" for sentence, names in notes.items()]


def columns(names: Sequence[str]) -> str:
    """`column "a"`, or `12 columns ("a", "b", "c", ...)`, of which the same is said."""
    if len(names) == 1:
        return f'column "{names[0]}"'
    more = ", ..." if len(names) > SHOWN else ""
    first = ", ".join(f'"{name}"' for name in names[:SHOWN])
    return f"{len(names)} columns ({first}{more})"


def suggested(table: Table, name: str) -> Fit:
    """How a column is encoded when nobody says: by what all its cells are."""
    if is_dates(table, name):
        return fit_dates
    return fit_numbers if is_numeric(table, name, ADVICE) else fit_text


def wanted_numbers(table: Table, name: str) -> Fit:
    """How a column is encoded of which numbers are wanted. Raises DataError when it has others."""
    if is_dates(table, name):
        return fit_dates
    series = table.column(name)
    if series.null_count() < series.len() and is_truth(table, name):
        return fit_truth
    _, wrong = as_numbers(series)
    if wrong.any():
        raise not_a_number(table, name, wrong, "correct it or take the column out of data.columns.numeric")
    return fit_numbers


def fit_truth(table: Table, name: str, train: Rows) -> tuple[Encoder | None, list[str]]:
    """The encoder of a column of false and true as 0 and 1."""
    return fit_numbers(table, name, train, truth=True)


def encode_column(encoder: Encoder, table: Table, rows: Rows) -> Matrix:
    """One column's places (M, w) of these rows alone, which errors still place in their source."""
    return encoder.encode(table.select(encoder.name).take(rows))


def encode_all(encoders: Sequence[Encoder], table: Table) -> Matrix:
    """All columns' places side by side: (N, D)."""
    ends = np.cumsum([len(encoder.places) for encoder in encoders])
    x = np.empty((table.height, ends[-1]))
    held: list[tuple[NumberColumn, int]] = []
    for encoder, end in zip(encoders, ends, strict=True):
        if isinstance(encoder, NumberColumn) and table.holds(encoder.name):
            held.append((encoder, end))
        else:
            x[:, end - len(encoder.places) : end] = encoder.encode(table)
    encode_held(x, held, table)
    return x


def encode_held(x: Matrix, columns: Sequence[tuple[NumberColumn, int]], table: Table) -> None:
    """Write amounts that the table holds side by side into x (N, D), each column's places before its end.

    What `NumberColumn.encode` writes, without its price for each column, for pictures of thousands of pixels.
    """
    if not columns or table.numbers is None:
        return
    values = table.numbers.block([column.name for column, _ in columns])
    if np.isinf(values).any():
        for column, _ in columns:
            column.encode(table)  # raises at the first
    missing = np.isnan(values)
    np.copyto(values, [column.fill for column, _ in columns], where=missing)
    x[:, [end - len(column.places) for column, end in columns]] = values
    marked = [i for i, (column, _) in enumerate(columns) if column.gaps]
    x[:, [columns[i][1] - 1 for i in marked]] = missing[:, marked]


def amounts(encoders: Sequence[Encoder]) -> npt.NDArray[np.bool_]:
    """Which of the D places hold amounts, and are scaled: (D,)."""
    return np.array([place for encoder in encoders for place in encoder.places], dtype=bool)
