"""Predictions of a trained run for the rows of a source."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.losses.target_distribution import PredictedGaussian, TargetDistribution
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.unpredictable import PredictableRows, UnpredictableRow, align_rows, read_predictable
from nettrain.errors import DataError, SpecError
from nettrain.inference.mc_dropout import SampleMoments, joined_moments, mc_distribution, mc_predictions
from nettrain.inference.outputs import together
from nettrain.inference.predictions import predict_distributions
from nettrain.store.predictions import beside_kept, prediction_columns
from nettrain.store.trained_folds import Predictor
from nettrain.workflow.intervals import described_columns, refuse_intervals
from nettrain.workflow.run_data import SplitName, read_splits, refuse_validation
from nettrain.workflow.source import RowSource
from nettrain.workflow.strictness import refuse_lines

if TYPE_CHECKING:
    import polars as pl

MAX_NAMED = 10  # rows that are listed when they cannot be predicted


@np.errstate(all="ignore")  # what is not finite is reported in words
def read_rows(
    trained: Predictor,
    source: RowSource | None,
    split: SplitName | None = None,
    memory: MemoryTables | None = None,
    keep: Sequence[str | int] = (),
) -> PredictableRows:
    """The rows of a source as inputs, or those of a split of the run's own data, by default test.

    `split` also chooses among the rows of a source that brings test rows too; `memory` has the data of a run
    that was trained on data in memory; `keep` names columns of the data to keep. Raises SpecError when there
    are no such rows, DataError when they or these columns cannot be read.
    """
    if source is None:
        return _own_rows(trained, split, memory, keep)
    refuse_validation(split)
    fitted = {id(run.preprocessing): run.preprocessing for run in trained.runs}
    (first, *others), dtype = fitted.values(), trained.experiment.backend.dtype
    rows = read_predictable(source, first, dtype=dtype, split=split, keep=keep, others=others)
    encoded = dict(zip(fitted, rows.inputs, strict=True))
    _, *inputs = (encoded[id(run.preprocessing)] for run in trained.runs)
    return replace(rows, others=tuple(inputs))


def _own_rows(
    trained: Predictor,
    split: SplitName | None,
    memory: MemoryTables | None,
    keep: Sequence[str | int],
) -> PredictableRows:
    """The rows of a split, all of which training could read. Raises SpecError for those of single folds."""
    if not trained.shares_rows and split in ("train", "validation"):
        raise SpecError(f"{trained.name}: its folds have different {split} rows; {_out_of_fold(trained)}")
    own, *others = read_splits(trained, split, memory, "a file with rows to predict")
    count = len(own.rows.x)
    note = f"the {count} {own.name} rows of {trained.name}, from {own.places.table.origin}"
    kept = own.kept_columns(trained.runs[0], memory, keep)
    inputs = tuple(one.rows.x for one in others)
    return PredictableRows(
        own.label, own.rows.x, np.arange(count), count, [], (note,), kept=kept, others=inputs
    )


def _out_of_fold(trained: Predictor) -> str:
    where = trained.folder.out_of_fold if trained.folder else "out_of_fold"
    return f"{where} has the prediction of each row by the fold that held it out"


@np.errstate(all="ignore")  # what is not finite is reported in words
def predict_rows(
    trained: Predictor,
    rows: PredictableRows,
    samples: int | None = None,
    intervals: Sequence[float] = (),
) -> "pl.DataFrame":
    """A frame of predictions: one row per row of the data, null where it cannot be predicted.

    The columns are those of the data to keep, then the predicted class, labels or numbers, then the
    probability or score of every class or label. With `samples` they are the means of this many passes with
    dropout, followed by their standard deviations. Last come the ends of the `intervals` with these
    probabilities, or else trained quantiles.
    Raises DataError when no row can be predicted, SpecError for an interval that the run cannot give.
    """
    if not len(rows.rows):
        raise DataError(f"{rows.label}: none of {rows.height} rows can be predicted")
    import polars as pl

    refuse_intervals(trained, intervals)
    pairs = list(zip(trained.runs, rows.inputs, strict=True))
    if samples:
        values, sd = mc_predictions_together(trained, rows, samples)
        distribution = together(mc_distribution(run.networks, x, samples) for run, x in pairs)
    else:
        once = {id(run): predict_distributions(run.networks, x) for run, x in pairs}
        each = [once[id(run)] for run, _ in pairs]
        values, sd = np.mean([one.values for one in each], axis=0), None
        distribution = together(one.distribution for one in each)
    if intervals and distribution is None:  # which belong to the network with all its units
        raise SpecError("--interval: conformal intervals do not go with --mc-samples")
    if isinstance(distribution, PredictedGaussian):
        sd = None  # of the passes alone, which is a part of that of the predictions
    names = trained.task.names
    described = described_columns(distribution, names, intervals) if distribution else None
    columns = prediction_columns(
        trained.task, values, sd, numeric=trained.numeric_classes, described=described
    )
    predictions = align_rows(pl.DataFrame(columns), rows.rows, rows.height)
    return beside_kept(rows.kept, predictions, trained.task)


@np.errstate(all="ignore")
def distribution_of_rows(trained: Predictor, rows: PredictableRows) -> TargetDistribution | None:
    """The targets' distributions in these rows; None for losses that predict one number of each target."""
    pairs = zip(trained.runs, rows.inputs, strict=True)
    return together(predict_distributions(run.networks, x).distribution for run, x in pairs)


def mc_predictions_together(trained: Predictor, rows: PredictableRows, samples: int) -> tuple[Floats, Floats]:
    """Mean and standard deviation (N, K) over `samples` passes with dropout of each network."""
    moments = [
        SampleMoments(*mc_predictions(run.networks, x, samples), samples * len(run.networks))
        for run, x in zip(trained.runs, rows.inputs, strict=True)
    ]
    return joined_moments(moments)


def refuse_imperfect(rows: PredictableRows) -> None:
    """Raise DataError when rows cannot be predicted or differ from the training data; a line for each."""
    refuse_lines([*rows.comparison.lines(rows.label), *unpredictable_lines(rows)])


def unpredictable_lines(rows: PredictableRows) -> list[str]:
    """Which rows cannot be predicted and why, one line each for the first rows."""
    lines = [_line(row) for row in rows.unpredictable[:MAX_NAMED]]
    more = len(rows.unpredictable) - MAX_NAMED
    return [*lines, f"and {more} more"] if more > 0 else lines


def _line(row: UnpredictableRow) -> str:
    column = f'column "{row.column}": ' if row.column else ""
    return f"{row.place}: {column}{row.reason}"
