"""The training of the runs of a comparison, side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nettrain.training.events import EpochDone
from nettrain.workflow.in_memory import MemoryRun
from nettrain.workflow.side_by_side import PopulationEpoch, Trainee, train_side_by_side


@dataclass(frozen=True, eq=False)
class PlannedRun(Trainee):
    """One run that is to be trained, and its entry in the comparison; `fold` is its number, if it is one."""

    entry: int
    fold: int | None = None

    @property
    def held_out(self) -> float:
        """How many rows a fold holds out for each row that trains it; 0 of other runs."""
        rows = self.data.validation
        return 0.0 if self.fold is None or rows is None else len(rows.y) / len(self.data.train.y)


@dataclass(frozen=True)
class ComparedEpoch:
    """An epoch of a population; `entries` (R,) says to which entry each of its members belongs."""

    entries: npt.NDArray[np.intp]
    epoch: EpochDone


OnComparedEpoch = Callable[[ComparedEpoch], None]


def train_runs(
    runs: Sequence[PlannedRun], on_epoch: OnComparedEpoch, stop: Callable[[], bool]
) -> list[MemoryRun | None]:
    """The trained runs, in the order given; None for those that an interruption came before."""
    entries = np.array([run.entry for run in runs], dtype=np.intp)

    def on_population(event: PopulationEpoch) -> None:
        on_epoch(ComparedEpoch(entries[event.trainees], event.epoch))

    return train_side_by_side(runs, on_population, stop)
