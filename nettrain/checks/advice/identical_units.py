"""Identical units: the units of a layer begin equal, and stay so."""

from itertools import pairwise

import numpy as np

from nettrain.catalogue.initializers import Initializer
from nettrain.checks.advice.evidence import Evidence
from nettrain.checks.advice.registry import advice_line
from nettrain.experiment.settings import Experiment
from nettrain.model.settings import LayerSettings

UNIFORM = {"zeros", "constant"}  # initializers with which all weights of a layer are the same


@advice_line("identical_units")
def identical_units(seen: Evidence) -> str | None:
    """All units of a hidden layer began with the same weights, into them and out of them, and stay equal."""
    copies = layer_of_copies(seen.experiment)
    if copies is None:
        return None
    number, layer = copies
    return (
        f"all {layer.units} units of hidden {number} began with the same weights ({layer.init.name}) and get"
        f" the same gradients: they stay equal and do the work of one at most; try model.init=auto"
    )


def copies_in(experiment: Experiment) -> str:
    """That units begin and stay equal, as part of a sentence; "" where they do not."""
    copies = layer_of_copies(experiment)
    if copies is None:
        return ""
    number, layer = copies
    which = f"all {layer.units} units of hidden {number}"
    return f"{which} begin with the same weights ({layer.init.name}) and stay equal"


def layer_of_copies(experiment: Experiment) -> tuple[int, LayerSettings] | None:
    """The first hidden layer of units that begin equal and stay so, with its number from 1; None without."""
    model = experiment.model
    hidden = model.hidden_layers()
    initializers = [*(layer.init for layer in hidden), model.init]
    for number, (layer, (into, out)) in enumerate(zip(hidden, pairwise(initializers), strict=True), 1):
        if layer.units > 1 and _is_uniform(into) and _is_uniform(out) and not _tells_apart(layer):
            return number, layer
    return None


def _is_uniform(init: Initializer) -> bool:
    return init.name in UNIFORM or bool(np.max(init.scale) == 0)


def _tells_apart(layer: LayerSettings) -> bool:
    """Whether something else makes units differ: dropout, or inputs that are added to them."""
    return layer.residual or bool(np.max(layer.dropout) > 0)
