"""A plateau at a constant rate."""

import numpy as np

from nettrain.checks.advice.evidence import Evidence, level
from nettrain.checks.advice.registry import advice_line

WINDOW, LEAST = 1 / 3, 10  # of the evaluations, and so many at least, in which the loss has been flat
FLAT = 0.02  # of its level by which the loss may have fallen in them
JITTER = 0.02  # mean change from one evaluation to the next, of the level: the steps do not let it settle
VISIBLE = 0.1  # of the loss of constant predictions: at a lower level there is little to gain


@advice_line("plateau", unless=("identical_units", "oscillation", "overfitting", "underfitting"))
def plateau(seen: Evidence) -> str | None:
    """At a constant rate the training loss no longer falls but jitters."""
    if not seen.steady_rate:
        return None
    curve = seen.train[seen.epochs > 0]
    window = max(LEAST, round(WINDOW * len(curve)))
    if len(curve) < window + LEAST // 2:
        return None
    last, now = curve[-window:], level(curve)
    half = window // 2
    fall = float(np.mean(last[:half]) - np.mean(last[half:]))
    jitter = float(np.abs(np.diff(last)).mean())
    if not (fall < FLAT * now and jitter > JITTER * now and now > VISIBLE * seen.start):
        return None
    return (
        f"training loss has been around {now:.3g} for {window} evaluations and jitters by {jitter / now:.0%}:"
        " at a constant rate the steps are too large to go lower; try schedule=cosine or schedule=plateau"
    )
