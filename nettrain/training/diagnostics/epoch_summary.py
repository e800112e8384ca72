"""Summaries of epochs: figures over all members, and an estimate of the remaining time."""

import math
from dataclasses import dataclass

from nettrain.training.events import EpochDone

MEMORY = 0.9  # weight of earlier epochs in the mean duration of an epoch


@dataclass(frozen=True)
class EpochSummary:
    """One epoch of a population, or a part of one.

    `figures` are means over the members that still train, `spreads` their standard deviations (n - 1) where
    there are several. Times are in seconds.
    """

    epoch: float
    epochs: int
    figures: dict[str, float]
    spreads: dict[str, float]
    members: int  # that still train
    of: int  # members at the start
    learning_rate: float
    seconds: float
    left: float
    better: bool  # the best epoch so far; False with several members, whose best epochs differ


class EpochSummarizer:
    """Summarizes the epochs of a run, in their order."""

    def __init__(self) -> None:
        self._mean_seconds = self._epoch = 0.0
        self._members = 0

    def summarize(self, event: EpochDone) -> EpochSummary:
        """The summary of the next epoch; the remaining time is estimated from the latest epochs."""
        if event.epoch:
            begun = max(self._epoch, math.ceil(event.epoch) - 1)
            self._mean_seconds = self._updated_mean(event.seconds / (event.epoch - begun))
        self._epoch = event.epoch
        self._members = max(self._members, len(event.members))
        several = len(event.members) > 1
        return EpochSummary(
            event.epoch,
            event.epochs,
            {name: float(values.mean() if several else values[0]) for name, values in event.figures.items()},
            {name: float(values.std(ddof=1)) for name, values in event.figures.items() if several},
            len(event.members),
            self._members,
            float(event.learning_rate[0]),
            event.seconds,
            self._mean_seconds * (event.epochs - event.epoch),
            self._members == 1 and bool(event.better[0]),
        )

    def _updated_mean(self, seconds: float) -> float:
        # a moving average, since the first epoch is slower and the load of machines changes
        if not self._mean_seconds:
            return seconds
        return MEMORY * self._mean_seconds + (1 - MEMORY) * seconds
