"""What a loss is: the loss of every row, and a fused pass of loss and gradient for training.

Conventions: output (R, B, K); targets (1|R, B, K), or labels (1|R, B) of whole numbers in [0, K); weight
(1|R, B); `s` holds the entry's own numbers, as (R, 1) where members may differ. `rows(xp, s, output, target)`
-> (R, B) is the definition, used when nothing is learned; `training_rows` is what training lowers, which
differs where targets are smoothed. Both are made of functions of `xp` that dual numbers know. `sides`
says on which smooth piece each value lies, where there are several.

`train`, or for labels `train_labels`, is the kernel of a training step: it writes delta (R, B, K) =
∂(batch loss)/∂output and adds the batch's weighted loss and its weight to total (R, 2). The batch loss is
Σ weight·loss / Σ weight, or the plain sum with `reduction: sum`; a batch without weight has loss and gradient
0. numbers (R, k) are the values of `columns(s)`, of which the first says whether to divide. The function
between the last layer and the loss (its output activation: softmax, sigmoid or none) is part of the entry,
and so is its gradient.
"""

from typing import ClassVar, Literal

import numpy as np

from nettrain.backend.base import Array, ArrayModule, HostArray
from nettrain.backend.kernel import Kernel, inline
from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import Number, option

losses: Registry["Loss"] = Registry("loss")


class Loss(Variant):
    """What is minimised: `output_activation` is the one that it brings, `fits` are the targets it takes.

    Those are classes, two classes, labels, numbers, counts (numbers from 0 on) and distributions (several
    numbers from 0 on whose sum is 1). One that takes `two classes` has one output for them, and a column of
    `low` and 1 as targets.
    """

    reduction: Literal["mean", "sum"] = option(
        "mean", "over the rows of a batch; sum gives the textbook delta rule"
    )
    output_activation: ClassVar[str] = "linear"
    fits: ClassVar[tuple[str, ...]] = ()
    low: ClassVar[float] = 0.0
    probabilities: ClassVar[bool] = True  # whether `predictions` gives them for classes, or scores
    train: ClassVar[Kernel]
    train_labels: ClassVar[Kernel]

    @classmethod
    def kernel(cls, target: Array) -> Kernel:
        """The kernel for targets of this form."""
        return cls.train_labels if target.ndim == 2 else cls.train

    def kernel_numbers(self) -> list[Number]:
        """What the kernel needs to know of each member: (k) values, each a number or one per member."""
        return [float(self.reduction == "mean")]

    def rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        """Loss of each row (R, B), without smoothing or weights."""
        raise NotImplementedError

    def training_rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        """Loss of each row (R, B) as `train` has it, without weights."""
        return self.rows(xp, output, target)

    def sides(self, xp: ArrayModule, output: Array, target: Array) -> Array | None:
        """Whole numbers that say on which smooth piece each value lies; None where there is one piece."""
        return None

    @staticmethod
    def predictions(xp: ArrayModule, output: Array) -> Array:
        """What people get from outputs (…, K): probabilities, scores, or the numbers themselves."""
        return output

    @staticmethod
    def class_probabilities(predictions: Array) -> Array:
        """Probabilities of classes of which a row has one (…, K), from what `predictions` gives."""
        return predictions

    def unused_settings(self, targets: str) -> dict[str, str]:
        """Settings that would do nothing for targets of this kind, and which they are for."""
        return {}

    @staticmethod
    def objection(target: HostArray) -> str:
        """What is wrong with targets in the form that the loss reads; "" when nothing."""
        return ""


@inline
def batch_weight(weight: Array, mean: Array) -> tuple[Array, Array]:
    """Σ weight (B,) in float64, and what the rows' weights are divided by: it, or 1."""
    mass = np.float64(0)
    for i in range(weight.size):
        mass += weight[i]
    return mass, (weight.dtype.type(mass) if mean > 0 and mass > 0 else weight.dtype.type(1))


def targets_for(loss: Loss | type[Loss], labels: HostArray, outputs: int) -> HostArray:
    """Targets in the form a loss reads: labels (N,), or for one output a column of its `low` and 1."""
    if labels.dtype.kind == "i" and outputs == 1:
        return np.where(labels > 0, 1.0, loss.low)[:, None]
    return labels
