"""What the training loop yields: frozen events that others show and record."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Flags, Floats, HostArray
from nettrain.training.diagnostics.layer_diagnostics import LayerDiagnostics

REASONS = (  # for which a member stops
    *("epochs", "early_stopping", "converged", "line_search", "target", "max_seconds"),
    *("pruned", "diverged", "interrupted"),
)


@dataclass(frozen=True, eq=False)
class StepLosses:
    """The steps of an epoch: their numbers `step` (S,) from 1, learning_rate and batch_loss (R, S).

    `factors` (R, S) are those on numbers that a schedule changes, by name.

    The loss is that of the step's batch, which the step lowers: a mean over its rows, with dropout, noise and
    label smoothing, without penalties. The running loss is their mean, weighted by the weight of each batch.
    """

    step: npt.NDArray[np.int64]
    learning_rate: Floats
    batch_loss: Floats
    factors: Mapping[str, Floats] = field(default_factory=dict)

    def of_rows(self, rows: npt.NDArray[np.intp] | Flags) -> "StepLosses":
        """The losses of some members."""
        return replace(
            self,
            learning_rate=self.learning_rate[rows],
            batch_loss=self.batch_loss[rows],
            factors=_of_rows(self.factors, rows),
        )


@dataclass(frozen=True)
class EpochDone:
    """One epoch of the members that were still training; every array is (R,), in the order of `members`.

    Where evaluate_every is a part of an epoch, it is such a part. `figures` holds running_loss and objective,
    which the steps yield, and, if it was evaluated, train_loss, train_METRIC, val_loss and val_METRIC. Epoch
    0 has the networks before training: its figures are those of an evaluation alone, it has no learning rate
    (NaN), is never better and takes no time.
    """

    epoch: float  # from 1, 0 before training; 3.25 after the first of four parts of the fourth epoch
    epochs: int
    step: int  # steps done since the start
    members: npt.NDArray[np.int64]  # which of the members at the start
    learning_rate: Floats  # of the epoch's last step
    figures: dict[str, Floats]
    better: Flags  # the monitored metric is the best so far
    evaluated: bool  # training and validation rows were evaluated
    step_seconds: float  # of the steps alone
    seconds: float  # with evaluation
    diagnostics: LayerDiagnostics | None = None  # if the epoch was evaluated, with training.diagnostics
    steps: StepLosses | None = None  # with training.history: step
    factors: Mapping[str, Floats] = field(default_factory=dict)  # on scheduled numbers, in the last step

    def of_members(self, members: range) -> "EpochDone | None":
        """The epoch of some members alone, numbered from 0; None when none of them still trained."""
        rows = np.flatnonzero((self.members >= members.start) & (self.members < members.stop))
        if not len(rows):
            return None
        return replace(
            self,
            members=self.members[rows] - members.start,
            learning_rate=self.learning_rate[rows],
            figures=_of_rows(self.figures, rows),
            better=self.better[rows],
            diagnostics=None if self.diagnostics is None else self.diagnostics.of_rows(rows),
            steps=self.steps.of_rows(rows) if self.steps else None,
            factors=_of_rows(self.factors, rows),
        )


def _of_rows(values: Mapping[str, Floats], rows: npt.NDArray[np.intp] | Flags) -> dict[str, Floats]:
    return {name: one[rows] for name, one in values.items()}


@dataclass(frozen=True)
class MemberStopped:
    """A member has stopped training."""

    member: int
    epoch: int  # the last one that it completed
    step: int  # steps done since the start
    reason: str  # one of REASONS
    best_epoch: float | None  # of the monitored metric
    restored: bool  # whether its final parameters are those of best_epoch
    rises: int | None = None  # epochs in which its objective rose, where convergence is looked for


@dataclass(frozen=True)
class TrainingDone:
    """All members have stopped."""

    epochs_run: int
    steps: int
    step_seconds: float
    seconds: float
    parameters: HostArray = field(repr=False)  # (R, P) final parameters of all members, on the host


@dataclass(frozen=True)
class AdviceGiven:
    """A line of advice that is due after an epoch, given once in a run; `text` is of one of the networks."""

    name: str
    epoch: float
    text: str
    networks: int = 1  # for which it is due
    of: int = 1  # that still train

    @property
    def line(self) -> str:
        """The text, and for how many networks it holds."""
        return (
            self.text if self.of == 1 else f"in {self.networks} of {self.of} networks, such as: {self.text}"
        )


Event = EpochDone | MemberStopped | TrainingDone | AdviceGiven
