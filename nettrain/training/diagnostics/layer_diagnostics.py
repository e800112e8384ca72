"""The diagnostics of the layers of a network after an epoch: what `diagnostics.csv` has a row of."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Floats

QUANTITIES = {
    "update_ratio": "‖ΔW‖/‖W‖ of the last full batch's step; about 1e-3 is healthy",
    "gradient_norm": "‖∂loss/∂W‖ of that batch",
    "activation_mean": "mean of the activations",
    "activation_spread": "standard deviation of the activations",
    "saturated": "share of activations where the function is flat",
    "dead": "share of units without a slope for any row",
    "weight_norm": "‖W‖",
}


@dataclass(frozen=True)
class LayerDiagnostics:
    """What was measured in each layer, from the first hidden one to the output.

    `values` are (R, L) by the name of the quantity, one of QUANTITIES, with the members of the event that
    carries them. There is no update before the first step.

    W are the weight matrices of a layer, without biases. The step that is measured is the last one of the
    epoch with a full batch: its gradient is that of the loss alone, before penalties and clipping, and ΔW is
    all that the step does to W, decay and max_norm included. Activations are those of 64 to 256 training
    rows, evenly spread and the same in every epoch, with the statistics of this batch where a norm needs
    them, without dropout and noise; those of a residual block are the ones inside it, before its input is
    added. Before training the gradient is that of as many of these rows as a batch has.
    """

    layers: tuple[str, ...]
    values: Mapping[str, Floats]

    def of_rows(self, rows: npt.NDArray[np.intp]) -> "LayerDiagnostics":
        """Those of some of the members."""
        return LayerDiagnostics(self.layers, {name: table[rows] for name, table in self.values.items()})
