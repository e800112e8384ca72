"""Predictions as a table: a row for each input row, with empty cells where it could not be predicted."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from nettrain.backend.base import Floats
from nettrain.catalogue.metrics import Task
from nettrain.data.tables.names import distinct_names
from nettrain.data.unpredictable import PredictableRows
from nettrain.store.deviations import DeviationReport, deviation_reports
from nettrain.store.evaluation import Cell, EvaluationModel
from nettrain.store.postprocessing import AppliedPostprocessing

if TYPE_CHECKING:
    import polars as pl


class Unpredicted(EvaluationModel):
    """A row that could not be predicted."""

    row: int = Field(description="index among the predictions, from 0")
    place: str = Field(description="file and line, or source and row")
    column: str = Field(description="column of the cell that cannot be read; empty when it is the whole row")
    reason: str


class PredictionReport(EvaluationModel):
    """Predictions for the rows of a source, in its order."""

    run: str = Field(description="the run folder")
    data: str = Field(description="the source of the rows, or the split of the run's own data")
    rows: int = Field(description="number of rows of the source")
    predicted: int = Field(description="number of rows that could be predicted")
    unpredicted: list[Unpredicted]
    deviations: list[DeviationReport] = Field(description="how the rows differ from the training data")
    unused: list[str] = Field(description="columns of the data that do not predict")
    postprocessing: AppliedPostprocessing | None = Field(
        None, description="the calibration of the probabilities, and the thresholds of the classes"
    )
    out: str | None = Field(description="the file that the predictions were written to")
    kept: int = Field(description="number of columns that come from the data, before the others")
    columns: list[str] = Field(description="names of the columns of the predictions")
    predictions: list[list[Cell]] = Field(description="a list for each row; empty when a file has them")


def prediction_columns(
    task: Task,
    predictions: Floats,
    sd: Floats | None = None,
    *,
    numeric: bool,
    described: Mapping[str, Floats] | None = None,
) -> "list[pl.Series]":
    """Columns of predictions (M, K) and, where given, their standard deviations (M, K).

    `described` are further columns (M,) of each target, such as `price_lower`, by name.
    First the predicted class, labels or numbers, then the probability or score of every class or label.
    Classes are numbers where they are `numeric` and numbers are spelled as they are, otherwise text. The
    first columns have the names of their targets; others avoid these, as `probability_a_2` where a target is
    called probability_a.
    """
    import polars as pl

    columns = [*_decisions(task, predictions, numeric=numeric), *_scores(task, predictions)]
    columns += [] if sd is None else _deviations(task, sd)
    columns += [pl.Series(name, values) for name, values in (described or {}).items()]
    names = distinct_names([column.name for column in columns])
    return [column.alias(name) for column, name in zip(columns, names, strict=True)]


def beside_kept(kept: "Sequence[pl.Series]", predictions: "pl.DataFrame", task: Task) -> "pl.DataFrame":
    """Columns of the data, then predictions of the same rows.

    Predictions keep their names: a target among the data is called `true_species`, and others avoid a name
    that is taken, as `id_2`.
    """
    import polars as pl

    own = [f"true_{one.name}" if one.name in task.names else one.name for one in kept]
    names = distinct_names([*predictions.columns, *own])[predictions.width :]
    columns = [one.alias(name) for one, name in zip(kept, names, strict=True)]
    return pl.DataFrame([*columns, *predictions.get_columns()])


def _decisions(task: Task, predictions: Floats, *, numeric: bool) -> "list[pl.Series]":
    """The predicted class, labels or numbers: a column for each target."""
    import polars as pl

    if task.targets == "numbers":
        return [pl.Series(name, predictions[:, k]) for k, name in enumerate(task.names)]
    decisions = task.decisions(predictions)
    if task.targets == "labels":
        return [pl.Series(name, decisions[:, k]) for k, name in enumerate(task.names)]
    names = pl.Series(task.names[0], task.classes, pl.String)
    names = as_spelled_numbers(names) if numeric else names
    return [names.gather(pl.Series(decisions))]


def as_spelled_numbers(names: "pl.Series") -> "pl.Series":
    """Text as numbers, where each is spelled in the same way as a number; otherwise as it is."""
    import polars as pl

    for dtype in (pl.Int64, pl.UInt64, pl.Float64):
        numbers = names.cast(dtype, strict=False)
        spelled = [None if number is None else repr(number) for number in numbers]
        if spelled == names.to_list():
            return numbers
    return names


def _scores(task: Task, predictions: Floats) -> "list[pl.Series]":
    """The probability or score of every class or label."""
    import polars as pl

    if task.targets == "numbers":
        return []
    names = task.names if task.targets == "labels" else task.classes
    kind = "probability" if task.probabilities else "score"
    return [pl.Series(f"{kind}_{name}", predictions[:, k]) for k, name in enumerate(names)]


def _deviations(task: Task, sd: Floats) -> "list[pl.Series]":
    """The standard deviation of every number, probability or score."""
    import polars as pl

    names = task.classes if task.targets in ("classes", "two classes") else task.names
    return [pl.Series(f"sd_{name}", sd[:, k]) for k, name in enumerate(names)]


def encode_frame(frame: "pl.DataFrame", format: str) -> bytes:
    """The bytes of a `csv` or `parquet` file with the frame; numbers in their shortest exact form."""
    stream = io.BytesIO()
    if format == "parquet":
        frame.write_parquet(stream)
    else:
        stream.write(frame_csv(frame).encode())
    return stream.getvalue()


def frame_csv(frame: "pl.DataFrame") -> str:
    """The frame as CSV text; a row without a prediction has empty cells."""
    import polars as pl

    from nettrain.store.run_folder import csv_text

    plain = frame.with_columns(pl.col(pl.Boolean).cast(pl.String))
    return csv_text(frame.columns, plain.rows())


def prediction_report(
    run: str,
    frame: "pl.DataFrame",
    rows: PredictableRows,
    out: Path | None,
    postprocessing: AppliedPostprocessing | None = None,
) -> PredictionReport:
    """The report that `--json` prints; the predictions are left out where `out`, a file, has them."""
    return PredictionReport(
        run=run,
        data=rows.label,
        rows=rows.height,
        predicted=len(rows.rows),
        unpredicted=[Unpredicted(**vars(one)) for one in rows.unpredictable],
        deviations=deviation_reports(rows.comparison.deviations),
        unused=list(rows.comparison.unused),
        postprocessing=postprocessing,
        out=None if out is None else str(out),
        kept=len(rows.kept),
        columns=frame.columns,
        predictions=[list(row) for row in frame.rows()] if out is None else [],
    )
