"""What a loss is: the loss of every row, and a fused pass of loss and gradient for training.

Conventions, with R members, B rows and K outputs: output (R, B, K); target (1|R, B, K), or labels (1|R, B) of
whole numbers in [0, K); weight (1|R, B). The numbers of an entry are floats, or arrays (R, 1) in the settings
of R members.

`rows(xp, output, target)` -> (R, B) is the definition of the loss, without label smoothing. `training_rows`
is what training minimises, which differs where targets are smoothed. Both are made of functions of `xp` that
the dual numbers of the gradient check know. `sides` says on which smooth piece each value lies, if there are
several.

`train`, or for labels `train_labels`, is the kernel of a training step: it writes delta (R, B, K) =
∂(batch loss)/∂output and adds the batch's weighted loss and its weight to total (R, 2). The batch loss is
Σ weight·loss / Σ weight, or the plain sum with `reduction: sum`; a batch without weight has loss and gradient
0. Its numbers (R, k) are the values of `kernel_numbers()`, the first of which says whether to divide.

The function between the last layer and the loss (`output_activation`: softmax, sigmoid, exp or none) is part
of the entry, and so is its gradient; `predictions` applies it, and `outputs_for` is the way back.
"""

from typing import ClassVar, Literal

import numpy as np

from nettrain.backend.base import Array, ArrayModule, HostArray
from nettrain.backend.kernel import Kernel, inline
from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import Number, option

losses: Registry["Loss"] = Registry("loss")

# How the outputs for a target state numbers of its kind: each is one, or the logarithm of one; the first is
# one; or they are quantiles, the middle one a number and each other one a step log(1+e^z) from its neighbour.
NumberForm = Literal["numbers", "logarithms", "means", "steps"]


class Loss(Variant):
    """What is minimised; `output_activation` is the last layer's, which the loss applies itself.

    `fits` lists the targets it takes: classes, two classes, labels, numbers, counts (numbers from 0 on) and
    distributions (several numbers from 0 on whose sum is 1). One that takes `two classes` has a single output
    for them, and a column of `low` and 1 as targets; outputs above `boundary` predict the second one.
    """

    reduction: Literal["mean", "sum"] = option(
        "mean", "over the rows of a batch; sum gives the textbook delta rule"
    )
    output_activation: ClassVar[str] = "linear"
    fits: ClassVar[tuple[str, ...]] = ()
    low: ClassVar[float] = 0.0
    boundary: ClassVar[float] = 0.0
    probabilities: ClassVar[bool] = (
        True  # whether `predictions` of classes estimate probabilities, or are scores
    )
    train: ClassVar[Kernel]
    train_labels: ClassVar[Kernel]

    @classmethod
    def kernel(cls, target: Array) -> Kernel:
        """The kernel for targets of this form."""
        return cls.train_labels if target.ndim == 2 else cls.train

    def kernel_numbers(self) -> list[Number]:
        """What the kernel takes of each member: k values."""
        return [float(self.reduction == "mean")]

    def rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        """Loss of each row (R, B), without label smoothing or weights."""
        raise NotImplementedError

    def training_rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        """Loss of each row (R, B) as training minimises it, without weights."""
        return self.rows(xp, output, target)

    def sides(self, xp: ArrayModule, output: Array, target: Array) -> Array | None:
        """Whole numbers that say on which smooth piece each value lies; None where the loss is smooth."""
        return None

    @property
    def outputs_per_target(self) -> int:
        """How many outputs a network has for each number that it predicts."""
        return 1

    @property
    def number_form(self) -> NumberForm | None:
        """How outputs state numbers; None where they are something else, such as classes or shares."""
        return "numbers" if "numbers" in self.fits and self.output_activation == "linear" else None

    def predictions(self, xp: ArrayModule, output: Array) -> Array:
        """Predictions from raw outputs (…, K): probabilities, scores, or the numbers themselves."""
        return output

    @staticmethod
    def outputs_for(predictions: HostArray) -> HostArray:
        """Raw outputs (…, K) that `predictions` takes to these, if each of them lies within its range."""
        return predictions

    @staticmethod
    def class_probabilities(predictions: Array) -> Array:
        """Probabilities of classes that exclude each other (…, K), from what `predictions` returns."""
        return predictions

    def target_entropies(self, target: HostArray, outputs: int, *, smoothed: bool) -> HostArray | None:
        """The entropy of each target (N,), which its loss cannot fall below; None where there is none.

        With `smoothed` that of the targets as training smooths them. Targets are in the form that the loss
        reads, (N,) or (N, K), on the host.
        """
        return None

    def unused_settings(self, targets: str) -> dict[str, str]:
        """Settings that would have no effect on targets of this kind, and which targets they are for."""
        return {}

    @staticmethod
    def objection(target: HostArray) -> str:
        """Why these targets, in the form that the loss reads, cannot be used; "" when they can."""
        return ""


@inline
def batch_weight(weight: Array, mean: Array) -> tuple[Array, Array]:
    """Σ weight (B,) in float64, and the divisor of the rows' weights: the same, or 1."""
    mass = np.float64(0)
    for i in range(weight.size):
        mass += weight[i]
    return mass, (weight.dtype.type(mass) if mean > 0 and mass > 0 else weight.dtype.type(1))


def targets_for(loss: Loss | type[Loss], labels: HostArray, outputs: int) -> HostArray:
    """Targets in the form a loss reads: labels (N,), or for a single output a column of its `low` and 1."""
    if labels.dtype.kind == "i" and outputs == 1:
        return np.where(labels > 0, 1.0, loss.low)[:, None]
    return labels
