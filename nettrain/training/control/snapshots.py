"""Snapshots: a run's networks at several epochs of its last half, to predict with their mean.

Source: Huang et al. 2017, Snapshot Ensembles, of which this is the part without cycles: a schedule such as
cosine_restarts adds them.
"""

import numpy as np

from nettrain.backend.base import Backend, HostArray
from nettrain.experiment.training_settings import TrainingSettings
from nettrain.training.events import MemberStopped
from nettrain.training.population import Population

ARRAYS = ("parameters", "statistics")


def snapshot_epochs(count: int, epochs: int) -> list[int]:
    """Epochs, from 1, at whose end a snapshot is taken: evenly through the last half, the last among them."""
    return [epochs - (count - 1 - k) * epochs // (2 * count) for k in range(count)]


class Snapshots:
    """Parameters (R, S, P) and statistics (R, S, Q) of S epochs, kept as rows of the population."""

    def __init__(
        self, population: Population, backend: Backend, settings: TrainingSettings, *widths: int
    ) -> None:
        """`widths` are P and Q."""
        self._population, self._backend = population, backend
        count = settings.snapshots if settings.snapshots > 1 else 0
        self._epochs = snapshot_epochs(count, settings.epochs)
        for name, width in zip(ARRAYS, widths, strict=True) if count else ():
            population.register(f"snapshots_{name}", backend.zeros((population.size, count, width)))

    def observe(self, epoch: int) -> None:
        """Keep the networks as they are at the end of this epoch, if it is one of those."""
        if epoch in self._epochs:
            for name in ARRAYS:
                kept = self._population[f"snapshots_{name}"]
                kept[:, self._epochs.index(epoch)] = self._population[name]

    def epochs_of(self, end: MemberStopped) -> list[int]:
        """The epochs of a member's snapshots: those before its end, and its end."""
        return [*(epoch for epoch in self._epochs if epoch < end.epoch), end.epoch]

    def of_single(self, end: MemberStopped, *last: HostArray) -> tuple[HostArray, HostArray]:
        """All snapshots (S, P) and (S, Q) of a population of one, its last network among them.

        `last` are its final parameters (1, P) and statistics (1, Q); a run that ended early has fewer.
        """
        before = list(range(len(self.epochs_of(end)) - 1))
        taken = (self._backend.to_host(self._population[f"snapshots_{name}"][0, before]) for name in ARRAYS)
        parameters, statistics = (np.concatenate(pair) for pair in zip(taken, last, strict=True))
        return parameters, statistics
