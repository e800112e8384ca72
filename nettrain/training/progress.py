"""How far a training has come."""

from dataclasses import dataclass


@dataclass
class Progress:
    """Epochs and steps done so far, batches done of the epoch that is under way, and seconds spent."""

    epoch: int = 0
    step: int = 0
    position: int = 0
    step_seconds: float = 0.0  # of the steps alone
    seconds: float = 0.0
