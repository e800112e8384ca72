"""`evaluation-….json`: the metrics of a run on labelled rows, and its errors. The models are its schema."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.losses import Loss
from nettrain.catalogue.metrics import Task, metrics
from nettrain.catalogue.metrics.ranking import f1_at
from nettrain.data.deviations import NO_DEVIATIONS, RowComparison
from nettrain.data.labelled import Rows
from nettrain.inference.baseline import Baseline, worse_than
from nettrain.inference.importance import Importance
from nettrain.inference.intervals import DistributionFigures
from nettrain.inference.metrics import ComputedMetrics
from nettrain.inference.predictions import LabelledPredictions
from nettrain.store.deviations import DeviationReport, deviation_reports
from nettrain.store.postprocessing import AppliedPostprocessing

if TYPE_CHECKING:
    import polars as pl

MAX_PAIRS = 10  # of classes that are confused

Cell = str | bool | int | float | None  # of a table
Value = str | float  # of a target: a class or a number
OptionalFigures = dict[str, float | None]


class EvaluationModel(BaseModel):
    """A block of the report."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ClassFigures(EvaluationModel):
    """Precision, recall and F1 of one class."""

    name: str = Field(description="the class")
    precision: float = Field(description="share of the rows predicted as this class that belong to it")
    recall: float = Field(description="share of the rows of this class that are predicted as it")
    f1: float = Field(description="harmonic mean of precision and recall")
    rows: float = Field(description="rows of this class, or their weight")


class ConfusionMatrix(EvaluationModel):
    """How many rows of each class are predicted as which."""

    classes: list[str] = Field(description="names of rows and columns")
    matrix: list[list[float]] = Field(description="true classes down, predicted classes across")


class ConfusedPair(EvaluationModel):
    """Rows of one class that are predicted as another."""

    true: str
    predicted: str
    rows: float = Field(description="rows, or their weight")
    share: float = Field(description="share of the rows of the true class")


class WorstRow(EvaluationModel):
    """A row with a large loss."""

    place: str = Field(description="file and line, or source and row")
    loss: float
    true: dict[str, Value] = Field(description="by target")
    predicted: dict[str, Value] = Field(description="by target")
    kept: dict[str, Cell] = Field({}, description="cells of the columns of the data named by --keep")
    probability: float | None = Field(description="predicted probability of the true class")


class BestF1Threshold(EvaluationModel):
    """The threshold with the best F1 on validation rows, whether decisions are made by it or not."""

    threshold: float = Field(description="a row would be predicted as positive from this prediction on")
    f1: float = Field(description="F1 on these rows")


class ColumnImportance(EvaluationModel):
    """How much worse the metric gets when a column is shuffled."""

    column: str
    mean: float = Field(description="over the shuffles")
    sd: float = Field(description="over the shuffles")


class PermutationImportance(EvaluationModel):
    """How much worse a metric gets when one column after another is shuffled."""

    metric: str
    goal: str = Field(description="minimize or maximize")
    shuffles: int
    seed: int
    columns: list[ColumnImportance] = Field(description="the most important first")


class BaselineFigures(EvaluationModel):
    """What the best constant predictions score on these rows."""

    prediction: str = Field(description="what is predicted for every row, as fitted on the training rows")
    metrics: OptionalFigures
    worse: list[str] = Field(description="the loss and the main metric, if the run is worse in them")


class EvaluationReport(EvaluationModel):
    """The evaluation of a run on labelled rows."""

    run: str = Field(description="the run folder")
    member: int | None = Field(description="the only member that was evaluated, from 0")
    data: str = Field(description="the source of the rows, or the split of the run's own data")
    rows: int
    metrics: OptionalFigures = Field(description="loss and metrics; null where these rows do not define one")
    baseline: BaselineFigures | None = Field(None, description="null for runs of earlier versions")
    entropy: float | None = Field(
        None, description="of the targets, which the loss cannot fall below; null where they have none"
    )
    distribution: dict[str, DistributionFigures] = Field(
        {}, description="prediction intervals and quantiles by target; of losses pinball and gaussian_nll"
    )
    targets: dict[str, OptionalFigures] = Field(description="metrics of each target where there are several")
    classes: dict[str, list[ClassFigures]] = Field(description="figures of each class, by target")
    confusion: dict[str, ConfusionMatrix] = Field(
        description="confusion matrices by target, of at most 1000 classes"
    )
    confused: list[ConfusedPair] = Field(description="the most confused pairs of classes, the worst first")
    worst: list[WorstRow] = Field(description="the rows with the largest loss, the worst first")
    postprocessing: AppliedPostprocessing | None = Field(
        None, description="calibration and thresholds of the run, to which all metrics but the loss belong"
    )
    best_f1: BestF1Threshold | None = Field(description="with two classes")
    importance: PermutationImportance | None = Field(description="with --importance")
    deviations: list[DeviationReport] = Field([], description="how the rows differ from the training data")
    unused: list[str] = Field([], description="columns of the data that do not predict")
    notes: list[str]


def evaluation_report(
    run: str,
    member: int | None,
    data: str,
    task: Task,
    predictions: LabelledPredictions,
    measured: ComputedMetrics,
    place_of: Callable[[int], str],
    *,
    worst: int,
    best_f1_threshold: float | None,
    notes: Sequence[str],
    importance: PermutationImportance | None = None,
    baseline: BaselineFigures | None = None,
    entropy: float = 0.0,
    comparison: RowComparison = NO_DEVIATIONS,
    kept: "Sequence[pl.Series]" = (),
    distribution: Mapping[str, DistributionFigures] | None = None,
    postprocessing: AppliedPostprocessing | None = None,
) -> EvaluationReport:
    """The whole report on `data`, with the `worst` rows of the largest loss.

    `place_of` names the file and line of a row, `best_f1_threshold` is that of validation rows.
    """
    several = len(measured.targets) > 1
    return EvaluationReport(
        run=run,
        member=member,
        data=data,
        rows=measured.rows,
        metrics=_without_nan(predictions.figures() | measured.scalars),
        baseline=baseline,
        entropy=entropy or None,
        distribution=dict(distribution or {}),
        targets={name: _without_nan(values) for name, values in measured.targets.items()} if several else {},
        classes={
            target: [ClassFigures(**vars(row)) for row in rows]
            for target, rows in measured.classes(task).items()
        },
        confusion={
            target: ConfusionMatrix(classes=_names(task), matrix=matrix.tolist())
            for target, matrix in measured.confusion.items()
        },
        confused=[] if several else confused_pairs(measured, task),
        worst=worst_rows(task, predictions, place_of, worst, kept),
        postprocessing=postprocessing,
        best_f1=_best_f1(measured, best_f1_threshold),
        importance=importance,
        deviations=deviation_reports(comparison.deviations),
        unused=list(comparison.unused),
        notes=list(notes),
    )


def baseline_figures(
    baseline: Baseline, loss: Loss, task: Task, rows: Rows, figures: Mapping[str, float]
) -> BaselineFigures:
    """What constant predictions score on these rows, compared with the figures of a run."""
    constant = baseline.metrics(loss, task, rows)
    return BaselineFigures(
        prediction=baseline.description(task),
        metrics=_without_nan(constant),
        worse=worse_than(constant, figures, task),
    )


def importance_report(
    importances: Sequence[Importance], metric: str, *, shuffles: int, seed: int
) -> PermutationImportance:
    """The importances, the largest first; of equal ones the column that comes first."""
    descending = sorted(importances, key=lambda importance: -importance.mean)
    columns = [ColumnImportance(column=one.name, mean=one.mean, sd=one.sd) for one in descending]
    return PermutationImportance(
        metric=metric, goal=metrics[metric].goal, shuffles=shuffles, seed=seed, columns=columns
    )


def confused_pairs(measured: ComputedMetrics, task: Task) -> list[ConfusedPair]:
    """The pairs of true and predicted class with the most rows, of equal ones that with the larger share."""
    pairs = []
    names = _names(task)
    for confusion in measured.confusions.values():
        totals, confused = confusion.totals().true, confusion.confused()
        for i, k, weight in zip(confused.true, confused.predicted, confused.weight, strict=True):
            rows, share = float(weight), float(weight / totals[i])
            pairs.append(ConfusedPair(true=names[i], predicted=names[k], rows=rows, share=share))
    return sorted(pairs, key=lambda pair: (-pair.rows, -pair.share))[:MAX_PAIRS]


def worst_rows(
    task: Task,
    predictions: LabelledPredictions,
    place_of: Callable[[int], str],
    count: int,
    kept: "Sequence[pl.Series]" = (),
) -> list[WorstRow]:
    """The rows of positive weight with the largest loss, of equal ones the first."""
    order = rows_by_loss(predictions)[:count]
    return [_worst_row(task, predictions, place_of(int(row)), int(row), kept) for row in order]


def rows_by_loss(predictions: LabelledPredictions) -> npt.NDArray[np.intp]:
    """The rows of positive weight, the largest loss first; of equal ones the first."""
    weighted = np.flatnonzero(predictions.rows.weight > 0)
    return weighted[np.argsort(-predictions.losses[weighted], kind="stable")]


def _worst_row(
    task: Task, predictions: LabelledPredictions, place: str, row: int, kept: "Sequence[pl.Series]"
) -> WorstRow:
    y, prediction = predictions.y[row], predictions.values[row]
    probability = None
    if task.targets in ("classes", "two classes") and task.probabilities:
        probability = float(prediction[y])
    return WorstRow(
        place=place,
        loss=float(predictions.losses[row]),
        true=truth(task, y),
        predicted=decision(task, prediction),
        probability=probability,
        kept={column.name: column[row] for column in kept},
    )


def truth(task: Task, y: HostArray) -> dict[str, Value]:
    """The targets of a row by name, from its encoded target: a number of a class, or numbers (K,)."""
    if task.targets in ("classes", "two classes"):
        return {task.names[0]: task.classes[int(y)]}
    return dict(zip(task.names, y.tolist(), strict=True))


def decision(task: Task, prediction: Floats) -> dict[str, Value]:
    """What is predicted for a row by target, from probabilities, scores or numbers (K,)."""
    if task.targets == "numbers":
        return dict(zip(task.names, prediction.tolist(), strict=True))
    decided = task.decisions(prediction[None])[0]
    if task.targets == "labels":
        return {name: float(one) for name, one in zip(task.names, decided, strict=True)}
    return {task.names[0]: task.classes[int(decided)]}


def _names(task: Task) -> list[str]:
    return ["0", "1"] if task.targets == "labels" else list(task.classes)


def _best_f1(measured: ComputedMetrics, threshold: float | None) -> BestF1Threshold | None:
    if threshold is None or len(measured.rankings) != 1:
        return None
    (ranking,) = measured.rankings.values()
    return BestF1Threshold(threshold=threshold, f1=f1_at(ranking, threshold))


def _without_nan(values: Mapping[str, float]) -> OptionalFigures:
    return {name: None if np.isnan(value) else value for name, value in values.items()}
