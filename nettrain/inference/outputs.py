"""From a network's raw outputs to predictions.

The predictions of N rows are probabilities (N, K), of two classes both, or scores where the loss has no
probabilities; probabilities of labels (N, L); or numbers in their own units (N, T).
"""

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.losses import Loss
from nettrain.catalogue.metrics import Task


def to_predictions(loss: Loss, task: Task, outputs: HostArray) -> Floats:
    """Predictions (N, K) from the raw outputs (N, K) of one network that was trained with this loss."""
    predictions: Floats = loss.predictions(np, outputs.astype(np.float64))
    if task.targets == "numbers":
        return task.unscale(predictions)
    if task.targets == "two classes" and predictions.shape[-1] == 1:
        return with_negative_class(predictions, task)
    if task.targets == "classes" and task.probabilities:
        probabilities: Floats = loss.class_probabilities(predictions)
        return probabilities
    return predictions


def mean_predictions(loss: Loss, task: Task, outputs: HostArray) -> Floats:
    """The mean (N, K) of the predictions of several networks, from their raw outputs (R, N, K)."""
    mean: Floats = np.mean([to_predictions(loss, task, network) for network in outputs], axis=0)
    return mean


def with_negative_class(predictions: Floats, task: Task) -> Floats:
    """Predictions (N, 2) of the negative and the positive class, from those of the positive one (N, 1)."""
    negative = 2 * task.limit - predictions
    return np.concatenate([negative, predictions], axis=-1)


def in_own_units(task: Task, y: HostArray) -> HostArray:
    """Targets as in the data: numbers are scaled back, classes and labels stay as they are."""
    return task.unscale(y) if task.targets == "numbers" else y
