"""The messages between a sweep and its workers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nettrain.experiment.settings import Experiment
from nettrain.store.journal_lines import TrialStatus
from nettrain.sweep.fold_figures import deviations
from nettrain.sweep.shared_data import SharedData
from nettrain.sweep.watching import TrialWatcher


@dataclass(frozen=True)
class TrialChunk:
    """Trials that train together; `rungs` are the epochs after which they wait for a decision.

    A trial is a network for each fold of its data, or one without folds. `experiments` are by trial, then by
    fold. `populations` are the positions of the folds whose networks train as one population. Networks that
    are not pruned are written into the folder `kept_in`, if there is one; at the `deadline`, a time of day in
    seconds, all training ends. The `watcher` is told of every epoch. In a chunk that
    `evolves`, trials that have diverged wait for the next rung, where they go on from others.
    """

    number: int
    trials: tuple[int, ...]
    experiments: tuple[tuple[Experiment, ...], ...] = field(repr=False)
    data: SharedData = field(repr=False)
    metric: str
    rungs: tuple[int, ...] = ()
    cost: float = 0.0  # estimated work, in arbitrary units
    populations: tuple[tuple[int, ...], ...] = ((0,),)
    evolves: bool = False
    kept_in: Path | None = None
    watcher: TrialWatcher | None = None
    deadline: float | None = None
    measured: tuple[str, ...] = ()  # metrics of trials that end, beside the one that compares them

    @property
    def networks(self) -> int:
        """The networks of all trials."""
        return sum(len(experiments) for experiments in self.experiments)

    def subset(self, trials: tuple[int, ...], number: int) -> "TrialChunk":
        """A new chunk with some of the trials."""
        experiments = tuple(self.experiments[self.trials.index(trial)] for trial in trials)
        cost = self.cost * len(trials) / len(self.trials)
        return replace(self, number=number, trials=trials, experiments=experiments, cost=cost)


@dataclass(frozen=True)
class ResumeChunk:
    """To a worker: continue with a chunk that waits at a rung, without the pruned trials."""

    number: int
    pruned: tuple[int, ...]


@dataclass(frozen=True)
class ExchangeChunk:
    """To a worker: continue with a chunk that waits at a rung, each trial from the weights of its parent.

    `experiments` are those of all trials with the values that they go on with.
    """

    number: int
    parents: tuple[int, ...]
    experiments: tuple[Experiment, ...] = field(repr=False)


@dataclass(frozen=True)
class TrialResult:
    """How a trial ended: its `figures` by name, such as val_loss, and the metric at each rung's epoch.

    One that is infeasible breaks a constraint before training, as its `message` says, and was not trained.
    With folds, `figures` are the means of those in `folds`, `epochs` are those of the fold that trained
    longest, and `best_epoch` is a mean.
    """

    trial: int
    status: TrialStatus
    epochs: int = 0
    best_epoch: float | None = None
    figures: dict[str, float] = field(default_factory=dict)
    rungs: dict[int, float] = field(default_factory=dict)
    message: str = ""
    seconds: float = 0.0  # its share of its populations' time
    members: int = 1  # that trained together, those of its other folds included
    folds: tuple[dict[str, float], ...] = ()  # the figures of each fold
    out_of_time: bool = False  # the deadline came before its training was over

    @property
    def sd(self) -> dict[str, float]:
        """The standard deviation of each figure over the folds; empty without folds."""
        return deviations(self.folds)

    def to_entry(self) -> dict[str, object]:
        """The result as a line of the journal; keys in JSON are text."""
        entry = {**vars(self), "rungs": {str(rung): figure for rung, figure in self.rungs.items()}}
        del entry["folds"]
        if not self.out_of_time:
            del entry["out_of_time"]
        folds = {str(number): figures for number, figures in enumerate(self.folds, 1)}
        return {**entry, "folds": folds} if folds else entry

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> "TrialResult":
        """The inverse of `to_entry`."""
        rungs = {int(rung): figure for rung, figure in entry["rungs"].items()}
        return cls(**{**entry, "rungs": rungs, "folds": tuple(entry.get("folds", {}).values())})


@dataclass(frozen=True)
class WorkerReady:
    """From a worker: it has started."""


@dataclass(frozen=True)
class TrialsEnded:
    """From a worker: the results of trials that have ended; `chunk_done` when they were the chunk's last."""

    chunk: int
    results: tuple[TrialResult, ...]
    chunk_done: bool


@dataclass(frozen=True)
class RungReached:
    """From a worker: a chunk waits at a rung; the metric of each trial that still trains."""

    chunk: int
    rung: int
    figures: dict[int, float]


@dataclass(frozen=True)
class ChunkProgress:
    """From a worker: how far a chunk has come."""

    chunk: int
    epoch: int
    epochs: int
    members: int


@dataclass(frozen=True)
class ChunkFailed:
    """From a worker: a chunk could not be trained."""

    chunk: int
    message: str


@dataclass(frozen=True)
class ChunkTooLarge:
    """From a worker: its device does not have enough memory for a chunk."""

    chunk: int
    message: str


GoOn = ResumeChunk | ExchangeChunk  # a chunk that waits at a rung
Task = TrialChunk | GoOn
ToWorker = Task | None  # None: there is nothing left to do
FromWorker = WorkerReady | TrialsEnded | RungReached | ChunkProgress | ChunkFailed | ChunkTooLarge
