"""Predictions as a table: a row for each row of the input, empty where it could not be predicted."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from pydantic import Field

from nettrain.backend.base import Floats
from nettrain.catalogue.metrics import Task
from nettrain.data.unpredictable import Predictable
from nettrain.store.evaluation import EvaluationModel

if TYPE_CHECKING:
    import polars as pl

Cell = str | int | float | None


class Unpredicted(EvaluationModel):
    """A row that could not be predicted."""

    row: int = Field(description="its place among the predictions, from 0")
    place: str = Field(description="file and line, or source and row")
    column: str = Field(description="whose cell does not fit; empty when the whole row does not")
    reason: str


class PredictionReport(EvaluationModel):
    """What was predicted of the rows of a source."""

    run: str = Field(description="the run folder")
    data: str = Field(description="the rows' source")
    rows: int = Field(description="of the source, in its order")
    predicted: int = Field(description="how many of them could be predicted")
    unpredicted: list[Unpredicted]
    out: str | None = Field(description="the file that got the predictions")
    columns: list[str] = Field(description="of the predictions")
    predictions: list[list[Cell]] = Field(description="a list for each row; none when a file got them")


def prediction_columns(
    task: Task, response: Floats, spread: Floats | None = None, *, numeric: bool
) -> "list[pl.Series]":
    """What is predicted of M rows, how likely (M, K), and standard deviations (M, K) where there are some.

    Classes are whole numbers where they are `numeric` and all whole, otherwise text.
    """
    columns = [*_decided(task, response, numeric=numeric), *_chances(task, response)]
    return columns if spread is None else [*columns, *_spreads(task, spread)]


def align_rows(columns: "list[pl.Series]", rows: npt.NDArray[np.int64], height: int) -> "pl.DataFrame":
    """A frame of `height` rows: the columns (M,) in the rows (M,), null elsewhere."""
    import polars as pl

    places = np.zeros(height, dtype=np.int64)
    places[rows] = np.arange(len(rows))
    there = np.zeros(height, dtype=bool)
    there[rows] = True
    taken, filled = pl.Series(places), pl.Series(there)
    return pl.DataFrame(
        [column.gather(taken).zip_with(filled, pl.Series([None], dtype=column.dtype)) for column in columns]
    )


def _decided(task: Task, response: Floats, *, numeric: bool) -> "list[pl.Series]":
    """What is predicted, a column for each target."""
    import polars as pl

    if task.targets == "numbers":
        return [pl.Series(name, response[:, k]) for k, name in enumerate(task.names)]
    if task.targets == "labels":
        limit = 0.5 if task.probabilities else 0.0
        marks = (response > limit).astype(np.int64)
        return [pl.Series(name, marks[:, k]) for k, name in enumerate(task.names)]
    names = pl.Series(task.names[0], task.classes, pl.String)
    if numeric and all(name.lstrip("-").isdecimal() for name in task.classes):
        names = names.cast(pl.Int64)
    return [names.gather(pl.Series(response.argmax(axis=-1)))]


def _chances(task: Task, response: Floats) -> "list[pl.Series]":
    """The probability, or the score, of every class or label."""
    import polars as pl

    if task.targets == "numbers":
        return []
    of = task.names if task.targets == "labels" else task.classes
    kind = "probability" if task.probabilities else "score"
    return [pl.Series(f"{kind}_{name}", response[:, k]) for k, name in enumerate(of)]


def _spreads(task: Task, spread: Floats) -> "list[pl.Series]":
    """The standard deviation of every number, probability or score."""
    import polars as pl

    of = task.classes if task.targets in ("classes", "two classes") else task.names
    return [pl.Series(f"sd_{name}", spread[:, k]) for k, name in enumerate(of)]


def encode_frame(frame: "pl.DataFrame", form: str) -> bytes:
    """The frame as the bytes of a CSV or Parquet file; numbers in their shortest exact form."""
    stream = io.BytesIO()
    if form == "parquet":
        frame.write_parquet(stream)
    else:
        stream.write(frame_csv(frame).encode())
    return stream.getvalue()


def frame_csv(frame: "pl.DataFrame") -> str:
    """CSV text; a row without a prediction is a row of empty cells."""
    from nettrain.store.run_folder import csv_text

    return csv_text(frame.columns, frame.rows())


def prediction_report(
    run: str, data: str, frame: "pl.DataFrame", rows: Predictable, out: Path | None
) -> PredictionReport:
    """What `--json` tells."""
    return PredictionReport(
        run=run,
        data=data,
        rows=rows.height,
        predicted=len(rows.rows),
        unpredicted=[Unpredicted(**vars(one)) for one in rows.unfit],
        out=None if out is None else str(out),
        columns=frame.columns,
        predictions=[list(row) for row in frame.rows()] if out is None else [],
    )
