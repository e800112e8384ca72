"""The loss for counts of events."""

import math

import numpy as np

from nettrain.backend.base import Array, ArrayModule, HostArray
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.losses.base import Loss, NumberForm, batch_weight, losses


@kernel
def poisson_step(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """loss = Σ_k e^z - y·z, delta = (e^z - y)·weight."""
    members, batch, _ = output.shape
    for r in prange(members):
        targets, weights = target[r % target.shape[0]], weight[r % weight.shape[0]]  # 0 where the axis is 1
        mass, divisor = batch_weight(weights, numbers[r, 0])
        lost = total.dtype.type(0)
        for i in range(batch):
            z, d, y = output[r, i], delta[r, i], targets[i]
            factor = weights[i] / divisor
            loss = output.dtype.type(0)
            for k in range(z.size):
                rate = math.exp(z[k])
                d[k] = (rate - y[k]) * factor
                loss += rate - y[k] * z[k]
            lost += weights[i] * loss
        total[r, 0] += lost
        total[r, 1] += mass


@losses.register("poisson", source="Nelder & Wedderburn 1972")
class Poisson(Loss):
    """e^z - yz, summed over the outputs: minus the log likelihood of counts with mean e^z, without log y!.

    For numbers of events. Predictions are e^z, so that they are never negative and effects multiply. As
    torch.nn.PoissonNLLLoss, but summed over the outputs.
    """

    output_activation = "exp"
    fits = ("counts",)
    train = poisson_step

    @property
    def number_form(self) -> NumberForm | None:
        return "logarithms"

    def rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        return (xp.exp(output) - target * output).sum(axis=-1)

    @staticmethod
    def predictions(xp: ArrayModule, output: Array) -> Array:
        """e^z, the expected count."""
        return xp.exp(output)

    @staticmethod
    def outputs_for(predictions: HostArray) -> HostArray:
        """log of the expected count."""
        return np.log(predictions)

    @staticmethod
    def objection(target: HostArray) -> str:
        return f"counts from 0 on, not {target.min():g}" if (target < 0).any() else ""
