"""What the sweep and its workers say to each other."""

from dataclasses import dataclass, field
from typing import Any

from nettrain.experiment.settings import Experiment
from nettrain.sweep.shared import Shared


@dataclass(frozen=True)
class TrialChunk:
    """Trials that train as one population; `rungs` are epochs after which it waits for a decision."""

    number: int
    trials: tuple[int, ...]
    experiments: tuple[Experiment, ...] = field(repr=False)
    data: Shared = field(repr=False)
    metric: str
    rungs: tuple[int, ...] = ()
    cost: float = 0.0  # about how much work, in any unit

    def only(self, trials: tuple[int, ...], number: int) -> "TrialChunk":
        """A new chunk of some of the trials."""
        share = len(trials) / len(self.trials)
        kept = tuple(self.experiments[self.trials.index(trial)] for trial in trials)
        return TrialChunk(number, trials, kept, self.data, self.metric, self.rungs, self.cost * share)


@dataclass(frozen=True)
class Continue:
    """To a worker: go on with a chunk that waits at a rung, without these trials."""

    chunk: int
    without: tuple[int, ...]


@dataclass(frozen=True)
class Result:
    """How a trial ended; `figures` by name such as val_loss, `rungs` the metric at each rung's epoch."""

    trial: int
    status: str  # finished | pruned | diverged | failed
    epochs: int = 0
    best_epoch: int | None = None
    figures: dict[str, float] = field(default_factory=dict)
    rungs: dict[int, float] = field(default_factory=dict)
    message: str = ""
    seconds: float = 0.0  # its share of its population's time
    members: int = 1  # of that population

    def entry(self) -> dict[str, Any]:
        """The result as a line of the journal; JSON has text for keys."""
        rungs = {str(rung): figure for rung, figure in self.rungs.items()}
        return {**vars(self), "rungs": rungs}

    @classmethod
    def of(cls, entry: dict[str, Any]) -> "Result":
        """The inverse of `entry`."""
        return cls(**{**entry, "rungs": {int(rung): figure for rung, figure in entry["rungs"].items()}})


@dataclass(frozen=True)
class Ready:
    """From a worker: it has started."""


@dataclass(frozen=True)
class Ended:
    """From a worker: trials that have ended, and whether the chunk has."""

    chunk: int
    results: tuple[Result, ...]
    over: bool


@dataclass(frozen=True)
class Waiting:
    """From a worker: a chunk waits at a rung; the metric of each member that is there."""

    chunk: int
    rung: int
    figures: dict[int, float]


@dataclass(frozen=True)
class Working:
    """From a worker: how far a chunk is."""

    chunk: int
    epoch: int
    epochs: int
    members: int


@dataclass(frozen=True)
class Broken:
    """From a worker: a chunk could not be trained; `short` when its device has not enough memory for it."""

    chunk: int
    message: str
    short: bool = False


Order = TrialChunk | Continue | None  # None: there is no more to do
Report = Ready | Ended | Waiting | Working | Broken
