"""Dead units: no gradient passes through most of a layer."""

import numpy as np

from nettrain.checks.advice.evidence import Evidence
from nettrain.checks.advice.registry import advice_line
from nettrain.model.architecture import OUTPUT
from nettrain.training.diagnostics.verdicts import MANY_DEAD

IN_A_ROW = 3  # evaluations


@advice_line("dead_units", unless=("identical_units",), needs_layers=True)
def dead_units(seen: Evidence) -> str | None:
    """Over half the units of a hidden layer have had no slope for any row, several times in a row."""
    dead = seen.recent("dead", IN_A_ROW)
    if len(dead) < IN_A_ROW:
        return None
    lasting = np.where([name == OUTPUT for name in seen.names], 0.0, dead.min(axis=0))
    worst = int(np.argmax(lasting))
    if not lasting[worst] > MANY_DEAD:
        return None
    return (
        f"{dead[-1, worst]:.0%} of the units of {seen.names[worst]} are dead, whatever the row: no gradient"
        f" reaches their weights; try a lower optimizer.learning_rate{_knobs(seen)}"
    )


def _knobs(seen: Evidence) -> str:
    activations = {layer.activation.name for layer in seen.experiment.model.hidden_layers()}
    return " or model.activation=leaky_relu" if activations & {"relu", "relu6"} else " or a model.norm"
