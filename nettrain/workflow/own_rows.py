"""Predictions of a run that was just trained for its own rows, for figures."""

from collections.abc import Mapping
from dataclasses import dataclass

from nettrain.backend.base import Floats
from nettrain.catalogue.metrics import Task
from nettrain.inference.measure import measure
from nettrain.inference.own_rows import most_telling_split, run_predictions, true_values
from nettrain.workflow.training import TrainingResult


@dataclass(frozen=True)
class OwnPredictions:
    """Predictions (N, K) and true values for the rows of one split.

    `confusion` has a matrix for each target of classes or labels. `networks` is how many did not diverge;
    the predictions are their mean if `joint`, otherwise those of the first one.
    """

    task: Task
    split: str
    predictions: Floats
    true_values: Floats
    confusion: Mapping[str, Floats]
    networks: int
    joint: bool


def own_predictions(result: TrainingResult) -> OwnPredictions | None:
    """Predictions for the test rows, or else validation or training rows; None if all networks diverged."""
    run, finite = result.run, result.networks.sound()
    if not finite.experiments:
        return None
    split, table = most_telling_split(run)
    predictions, y, task = run_predictions(run, finite, table), true_values(run, table), run.task
    confusion = {}
    if task.targets != "numbers":
        confusion = measure([(slice(None), predictions)], y, table.mass, task).confusion
    joint = run.experiment.training.averages_predictions
    return OwnPredictions(task, split, predictions, y, confusion, len(finite.experiments), joint)
