"""The cells of a table as an exported prediction takes them: an array for each column."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from nettrain.data.columns.dates import read_dates
from nettrain.data.columns.numbers import NumberColumn, read_numbers
from nettrain.data.reading.layout import read_aligned
from nettrain.data.tables.spelling import as_text
from nettrain.data.tables.table import Table, column_numbers
from nettrain.export.columns import MATRIX, ColumnInput
from nettrain.store.trained_folds import Predictor


def cells_of_file(trained: Predictor, path: str, columns: Sequence[ColumnInput]) -> dict[str, npt.NDArray]:
    """The cells (N,) of each column of a file like the training data."""
    first = trained.runs[0].preprocessing
    return cells_of(read_aligned(path, first.layout, first.target_names, 0, None), columns, trained)


def cells_of(table: Table, columns: Sequence[ColumnInput], trained: Predictor) -> dict[str, npt.NDArray]:
    """The cells (N,) of each column of a table."""
    encoders = {one.name: one for one in trained.runs[0].preprocessing.encoders}
    cells = {}
    for column in columns:
        encoder = encoders[column.name]
        if column.kind == "text":
            cells[column.name] = np.array(as_text(table, column.name).fill_null("").to_list(), np.str_)
        elif column.kind == "date":
            dates = read_dates(table, column.name)
            cells[column.name] = dates.dt.timestamp("us").cast(float).fill_null(np.nan).to_numpy() / 1e6
        elif isinstance(encoder, NumberColumn):
            cells[column.name] = read_numbers(table, column.name, encoder.truth)[0]
        else:
            cells[column.name] = column_numbers(table, column.name)[0]
    return cells


def as_matrix(cells: Mapping[str, npt.NDArray]) -> dict[str, npt.NDArray]:
    """The same cells in one matrix (N, C)."""
    return {MATRIX: np.stack(list(cells.values()), axis=-1)}
