"""How a column's cells become numbers: fitted on the training rows, then the same for every row.

Conventions: an encoder of width w writes (N, w) float64. `places` says for each of the w whether it holds an
amount, which is scaled, or a 0/1 mark, which is not.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.data.categories import TextColumn, fit_text
from nettrain.data.dates import DateColumn, fit_dates, is_dates
from nettrain.data.numbers import NumberColumn, fit_numbers, is_truth
from nettrain.data.table import Table, as_numbers, is_numeric, not_a_number

Matrix = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Encoder = NumberColumn | TextColumn | DateColumn
Fit = Callable[[Table, str, Rows], tuple[Encoder | None, list[str]]]
KINDS: dict[str, type[NumberColumn] | type[TextColumn] | type[DateColumn]] = {
    "numbers": NumberColumn,
    "text": TextColumn,
    "dates": DateColumn,
}
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
    notes: list[str] = []
    for name in names:
        fit: Fit = fit_text
        if name not in categorical:
            fit = wanted_numbers(table, name) if name in numeric else suggested(table, name)
        encoder, said = fit(table, name, train)
        encoders += [encoder] if encoder else []
        notes += [f'column "{name}": {sentence}' for sentence in said]
    return encoders, notes


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


def encode_column(encoder: Encoder, table: Table, rows: Rows | None = None) -> Matrix:
    """One column's places (N, w) of these rows, all when None, which errors still place in their source."""
    alone = table.select(encoder.name)
    return encoder.encode(alone if rows is None else alone.take(rows))


def encode_all(encoders: Sequence[Encoder], table: Table) -> Matrix:
    """All columns' places side by side: (N, D)."""
    return np.concatenate([encode_column(encoder, table) for encoder in encoders], axis=1)


def amounts(encoders: Sequence[Encoder]) -> npt.NDArray[np.bool_]:
    """Which of the D places hold amounts, and are scaled: (D,)."""
    return np.array([place for encoder in encoders for place in encoder.places], dtype=bool)
