"""From a network's raw outputs to predictions.

The predictions of N rows are probabilities (N, K), of two classes both, or scores where the loss has no
probabilities; probabilities of labels (N, L); or numbers in their own units (N, T).
"""

from collections.abc import Iterable

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.losses import Loss
from nettrain.catalogue.losses.distributional import DistributionalLoss
from nettrain.catalogue.losses.target_distribution import TargetDistribution
from nettrain.catalogue.metrics import Task


def to_predictions(loss: Loss, task: Task, outputs: HostArray) -> Floats:
    """Predictions (..., N, K) from the raw outputs (..., N, K) of networks trained with this loss."""
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
    mean: Floats = to_predictions(loss, task, outputs).mean(axis=0)
    return mean


def to_distribution(loss: Loss, task: Task, outputs: HostArray) -> TargetDistribution | None:
    """What several networks say together of the targets' distributions, in the targets' own units.

    From their raw outputs (R, N, K); None for losses that predict one number of each target.
    """
    if not isinstance(loss, DistributionalLoss):
        return None
    first, *others = (loss.distribution(network) for network in outputs)
    return in_units(first.combined(others), task)


def together(each: Iterable[TargetDistribution | None]) -> TargetDistribution | None:
    """What several runs of one loss say together, as far as it describes distributions."""
    described = (one for one in each if one is not None)
    first = next(described, None)
    return None if first is None else first.combined(described)


def in_units(distribution: TargetDistribution, task: Task) -> TargetDistribution:
    """Distributions of scaled targets in the targets' own units."""
    count = len(task.names)
    center, scale = np.array(task.center or (0.0,) * count), np.array(task.scale or (1.0,) * count)
    return distribution.unscaled(center, scale)


def with_negative_class(predictions: Floats, task: Task) -> Floats:
    """Predictions (N, 2) of the negative and the positive class, from those of the positive one (N, 1)."""
    negative = 2 * task.limit - predictions
    return np.concatenate([negative, predictions], axis=-1)


def in_own_units(task: Task, y: HostArray) -> HostArray:
    """Targets as in the data: numbers are scaled back, classes and labels stay as they are."""
    return task.unscale(y) if task.targets == "numbers" else y
