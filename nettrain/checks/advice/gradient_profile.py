"""How the gradient changes from the last hidden layer to the first."""

from dataclasses import dataclass

import numpy as np

from nettrain.checks.advice.evidence import Evidence
from nettrain.model.architecture import OUTPUT

HIDDEN = 3  # layers at least: fewer have no way along which a gradient could vanish
EVALUATIONS = 3  # whose medians are taken


@dataclass(frozen=True)
class GradientProfile:
    """The recent gradient norms of the first and the last hidden layer.

    `factor` is the geometric mean of the growth from one layer to the one before it.
    """

    first_name: str
    last_name: str
    first: float
    last: float
    factor: float


def gradient_profile(seen: Evidence) -> GradientProfile | None:
    """The profile, None for shallow networks, early on, and where a gradient is 0 or not finite."""
    norms = seen.recent("gradient_norm", EVALUATIONS)
    hidden = [k for k, name in enumerate(seen.names) if name != OUTPUT]
    if len(norms) < EVALUATIONS or len(hidden) < HIDDEN:
        return None
    first, last = (float(np.median(norms[:, k])) for k in (hidden[0], hidden[-1]))
    if not (0 < first < np.inf and 0 < last < np.inf):
        return None
    factor = (first / last) ** (1 / (len(hidden) - 1))
    return GradientProfile(seen.names[hidden[0]], seen.names[hidden[-1]], first, last, factor)


def straighter_ways(seen: Evidence) -> list[str]:
    """Settings with which gradients pass many layers, as far as they are not on."""
    hidden = seen.experiment.model.hidden_layers()
    skips = any(layer.residual for layer in hidden)
    norms = any(layer.normalization is not None for layer in hidden)
    return [*([] if skips else ["model.residual=true"]), *([] if norms else ["model.norm=batch"])]
