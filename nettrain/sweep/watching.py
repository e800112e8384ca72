"""What somebody outside may see of trials while they train: the epochs of a population, in its worker."""

from collections.abc import Sequence
from typing import Protocol

from nettrain.sweep.kept_networks import TrialNetwork
from nettrain.training.events import EpochDone


class PopulationWatcher(Protocol):
    """Is told of one population."""

    def epoch(self, event: EpochDone) -> None:
        """An epoch of the networks that still train is over; members are numbered as the networks were."""

    def flush(self) -> None:
        """Networks have ended, whose results are sent next."""


class TrialWatcher(Protocol):
    """Is sent to the workers with their chunks, and so can be pickled."""

    def watch(self, networks: Sequence[TrialNetwork], folds: int, epochs: int) -> PopulationWatcher:
        """A population begins to train, with these networks of trials that have so many folds."""
