"""Groups of parameters: factors on the rate, the decay and the penalties of all arrays of one group.

A layer says for each array that it learns to which group it belongs. The rate factor is 1 for every group
unless the experiment says otherwise; decay and penalties have factor 1 for weights and 0 for all else.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.catalogue.settings import Settings, number, option

WEIGHT = "weight"


class GroupFactors(Settings):
    """What one group takes of the optimizer's numbers."""

    learning_rate: float = number(1.0, "factor on the learning rate", ge=0)
    weight_decay: float | None = number(
        None, "factor on the decoupled weight decay; default: 1 for weights, otherwise 0", ge=0
    )
    l2: float | None = number(None, "factor on regularization.l2; default: 1 for weights, otherwise 0", ge=0)
    l1: float | None = number(None, "factor on regularization.l1; default: 1 for weights, otherwise 0", ge=0)


class ParameterGroups(Settings):
    """Factors by group; a group that is not named keeps its defaults."""

    weight: GroupFactors | None = option(None, "weight matrices")
    bias: GroupFactors | None = option(None, "biases, and the shifts of normalization layers")
    scale: GroupFactors | None = option(None, "gains of normalization layers")
    activation: GroupFactors | None = option(None, "what activations learn, such as slopes")
    embedding: GroupFactors | None = option(None, "embeddings of columns")


GROUPS = tuple(ParameterGroups.model_fields)
FACTORS = tuple(GroupFactors.model_fields)


def factor(stacked: Any, group: str, name: str, members: int) -> npt.NDArray[np.float64]:
    """A factor of every member (R,), from the stacked `optimizer.groups`, which may be None."""
    chosen = getattr(getattr(stacked, group, None), name, None)
    if chosen is None:
        chosen = 1.0 if name == "learning_rate" or group == WEIGHT else 0.0
    return np.broadcast_to(np.asarray(chosen, dtype=np.float64), members)
