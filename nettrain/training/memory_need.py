"""Whether a training fits into the memory of the host, said before any of it is taken, and what to lower."""

from dataclasses import dataclass

import numpy as np

from nettrain.backend.device import format_bytes
from nettrain.backend.host_memory import obtainable_memory
from nettrain.errors import DeviceMemoryError
from nettrain.experiment.settings import Experiment
from nettrain.model.architecture import Architecture

ALWAYS = 3  # arrays as large as the parameters: they themselves, the gradient, and what training ends with
SIGNALS = 2  # arrays as large as the outputs of all layers for a batch: the outputs, and their gradients


@dataclass(frozen=True)
class MemoryNeed:
    """Bytes that each of so many members takes at least: `parameters` and what is like them, and `signals`.

    Those are of one row of a batch.
    """

    experiment: Experiment
    members: int
    batch: int
    parameters: int
    signals: int

    @staticmethod
    def of(experiment: Experiment, architecture: Architecture, members: int, batch: int) -> "MemoryNeed":
        """What so many members of an architecture need, with batches of so many rows."""
        size = np.dtype(experiment.backend.dtype).itemsize
        arrays = ALWAYS + len(experiment.optimizer.slots())
        arrays += experiment.training.early_stopping is not None
        outputs = SIGNALS * architecture.sub_members * sum(architecture.widths[1:])
        parameters = size * arrays * architecture.parameters
        return MemoryNeed(experiment, members, batch, parameters, size * outputs)

    def size(self, members: int, batch: int) -> int:
        """Bytes of so many members with batches of so many rows."""
        return members * (self.parameters + batch * self.signals)

    def key(self, there: int) -> str:
        """The setting of which a smaller value would fit into so much memory."""
        training = self.experiment.training
        several = max(training.repeat, training.ensemble) > 1
        if several and self.members > 1 and self.size(1, self.batch) <= there:
            return "training.repeat" if training.repeat > 1 else "training.ensemble"
        if self.size(self.members, 1) <= there:
            return "training.batch_size"
        return "model.hidden" if self.experiment.model.layers is None else "model.layers"

    def refuse_without_room(self) -> None:
        """Raise DeviceMemoryError when it is more than this process can get."""
        size, there = self.size(self.members, self.batch), obtainable_memory()
        if size > there:
            what = f"{self.members:,} networks" if self.members > 1 else "the network"
            raise DeviceMemoryError(
                f"{self.key(there)}: training {what} takes at least {format_bytes(size)} of memory, "
                f"{format_bytes(there)} are free; lower it"
            )
