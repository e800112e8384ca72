"""What the loop tells: frozen events, drawn by others."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

REASONS = (  # for which a member stops
    *("epochs", "early_stopping", "converged", "target", "max_seconds"),
    *("pruned", "diverged", "interrupted"),
)
Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class EpochDone:
    """One epoch of the members that are still training; every array is (R,), in the order of `members`.

    `figures` holds train_loss, objective and, where this epoch was evaluated, val_loss and val_metrics.
    """

    epoch: int  # from 1
    epochs: int
    step: int  # steps done since the start
    members: Integers  # which of the members at the start
    learning_rate: Numbers  # of the epoch's last step
    figures: dict[str, Numbers]
    better: npt.NDArray[np.bool_]  # the monitored figure is the best so far
    evaluated: bool  # this epoch was one to be evaluated and recorded
    step_seconds: float  # of the steps alone
    seconds: float  # with evaluation


@dataclass(frozen=True)
class MemberStopped:
    """A member will train no more."""

    member: int
    epoch: int  # the last that it finished
    step: int  # steps done since the start
    reason: str  # a name of REASONS
    best_epoch: int | None  # of the monitored figure
    restored: bool  # whether its final weights are those of best_epoch


@dataclass(frozen=True)
class TrainingDone:
    """Nobody trains any more."""

    epochs_run: int
    steps: int
    step_seconds: float
    seconds: float
    weights: Any = field(repr=False)  # (R, P) final parameters of all members, on the host


Event = EpochDone | MemberStopped | TrainingDone
