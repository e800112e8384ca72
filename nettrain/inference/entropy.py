"""The entropy of targets, below which the loss cannot fall: H(p, q) = H(p) + D(p‖q)."""

import numpy as np

from nettrain.catalogue.losses import Loss, targets_for
from nettrain.data.labelled import Rows


def target_entropy(loss: Loss, rows: Rows, outputs: int, *, smoothed: bool = False) -> float:
    """The weighted mean entropy of the targets of these rows, for a network with so many outputs.

    With `smoothed` that of the targets after label smoothing. 0 where the best outputs have no loss, as those
    of classes without smoothing, and for losses that are not cross-entropies.
    """
    entropies = loss.target_entropies(targets_for(loss, rows.y, outputs), outputs, smoothed=smoothed)
    if entropies is None:
        return 0.0
    weight = rows.weight.astype(np.float64)
    return float((weight * entropies).sum() / weight.sum())
