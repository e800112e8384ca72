"""`evaluation-….json`: what is told of a run on labelled rows. The models here are its schema."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from nettrain.backend.base import Floats
from nettrain.catalogue.metrics import Task, metrics
from nettrain.catalogue.metrics.ranking import f1_at
from nettrain.inference.importance import Importance
from nettrain.inference.measure import Measured
from nettrain.inference.predictions import LabelledPredictions

PAIRS = 10  # of classes that are taken for one another, at most

Value = str | float
Figures = dict[str, float | None]


class EvaluationModel(BaseModel):
    """A block of the evaluation."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ClassFigures(EvaluationModel):
    """One class among the predictions."""

    name: str = Field(description="the class")
    precision: float = Field(description="of what is predicted as it, the share that is it")
    recall: float = Field(description="of its rows, the share that is predicted as it")
    f1: float = Field(description="harmonic mean of precision and recall")
    rows: float = Field(description="its rows, or their weight")


class ConfusionMatrix(EvaluationModel):
    """How many rows of each class are predicted as which."""

    classes: list[str] = Field(description="names of rows and columns")
    matrix: list[list[float]] = Field(description="true classes down, predicted classes across")


class ConfusedPair(EvaluationModel):
    """Rows of one class that are taken for another."""

    true: str
    predicted: str
    rows: float = Field(description="rows, or their weight")
    share: float = Field(description="of the true class")


class WorstRow(EvaluationModel):
    """A row with a large loss."""

    place: str = Field(description="file and line, or source and row")
    loss: float
    true: dict[str, Value] = Field(description="by target")
    predicted: dict[str, Value] = Field(description="by target")
    probability: float | None = Field(description="that was given to the true class")


class F1Threshold(EvaluationModel):
    """The threshold that gave the best F1 on validation rows."""

    value: float = Field(description="a row is positive from this response on")
    f1: float = Field(description="on these rows")


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


class EvaluationReport(EvaluationModel):
    """What a run's network says of labelled rows."""

    run: str = Field(description="the run folder")
    member: int | None = Field(description="that was asked alone, from 0")
    data: str = Field(description="the rows' source, or which of the run's own they are")
    rows: int
    metrics: Figures = Field(description="loss and metrics; null where these rows do not define one")
    targets: dict[str, Figures] = Field(description="metrics of each target, where there are several")
    classes: dict[str, list[ClassFigures]] = Field(description="figures of each class, by target")
    confusion: dict[str, ConfusionMatrix] = Field(description="by target")
    confused: list[ConfusedPair] = Field(description="the most confused pairs of classes, the worst first")
    worst: list[WorstRow] = Field(description="the rows with the largest loss, the worst first")
    threshold: F1Threshold | None = Field(description="of two classes")
    importance: PermutationImportance | None = Field(description="where it was asked for")
    notes: list[str]


def evaluation_report(
    run: str,
    member: int | None,
    data: str,
    task: Task,
    answer: LabelledPredictions,
    measured: Measured,
    at: Callable[[int], str],
    *,
    worst: int,
    threshold: float | None,
    notes: Sequence[str],
    importance: PermutationImportance | None = None,
) -> EvaluationReport:
    """All of it; `at` says where a row stands, `threshold` is the one found on validation rows."""
    several = len(measured.targets) > 1
    return EvaluationReport(
        run=run,
        member=member,
        data=data,
        rows=measured.rows,
        # the mean of several members' losses is not the loss of their mean
        metrics=_figures(({"loss": answer.loss()} if answer.members == 1 else {}) | measured.scalars),
        targets={name: _figures(values) for name, values in measured.targets.items()} if several else {},
        classes={
            target: [ClassFigures(**vars(row)) for row in rows]
            for target, rows in measured.classes(task).items()
        },
        confusion={
            target: ConfusionMatrix(classes=_names(task), matrix=matrix.tolist())
            for target, matrix in measured.confusion.items()
        },
        confused=[] if several else confused_pairs(measured, task),
        worst=worst_rows(task, answer, at, worst),
        threshold=_threshold(measured, threshold),
        importance=importance,
        notes=list(notes),
    )


def importance_report(
    found: Sequence[Importance], metric: str, *, shuffles: int, seed: int
) -> PermutationImportance:
    """The importances, the largest first, in the columns' order where they are equal."""
    order = sorted(found, key=lambda one: -one.mean)
    columns = [ColumnImportance(column=one.name, mean=one.mean, sd=one.sd) for one in order]
    return PermutationImportance(
        metric=metric, goal=metrics[metric].goal, shuffles=shuffles, seed=seed, columns=columns
    )


def confused_pairs(measured: Measured, task: Task) -> list[ConfusedPair]:
    """The pairs of true and predicted class with the most rows, of equal ones those with the larger share."""
    pairs = []
    names = _names(task)
    for matrix in measured.confusion.values():
        there = matrix.sum(axis=1)
        for i, k in np.argwhere(matrix > 0):
            if i != k:
                rows, share = float(matrix[i, k]), float(matrix[i, k] / there[i])
                pairs.append(ConfusedPair(true=names[i], predicted=names[k], rows=rows, share=share))
    return sorted(pairs, key=lambda pair: (-pair.rows, -pair.share))[:PAIRS]


def worst_rows(
    task: Task, answer: LabelledPredictions, at: Callable[[int], str], count: int
) -> list[WorstRow]:
    """The rows that count and have the largest loss, of equal ones the first."""
    counting = np.flatnonzero(answer.rows.weight > 0)
    order = counting[np.argsort(-answer.losses[counting], kind="stable")][:count]
    return [_worst_row(task, answer, at, int(row)) for row in order]


def _worst_row(task: Task, answer: LabelledPredictions, at: Callable[[int], str], row: int) -> WorstRow:
    y, response = answer.y[row], answer.response[row]
    chance = None
    if task.targets in ("classes", "two classes") and task.probabilities:
        chance = float(response[y])
    true, predicted = truth(task, y), decision(task, response)
    loss = float(answer.losses[row])
    return WorstRow(place=at(row), loss=loss, true=true, predicted=predicted, probability=chance)


def truth(task: Task, y: Any) -> dict[str, Value]:
    """The targets of a row, by name."""
    if task.targets in ("classes", "two classes"):
        return {task.names[0]: task.classes[int(y)]}
    return dict(zip(task.names, y.tolist(), strict=True))


def decision(task: Task, response: Floats) -> dict[str, Value]:
    """What is predicted of a row, by target."""
    if task.targets in ("classes", "two classes"):
        return {task.names[0]: task.classes[int(response.argmax())]}
    if task.targets == "labels":
        limit = 0.5 if task.probabilities else 0.0
        return {name: float(p > limit) for name, p in zip(task.names, response, strict=True)}
    return dict(zip(task.names, response.tolist(), strict=True))


def _names(task: Task) -> list[str]:
    return ["0", "1"] if task.targets == "labels" else list(task.classes)


def _threshold(measured: Measured, value: float | None) -> F1Threshold | None:
    if value is None or len(measured.rankings) != 1:
        return None
    (ranking,) = measured.rankings.values()
    return F1Threshold(value=value, f1=f1_at(ranking, value))


def _figures(values: dict[str, float]) -> Figures:
    return {name: None if np.isnan(value) else value for name, value in values.items()}
