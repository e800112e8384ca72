"""Predictions of the rows that each fold held out, by the networks that were not trained on them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import polars as pl

from nettrain.data.labelled import Rows
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.tables.names import distinct_names
from nettrain.data.unpredictable import PredictableRows
from nettrain.inference.evaluate import OF_PROBABILITIES
from nettrain.inference.intervals import ByTarget, labelled_figures
from nettrain.inference.measured import MeasuredNetworks, NetworksOnRows, joined_predictions
from nettrain.inference.metrics import mean_of_defined
from nettrain.inference.postprocessing import joint_task
from nettrain.inference.predictions import LabelledPredictions, metrics_of
from nettrain.store.predictions import as_spelled_numbers
from nettrain.store.trained_ensemble import TrainedEnsemble
from nettrain.store.trained_folds import is_lost
from nettrain.store.trained_run import TrainedRun
from nettrain.workflow.folds.plan import PlannedFold
from nettrain.workflow.prediction import predict_rows
from nettrain.workflow.run_contents import RunContents

PLACE = ("row", "repeat", "fold")  # the first columns of the frame


@dataclass(frozen=True, eq=False)
class PredictedFold:
    """A fold that has been trained, and its predictions of the rows it held out; None where it diverged."""

    fold: PlannedFold
    trained: TrainedRun | None
    predictions: LabelledPredictions | None


@np.errstate(all="ignore")  # what is not finite is reported in words
def predict_held_out(fold: PlannedFold, run: RunContents) -> PredictedFold:
    """The predictions of a fold for its validation rows, by the networks that predict for others too."""
    held_out = fold.data.validation
    assert held_out is not None, "a fold holds rows out"
    if is_lost(run.summary):
        return PredictedFold(fold, None, None)
    trained = run.predictor.alone().select_members()
    measured = MeasuredNetworks((NetworksOnRows(trained.networks, trained.preprocessing, held_out),))
    return PredictedFold(fold, trained, measured.predict())


def out_of_fold_frame(folds: Sequence[PredictedFold], *others: Sequence[PredictedFold]) -> pl.DataFrame:
    """A row for each row that was held out, in the order of repeats and rows.

    Its columns are the row in the source as `predict` numbers rows, repeat and fold, the true targets, and
    what predictions have: null of folds that diverged. `others` are the same folds of other networks, none of
    which diverged, with which those of `folds` predict the mean.
    """
    each = (folds, *others)
    thresholds = _thresholds([one for some in each for one in some])
    frames = [_frame(some, thresholds) for some in zip(*each, strict=True)]
    frames.sort(key=lambda frame: frame.width, reverse=True)  # those with predictions first
    return pl.concat(frames, how="diagonal_relaxed").sort("repeat", "row", "fold")


def _thresholds(folds: Sequence[PredictedFold]) -> tuple[float, ...]:
    """Those by which the folds decide together, if they do."""
    tasks = [one.trained.task for one in folds if one.trained is not None]
    return joint_task(tasks).thresholds if tasks else ()


def _frame(each: Sequence[PredictedFold], thresholds: tuple[float, ...]) -> pl.DataFrame:
    """The rows that one fold held out, as its networks predict them together."""
    fold, held_out = each[0].fold, each[0].fold.data.validation
    assert held_out is not None, "a fold holds rows out"
    places = (fold.rows, np.full(len(fold.rows), fold.repeat), np.full(len(fold.rows), fold.number))
    columns = [pl.Series(name, values, pl.Int64) for name, values in zip(PLACE, places, strict=True)]
    columns += true_columns(fold.data.preprocessing, held_out)
    if any(one.trained is None for one in each):
        return pl.DataFrame(_distinct(columns))
    return pl.DataFrame(_distinct([*columns, *_predicted(each, thresholds).get_columns()]))


def _predicted(each: Sequence[PredictedFold], thresholds: tuple[float, ...]) -> pl.DataFrame:
    """The mean prediction of the networks of one fold for the rows that it held out."""
    deciding = {id(one.trained): one.trained.deciding_by(thresholds) for one in each if one.trained}
    runs = tuple(deciding[id(one.trained)] for one in each)
    first, *others = (one.fold.data.validation.x for one in each if one.fold.data.validation)
    count = len(first)
    rows = PredictableRows("held-out rows", first, np.arange(count), count, [], (), others=tuple(others))
    return predict_rows(TrainedEnsemble(runs[0].experiment, runs), rows)


def _distinct(columns: Sequence[pl.Series]) -> list[pl.Series]:
    """The columns with other names for those that are called like one before, as a target called row."""
    names = distinct_names([column.name for column in columns])
    return [column.alias(name) for column, name in zip(columns, names, strict=True)]


def true_columns(preprocessing: Preprocessing, rows: Rows) -> list[pl.Series]:
    """The targets of rows as predictions spell them, a column `true_…` for each."""
    target = preprocessing.target
    if target.kind == "classes":
        classes = pl.Series(f"true_{target.names[0]}", target.classes, pl.String)
        spelled = as_spelled_numbers(classes) if target.numeric else classes
        return [spelled.gather(pl.Series(rows.y))]
    y = rows.y if target.kind == "labels" else rows.y * np.array(target.scale) + np.array(target.center)
    kind = pl.Int64 if target.kind == "labels" else pl.Float64
    return [pl.Series(f"true_{name}", y[:, k]).cast(kind) for k, name in enumerate(target.names)]


@np.errstate(all="ignore")
def pooled_figures(folds: Sequence[PredictedFold]) -> dict[str, float]:
    """The figures of all held-out rows together: of each repeat, and of several their means.

    Rows of folds that diverged are left out; {} when all did.
    """
    predicted = [one for one in folds if one.predictions is not None]
    repeats = [list(some) for _, some in groupby(predicted, lambda one: one.fold.repeat)]
    figures = [_figures_of_repeat(some, _thresholds(folds)) for some in repeats]
    names = figures[0] if figures else {}
    return {name: mean_of_defined([one[name] for one in figures]) for name in names}


def _figures_of_repeat(folds: Sequence[PredictedFold], thresholds: tuple[float, ...]) -> dict[str, float]:
    each = [one.predictions for one in folds if one.predictions is not None]
    trained = next(one.trained for one in folds if one.trained is not None)
    joined = joined_predictions(each)
    task = replace(trained.task, thresholds=thresholds)
    return joined.figures() | metrics_of(task, joined).scalars


@np.errstate(all="ignore")
def interval_figures(folds: Sequence[PredictedFold]) -> dict[str, ByTarget]:
    """How good predicted intervals are, of held-out rows (`validation`) and of test rows as all predict them.

    Of several repeats the first counts. {} for losses that predict one number of each target.
    """
    held_out = [one.predictions for one in folds if one.predictions is not None and one.fold.repeat == 1]
    measured, names = _on_test(folds), folds[0].fold.data.preprocessing.target_names
    found = {
        "validation": labelled_figures(joined_predictions(held_out), names) if held_out else {},
        "test": labelled_figures(measured.predict(), names) if measured else {},
    }
    return {split: figures for split, figures in found.items() if figures}


@np.errstate(all="ignore")
def figures_on_test(folds: Sequence[PredictedFold]) -> dict[str, float] | None:
    """The figures of the mean prediction for the test rows; None where there are none, or all diverged."""
    measured = _on_test(folds)
    if measured is None:
        return None
    predictions = measured.predict()
    return predictions.figures() | measured.metrics(predictions).scalars


@np.errstate(all="ignore")
def uncalibrated_on_test(folds: Sequence[PredictedFold]) -> dict[str, float] | None:
    """Log loss and calibration error of the mean prediction for the test rows if no fold calibrated its own.

    None where there are no test rows, or no calibrated probabilities.
    """
    measured, trained = _on_test(folds), [one.trained for one in folds if one.trained is not None]
    if measured is None or not any(_calibrates(one) for one in trained):
        return None
    each = (replace(one, networks=replace(one.networks, postprocessing=None)) for one in measured.each)
    raw = MeasuredNetworks(tuple(each))
    return raw.metrics(raw.predict(), OF_PROBABILITIES).scalars


def _calibrates(trained: TrainedRun) -> bool:
    fitted = trained.networks.postprocessing
    return fitted is not None and fitted.calibration != "none" and bool(trained.task.outcomes)


def _on_test(folds: Sequence[PredictedFold]) -> MeasuredNetworks | None:
    each = [
        NetworksOnRows(one.trained.networks, one.trained.preprocessing, one.fold.data.test)
        for one in folds
        if one.trained is not None and one.fold.data.test is not None
    ]
    return MeasuredNetworks(tuple(each)) if each else None
