"""The evaluation in a report: of a run on those of its own rows that say most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.metrics import Task
from nettrain.data.labelled import Rows
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import NettrainError
from nettrain.inference.intervals import ByTarget, IntervalBand, labelled_figures
from nettrain.inference.metrics import ClassMetrics, ComputedMetrics
from nettrain.inference.predictions import LabelledPredictions
from nettrain.inference.reliability import ReliabilityBin, reliability
from nettrain.inference.residuals import ResidualSummary, residuals_of, summarise_residuals
from nettrain.inference.threshold_curve import ThresholdCurve, threshold_curve
from nettrain.store.evaluation import (
    BaselineFigures,
    ConfusedPair,
    PermutationImportance,
    WorstRow,
    confused_pairs,
    rows_by_loss,
    worst_rows,
)
from nettrain.store.postprocessing import AppliedPostprocessing
from nettrain.store.summary import best_f1_threshold
from nettrain.store.trained_ensemble import TrainedEnsemble
from nettrain.store.trained_folds import Predictor, TrainedFolds
from nettrain.store.trained_run import TrainedRun
from nettrain.workflow.evaluation import (
    ImportanceOptions,
    LabelledRows,
    OnColumn,
    baseline_on,
    evaluated_member,
    ignore,
    permutation_importance,
    rows_of_run,
)
from nettrain.workflow.run_data import ORDER_OF_SPLITS, OwnData, RunSplit, SplitName

if TYPE_CHECKING:
    import polars as pl

WORST = 20  # rows
SHUFFLES = 5  # of each column
NANOSECONDS = 4e9  # that permutation importance may take, about, and what its parts take
PER_CALL, PER_WEIGHT, PER_OUTPUT = 2e6, 0.25, 60.0
MOST_IMPORTANCE_ROWS = 1000
FEWEST_IMPORTANCE_ROWS = 50
MOST_KEPT = 10  # columns whose cells are listed beside the worst rows
MOST_COLUMNS = 100  # of data whose cells say something, which those of images do not


@dataclass(frozen=True, eq=False)
class ReportedRows:
    """A run on one split of its own rows.

    `member` predicts alone, or else all `networks` together. The confusion (K, K) is by target, as are the
    classes' figures; `curve` is that of two classes, `best_f1_threshold` that of validation rows. `applied`
    is what was done with the predictions. Where intervals are predicted, `band` has the widest ones, and
    `distribution` the figures of all. `importance` is measured on `importance_rows` of them. Where the
    inputs are an image, `worst_images` are those of the worst rows (W, channels, height, width), as the
    network sees them, and `importance_image` (channels, height, width) has the importance of every pixel.
    """

    split: SplitName
    task: Task
    rows: int
    member: int | None
    networks: int
    metrics: Mapping[str, float]
    targets: Mapping[str, Mapping[str, float]]
    baseline: BaselineFigures | None
    classes: Mapping[str, Sequence[ClassMetrics]]
    confusion: Mapping[str, Floats]
    confused: Sequence[ConfusedPair]
    worst: Sequence[WorstRow]
    reliability: Sequence[ReliabilityBin]
    curve: ThresholdCurve | None
    best_f1_threshold: float | None
    applied: AppliedPostprocessing | None
    residual_summaries: Sequence[ResidualSummary]
    true_values: Floats
    predicted: Floats
    band: IntervalBand | None
    distribution: ByTarget
    residuals: Floats
    importance: PermutationImportance | None
    importance_rows: int
    worst_images: Floats | None
    importance_image: Floats | None
    apart: bool = False  # each row is predicted by the fold that held it out


def finite_members(trained: TrainedRun) -> tuple[TrainedRun, int | None]:
    """The run with the networks that predict, and the member that does so alone: the first not to diverge."""
    finite = np.flatnonzero(np.isfinite(trained.parameters).all(axis=1))
    together = trained.experiment.training.averages_predictions
    chosen = None if together or not finite[0] else int(finite[0])
    return trained.select_members(chosen), evaluated_member(trained, chosen)


@np.errstate(all="ignore")  # what is not finite is reported in words
def evaluate_own_rows(
    whole: TrainedRun, data: OwnData, memory: MemoryTables | None, on_column: OnColumn = ignore
) -> ReportedRows:
    """Evaluate a run on its test rows, or else on its validation or training rows."""
    trained, member = finite_members(whole)
    split = next(one for name in reversed(ORDER_OF_SPLITS) if (one := data.split(name)) is not None)
    rows = LabelledRows((split.rows,), split.name, split.label, split.place_of)
    importance = _importance(trained, rows, on_column)
    rows = replace(rows, kept=tuple(_kept_columns(trained, split, memory, importance.importance)))
    return _reported(trained, rows, split.name, importance, member)


@np.errstate(all="ignore")
def evaluate_jointly(
    whole: TrainedFolds | TrainedEnsemble, data: OwnData, memory: MemoryTables | None, on_column: OnColumn
) -> ReportedRows:
    """Evaluate runs that predict together, on rows that none of them has been trained on.

    Folds are measured on the rows that each of them held out, an ensemble on one split of the `data`.
    """
    trained = whole.select_members()
    if trained.shares_rows:
        name = next(name for name in reversed(ORDER_OF_SPLITS) if data.split(name) is not None)
        rows = rows_of_run(trained, name, memory)
        return _reported(trained, rows, name, _importance(trained, rows, on_column))
    names = [] if trained.preprocessing.image else [one.name for one in trained.preprocessing.encoders]
    keep = names[:MOST_KEPT] if len(names) <= MOST_COLUMNS else []
    try:
        rows = rows_of_run(trained, "validation", memory, keep)
    except NettrainError:  # a stream, or columns that one of them does not have
        rows = rows_of_run(trained, "validation", memory)
    return _reported(trained, rows, "validation", _importance(trained, rows, on_column))


@dataclass(frozen=True)
class MeasuredImportance:
    """Permutation importance on so many rows; None where it would have taken long."""

    importance: PermutationImportance | None = None
    rows: int = 0


def _reported(
    trained: Predictor,
    rows: LabelledRows,
    split: SplitName,
    importance: MeasuredImportance,
    member: int | None = None,
) -> ReportedRows:
    networks = rows.measured_by(trained)
    predictions = networks.predict()
    measured = networks.metrics(predictions)
    figures = predictions.figures() | measured.scalars
    several = len(measured.targets) > 1
    task = trained.task
    return ReportedRows(
        split=split,
        task=task,
        rows=measured.rows,
        member=member,
        networks=predictions.networks,
        metrics=figures,
        targets=measured.targets if several else {},
        baseline=baseline_on(trained, rows, figures),
        classes=measured.classes(task),
        confusion=measured.confusion,
        confused=[] if several else confused_pairs(measured, task),
        worst=worst_rows(task, predictions, rows.place_of, WORST, rows.kept),
        reliability=reliability(predictions, task),
        curve=_curve(measured),
        best_f1_threshold=best_f1_threshold(trained.summary, member) if trained.summary else None,
        applied=trained.applied,
        residual_summaries=summarise_residuals(predictions, task),
        true_values=np.asarray(predictions.y, np.float64),
        predicted=predictions.values,
        band=IntervalBand.of(predictions.distribution),
        distribution=labelled_figures(predictions, task.names),
        residuals=_residuals(predictions, task),
        importance=importance.importance,
        importance_rows=importance.rows,
        worst_images=_worst_images(trained.preprocessing, predictions),
        importance_image=_importance_image(trained.preprocessing, importance.importance),
        apart=rows.apart,
    )


def _worst_images(preprocessing: Preprocessing, predictions: LabelledPredictions) -> Floats | None:
    if preprocessing.image is None:
        return None
    rows = predictions.rows.x[rows_by_loss(predictions)[:WORST]]
    return np.asarray(preprocessing.image.images(rows), np.float64)


def _importance_image(
    preprocessing: Preprocessing, importance: PermutationImportance | None
) -> Floats | None:
    """The importance of each pixel, where every column is one."""
    if preprocessing.image is None or importance is None:
        return None
    by_column = {one.column: one.mean for one in importance.columns}
    pixels = np.array([[by_column[encoder.name] for encoder in preprocessing.encoders]])
    return np.asarray(preprocessing.image.images(pixels)[0], np.float64)


def _curve(measured: ComputedMetrics) -> ThresholdCurve | None:
    rankings = list(measured.rankings.values())
    return threshold_curve(rankings[0]) if len(rankings) == 1 else None


def _residuals(predictions: LabelledPredictions, task: Task) -> Floats:
    return residuals_of(predictions) if task.targets == "numbers" else np.empty((0, 0))


def _importance(trained: Predictor, rows: LabelledRows, on_column: OnColumn) -> MeasuredImportance:
    """The importance of every column on as many rows as take some seconds; none where those are too few."""
    total = sum(len(one.x) for one in rows.rows)
    used = min(total, MOST_IMPORTANCE_ROWS, affordable_rows(trained.runs[0]))
    if used < min(total, FEWEST_IMPORTANCE_ROWS):
        return MeasuredImportance()
    parts = [len(one.x) * used // total for one in rows.rows]
    sample = tuple(spread_rows(one, part) for one, part in zip(rows.rows, parts, strict=True))
    if not any(one.weight.any() for one in sample):
        return MeasuredImportance()
    measured, options = replace(rows, rows=sample).measured_by(trained), ImportanceOptions(shuffles=SHUFFLES)
    return MeasuredImportance(permutation_importance(trained, measured, options, on_column), sum(parts))


def affordable_rows(trained: TrainedRun) -> int:
    """How many rows can be predicted for every shuffle of every column; from arithmetic, not from a clock."""
    calls = len(trained.preprocessing.encoders) * SHUFFLES
    outputs, networks = trained.architecture.outputs, len(trained.networks)
    of_row = networks * (trained.architecture.parameters * PER_WEIGHT + outputs * PER_OUTPUT)
    of_call = NANOSECONDS / calls - PER_CALL - trained.task.outcomes**2  # for the confusion matrix
    return max(0, int(of_call / of_row))


def spread_rows(rows: Rows, count: int) -> Rows:
    """So many rows, evenly spread over all."""
    index = np.linspace(0, len(rows.x) - 1, count).round().astype(np.intp)
    return (
        rows
        if count >= len(rows.x)
        else replace(rows, x=rows.x[index], y=rows.y[index], weight=rows.weight[index])
    )


def _kept_columns(
    trained: TrainedRun,
    split: RunSplit,
    memory: MemoryTables | None,
    importance: PermutationImportance | None,
) -> "Sequence[pl.Series]":
    """The cells of the columns that matter most, in the order of the data; none of images and the like."""
    names = [encoder.name for encoder in trained.preprocessing.encoders]
    if len(names) > MOST_COLUMNS or trained.preprocessing.image is not None:
        return ()
    order = [one.column for one in importance.columns] if importance else names
    chosen = set(order[:MOST_KEPT])
    try:
        return split.kept_columns(trained, memory, [name for name in names if name in chosen])
    except NettrainError:  # a stream, which cannot be read again
        return ()
