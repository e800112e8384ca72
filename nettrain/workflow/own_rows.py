"""Predictions of a run that was just trained for its own rows, for figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nettrain.backend.base import Floats
from nettrain.catalogue.metrics import Task
from nettrain.inference.intervals import IntervalBand
from nettrain.inference.measured import joined_predictions
from nettrain.inference.metrics import compute_metrics
from nettrain.inference.postprocessing import joint_task
from nettrain.inference.predictions import metrics_of
from nettrain.inference.split_predictions import describe_split, most_telling_split, true_values
from nettrain.workflow.chosen_networks import fold_count, on_split
from nettrain.workflow.training import TrainingResult

if TYPE_CHECKING:
    from nettrain.workflow.blending.blend import Blend
    from nettrain.workflow.cross_validation import CrossValidation

ROWS = 1024  # whose predictions are counted at once


@dataclass(frozen=True)
class OwnPredictions:
    """Predictions (N, K) and true values for the rows of one split.

    `confusion` has a matrix for each target of classes or labels. `networks` is how many did not diverge;
    the predictions are their mean if `joint`, otherwise those of the first one. `band` is an interval of each
    number, where they predict one.
    """

    task: Task
    split: str
    predictions: Floats
    true_values: Floats
    confusion: Mapping[str, Floats]
    networks: int
    joint: bool
    band: IntervalBand | None = None


def out_of_fold_predictions(result: "CrossValidation") -> OwnPredictions | None:
    """Predictions of the rows that the folds held out, of several repeats the first; None if all diverged."""
    predicted = [one.predicted for one in result.folds if one.planned.repeat == 1]
    known = [
        (one.trained, one.predictions)
        for one in predicted
        if one.trained is not None and one.predictions is not None
    ]
    if not known:
        return None
    joined = joined_predictions([predictions for _, predictions in known])
    task = joint_task([trained.task for trained, _ in known])
    confusion = {}
    if task.targets != "numbers":
        confusion = metrics_of(task, joined).confusion
    return OwnPredictions(
        task,
        "held-out",
        joined.values,
        joined.y,
        confusion,
        1,
        joint=False,
        band=IntervalBand.of(joined.distribution),
    )


def blended_predictions(blend: "Blend") -> OwnPredictions | None:
    """Mean predictions for the rows that the networks held out with folds, otherwise for test rows if any."""
    split = "validation" if fold_count(blend.chosen) or on_split(blend.chosen, "test") is None else "test"
    measured = on_split(blend.chosen, split)
    if measured is None:
        return None
    predicted = measured.predict()
    computed = measured.metrics(predicted)
    task = joint_task([one.networks.task for one in measured.each])
    name = "held-out" if split == "validation" else split
    band = IntervalBand.of(predicted.distribution)
    confusion = {} if task.targets == "numbers" else computed.confusion
    return OwnPredictions(task, name, predicted.values, predicted.y, confusion, 1, joint=False, band=band)


def own_predictions(result: TrainingResult) -> OwnPredictions | None:
    """Predictions for the test rows, or else validation or training rows; None if all networks diverged."""
    run, finite = result.run, result.networks.finite()
    if not len(finite):
        return None
    split, task = most_telling_split(run.data.datasets), finite.task
    dataset = run.data.datasets[split]
    described, y = describe_split(finite, dataset), true_values(finite, dataset)
    predictions, band = described.values, IntervalBand.of(described.distribution)
    confusion = {}
    if task.targets != "numbers":
        chunks = ((slice(k, k + ROWS), predictions[k : k + ROWS]) for k in range(0, len(y), ROWS))
        confusion = compute_metrics(chunks, y, dataset.weights, task).confusion
    joint = run.experiment.training.averages_predictions
    return OwnPredictions(task, split, predictions, y, confusion, len(finite), joint, band)
