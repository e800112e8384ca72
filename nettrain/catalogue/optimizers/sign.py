"""Rules that step by signs alone."""

from typing import ClassVar

import numpy as np

from nettrain.backend.base import Array, Floats
from nettrain.backend.kernel import Kernel, kernel, prange
from nettrain.catalogue.optimizers.base import RATE, LearningRate, Rule, flushed, optimizers
from nettrain.catalogue.settings import Number, number


@kernel
def lion_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """w -= α·sign(β₁m+(1-β₁)g); m = β₂m+(1-β₂)g."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        numbers = c[r, group]
        shrink, keep1, new1, keep2, new2 = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
        rate, decay = numbers[5], l2[r, group]
        p, grads = w[r, first:last], g[r, first:last]
        m = state[r, 0, first:last]
        for i in range(p.size):
            grad = grads[i] + decay * p[i]
            p[i] -= rate * np.sign(keep1 * m[i] + new1 * grad) + shrink * p[i]
            m[i] = flushed(keep2 * m[i] + new2 * grad)


@optimizers.register("lion", source="Chen et al. 2023, algorithm 2")
class Lion(Rule):
    """u = sign(β₁m+(1-β₁)g), 0 for 0; w -= α(u+λw), λ for weights only; m = β₂m+(1-β₂)g.

    Every parameter moves by α in every step, so that α should be a third to a tenth of Adam's and λ as much
    larger; suits large batches. It keeps one array of state where Adam keeps two.
    """

    learning_rate: LearningRate = number(1e-4, RATE)
    beta1: float = number(0.9, "share of the running mean in the update, whose sign is taken", ge=0, lt=1)
    beta2: float = number(0.99, "share of the gradient's running mean that is kept", ge=0, lt=1)
    weight_decay: float = number(0.0, "decoupled decay λ of the weights", ge=0)
    momentum_field: ClassVar[str | None] = "beta1"

    def slots(self) -> tuple[str, ...]:
        return ("m",)

    def coefficients(self, rate: Floats, t: Floats) -> list[Number]:
        return [self.beta1, 1 - self.beta1, self.beta2, 1 - self.beta2, rate]

    def step(self) -> Kernel:
        return lion_step
