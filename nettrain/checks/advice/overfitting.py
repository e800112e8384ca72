"""Overfitting: validation and training part."""

import numpy as np

from nettrain.checks.advice.evidence import Evidence, level
from nettrain.checks.advice.registry import advice_line

PATIENCE, SHARE = 5, 0.2  # evaluations since the best one: at least so many, and this share of all
RISE = 0.25  # of the validation loss above its best: less comes and goes
VISIBLE = 0.03  # of what the loss was before: a rise by less is of no importance
FALL = 0.1  # of the training loss since: it must have gone on falling


@advice_line("overfitting", unless=("oscillation",))
def overfitting(seen: Evidence) -> str | None:
    """Validation loss has been rising for a while, and training loss still falls."""
    validation, train = seen.validation, seen.train
    if validation is None or not np.isfinite(validation).any() or _stops_early(seen):
        return None
    best = int(np.nanargmin(validation))
    if len(validation) - 1 - best < max(PATIENCE, SHARE * len(validation)):
        return None
    lowest, now = float(validation[best]), level(validation)
    if not (now > (1 + RISE) * lowest and now - lowest > VISIBLE * seen.start):
        return None
    if not level(train) < (1 - FALL) * train[best]:
        return None
    return (
        f"validation loss has risen from {lowest:.3g} in epoch {seen.epochs[best]:g} to {now:.3g} while"
        f" training loss fell to {level(train):.3g}: the network learns its training rows by heart;"
        f" {_knobs(seen)}"
    )


def _stops_early(seen: Evidence) -> bool:
    """Whether the best weights are restored in any case."""
    stopping = seen.experiment.training.early_stopping
    return stopping is not None and stopping.restore_best


def _knobs(seen: Evidence) -> str:
    """What is not turned yet, the easiest first."""
    model, penalties = seen.experiment.model, seen.experiment.regularization
    dropout = any(np.max(layer.dropout) > 0 for layer in model.hidden_layers())
    knobs = ["training.early_stopping={}"]
    knobs += [] if dropout else ["model.dropout=0.2"]
    knobs += [] if np.max(penalties.l2) > 0 else ["regularization.l2=1e-3"]
    return f"try {' or '.join(knobs)}, or a smaller network"
