"""Oscillation: the training loss jumps up and down."""

import numpy as np

from nettrain.checks.advice.evidence import Evidence
from nettrain.checks.advice.registry import advice_line

WINDOW = 10  # evaluations that are looked at
RISES = 4  # of them, at least
JUMP = 0.2  # mean size of a jump, of the level of the loss
VISIBLE = 0.03  # and of what the loss was before training
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
    lower = f"optimizer.learning_rate={now / 3:.2g}" if isinstance(now, float) else "optimizer.learning_rate"
    return (
        f"training loss jumps by {size:.2g} from one evaluation to the next around {middle:.3g} and rose in"
        f" {rises} of the last {WINDOW}: the steps are too large; try {lower}"
        f"{_larger_batches(seen)}"
    )


def _larger_batches(seen: Evidence) -> str:
    size = seen.experiment.training.batch_size
    return "" if size in ("full", "auto") else f" or training.batch_size={4 * int(size)}"
