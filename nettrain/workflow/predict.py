"""Predict rows with a trained run."""

from typing import TYPE_CHECKING, Literal

from nettrain.data.unpredictable import PredictableRows, read_predictable
from nettrain.errors import DataError
from nettrain.inference.mc_dropout import mc_predictions
from nettrain.inference.predictions import predictions
from nettrain.store.predictions import align_rows, prediction_columns
from nettrain.store.trained_run import TrainedRun

if TYPE_CHECKING:
    import polars as pl

SourceSplit = Literal["train", "test"]


def read_rows(trained: TrainedRun, source: str, split: SourceSplit | None = None) -> PredictableRows:
    """The rows of a source as inputs of the network; of one that brings test rows too the `split`."""
    return read_predictable(
        source, trained.preprocessing, dtype=trained.experiment.backend.dtype, split=split
    )


def predict_rows(
    trained: TrainedRun, rows: PredictableRows, source: str, samples: int | None = None
) -> "pl.DataFrame":
    """The predictions: a row for each row of the source, with null where it cannot be predicted.

    First the predicted class, labels or numbers, then the probability or score of every class or label. With
    `samples` they are the mean of so many passes with dropout, and their standard deviations come last.
    Raises DataError when no row can be predicted.
    """
    if not len(rows.rows):
        raise DataError(f"{source}: none of {rows.height} rows can be predicted")
    sd = None
    if samples:
        values, sd = mc_predictions(trained, rows.x, samples)
    else:
        values = predictions(trained, rows.x)
    columns = prediction_columns(trained.task, values, sd, numeric=trained.numeric_classes)
    return align_rows(columns, rows.rows, rows.height)
