"""Predictions of a trained run for the rows of a source."""

from typing import TYPE_CHECKING, Literal

from nettrain.data.unpredictable import PredictableRows, UnpredictableRow, read_predictable
from nettrain.errors import DataError
from nettrain.inference.mc_dropout import mc_predictions
from nettrain.inference.predictions import predict
from nettrain.store.predictions import align_rows, prediction_columns
from nettrain.store.trained_run import TrainedRun
from nettrain.workflow.source import RowSource, source_name

if TYPE_CHECKING:
    import polars as pl

MAX_NAMED = 10  # rows that are listed when they cannot be predicted
SourceSplit = Literal["train", "test"]


def read_rows(trained: TrainedRun, source: RowSource, split: SourceSplit | None = None) -> PredictableRows:
    """The rows of a source as inputs; `split` chooses among those of one that brings test rows too."""
    return read_predictable(
        source, trained.preprocessing, dtype=trained.experiment.backend.dtype, split=split
    )


def predict_rows(
    trained: TrainedRun, rows: PredictableRows, source: RowSource, samples: int | None = None
) -> "pl.DataFrame":
    """A frame of predictions: one row per row of the source, null where it cannot be predicted.

    The columns are the predicted class, labels or numbers, then the probability or score of every class or
    label. With `samples` they are the means of this many passes with dropout, followed by their standard
    deviations.
    Raises DataError when no row can be predicted.
    """
    if not len(rows.rows):
        raise DataError(f"{source_name(source)}: none of {rows.height} rows can be predicted")
    sd = None
    if samples:
        values, sd = mc_predictions(trained.networks, rows.x, samples)
    else:
        values = predict(trained.networks, rows.x)
    columns = prediction_columns(trained.task, values, sd, numeric=trained.numeric_classes)
    return align_rows(columns, rows.rows, rows.height)


def unpredictable_lines(rows: PredictableRows) -> list[str]:
    """Which rows cannot be predicted and why, one line each for the first rows."""
    lines = [_line(row) for row in rows.unpredictable[:MAX_NAMED]]
    more = len(rows.unpredictable) - MAX_NAMED
    return [*lines, f"and {more} more"] if more > 0 else lines


def _line(row: UnpredictableRow) -> str:
    column = f'column "{row.column}": ' if row.column else ""
    return f"{row.place}: {column}{row.reason}"
