"""The path of a network through the space of its parameters, found by training it once more.

A run folder has the final weights alone, but its config repeats the training to the bit.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import HostArray
from nettrain.data.prepare import Prepared
from nettrain.data.reading.memory import MemoryTables
from nettrain.experiment.load import LoadedExperiment
from nettrain.experiment.settings import Experiment
from nettrain.training.events import EpochDone, MemberStopped
from nettrain.training.run import TrainingRun
from nettrain.workflow.preparation import prepare_training

POINTS = 100  # of a path, at most
PATH_BYTES = 200e6


@dataclass(frozen=True, eq=False)
class TrainingPath:
    """The parameters (E, P) of a network after some `epochs` (E,), from 0, the weights before training.

    `ended` (P,) are those that it ended with, where it was trained to its end, and `data` the rows.
    """

    epochs: tuple[int, ...]
    parameters: HostArray
    ended: HostArray | None
    data: Prepared


@np.errstate(all="ignore")
def training_path(
    experiment: Experiment,
    member: int,
    epochs: int,
    memory: MemoryTables | None = None,
    on_epoch: Callable[[int, int], None] = lambda epoch, epochs: None,
) -> TrainingPath:
    """Train a resolved experiment for so many epochs, and record the path of one member.

    `on_epoch` is called with the number of epochs done and that of all. Raises what a training raises.
    """
    prepared = prepare_training(LoadedExperiment(experiment), memory)
    run, ended = prepared.training.run, None
    wanted = recorded_epochs(epochs, run.layout.size * run.backend.dtype.itemsize)
    recorded = {0: _parameters_of(run, member)}
    with closing(prepared.training.events()) as events:
        for event in events:
            match event:
                case EpochDone() if event.epoch > epochs:
                    break  # where the run was interrupted
                case EpochDone():
                    on_epoch(int(event.epoch), epochs)
                    if event.epoch in wanted and member in event.members:
                        recorded[int(event.epoch)] = _parameters_of(run, member)
                case MemberStopped() if event.member == member:
                    ended = run.final.parameters[member].copy()
                    break
    return TrainingPath(tuple(recorded), np.stack(list(recorded.values())), ended, prepared.data)


def recorded_epochs(epochs: int, parameter_bytes: int) -> frozenset[int]:
    """The epochs whose parameters are recorded: the first ones, where steps are large, more densely."""
    points = max(10, min(POINTS, int(PATH_BYTES // parameter_bytes)))
    if epochs <= points:
        return frozenset(range(1, epochs + 1))
    spaced = np.rint(epochs * np.linspace(0, 1, points + 1) ** 2).astype(int)
    return frozenset(np.maximum(spaced[1:], 1).tolist())


def _parameters_of(run: TrainingRun, member: int) -> HostArray:
    """The present parameters (P,) of a member, by its number at the start."""
    row = int(np.flatnonzero(run.population["original"] == member)[0])
    return run.backend.to_host(run.population["parameters"][row]).copy()
