"""Snapshots: the networks of one run at several epochs of its second half, whose mean predicts.

Source: Huang et al. 2017, Snapshot Ensembles, without their cyclic learning rate: a schedule such as
cosine_restarts adds it.
"""

import numpy as np

from nettrain.backend.base import Backend, HostArray
from nettrain.experiment.training_settings import TrainingSettings
from nettrain.training.events import MemberStopped
from nettrain.training.population import Population

ARRAYS = ("parameters", "statistics")


def snapshot_epochs(count: int, epochs: int) -> list[int]:
    """The epochs, from 1, after which a snapshot is taken: evenly spaced in the second half, the last too."""
    return [epochs - (count - 1 - k) * epochs // (2 * count) for k in range(count)]


class Snapshots:
    """Parameters (R, S, P) and running statistics (R, S, Q) after S epochs, registered in the population."""

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
        """Copy the networks at the end of this epoch, if it is one of those."""
        if epoch in self._epochs:
            for name in ARRAYS:
                snapshots = self._population[f"snapshots_{name}"]
                snapshots[:, self._epochs.index(epoch)] = self._population[name]

    def epochs_of(self, end: MemberStopped) -> list[int]:
        """The epochs of a member's snapshots: those before it stopped, and the one in which it did."""
        return [*(epoch for epoch in self._epochs if epoch < end.epoch), end.epoch]

    def of_single(
        self, end: MemberStopped, parameters: HostArray, statistics: HostArray
    ) -> tuple[HostArray, HostArray]:
        """All snapshots (S, P) and (S, Q) of a population of one; fewer if it stopped early.

        `parameters` (1, P) and `statistics` (1, Q) are the final ones, which are the last snapshot.
        """
        earlier = list(range(len(self.epochs_of(end)) - 1))

        def joined(name: str, last: HostArray) -> HostArray:
            before = self._backend.to_host(self._population[f"snapshots_{name}"][0, earlier])
            return np.concatenate([before, last])

        return joined("parameters", parameters), joined("statistics", statistics)
