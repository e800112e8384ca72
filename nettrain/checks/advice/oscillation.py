"""Oscillation: the training loss jumps up and down."""

import numpy as np

from nettrain.checks.advice.evidence import Evidence
from nettrain.checks.advice.registry import advice_line

WINDOW = 10  # evaluations that are looked at
RISES = 4  # of them, at least
JUMP = 0.2  # mean size of a jump, of the level of the loss
VISIBLE = 0.03  # and of what the loss was before training
LOWER = "a lower optimizer.learning_rate"
TREND = 0.5  # of the sum of all jumps: more is a fall, not an oscillation


@advice_line("oscillation", unless=("plateau",))
def oscillation(seen: Evidence) -> str | None:
    """Training loss has gone up and down in the last evaluations by much of its level."""
    curve = seen.train[seen.epochs > 0][-WINDOW - 1 :]
    if len(curve) <= WINDOW or not np.isfinite(curve).all():
        return None
    jumps = np.diff(curve)
    rises, size, middle = int((jumps > 0).sum()), float(np.abs(jumps).mean()), float(np.median(curve))
    if rises < RISES or abs(curve[-1] - curve[0]) > TREND * np.abs(jumps).sum() or not size > JUMP * middle:
        return None
    if not size > VISIBLE * seen.start:
        return None
    rate = seen.experiment.optimizer
    now = getattr(rate, "learning_rate", None)
    lower = f"optimizer.learning_rate={float(f'{now / 3:.2g}'):g}" if isinstance(now, float) else LOWER
    return (
        f"training loss jumps by {size:.2g} from one evaluation to the next around {middle:.3g} and rose in"
        f" {rises} of the last {WINDOW}: {_cause(seen)}; try {_shuffled(seen)}{lower}{_larger_batches(seen)}"
    )


def _cause(seen: Evidence) -> str:
    large = "the steps are too large"
    return large if _is_shuffled(seen) else f"{large}, or rows that come in order pull one way for too long"


def _shuffled(seen: Evidence) -> str:
    return "" if _is_shuffled(seen) else "training.shuffle=true or "


def _is_shuffled(seen: Evidence) -> bool:
    """Whether the order of rows is no cause: every batch is drawn at random, or has all rows."""
    training = seen.experiment.training
    return training.shuffle or training.batch_size == "full"


def _larger_batches(seen: Evidence) -> str:
    size = seen.experiment.training.batch_size
    return "" if size in ("full", "auto") else f" or training.batch_size={4 * int(size)}"
