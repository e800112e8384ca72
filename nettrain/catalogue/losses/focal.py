"""The focal loss: cross-entropy in which rows that are already right count less."""

import math

import numpy as np

from nettrain.backend.base import Array, ArrayModule, HostArray
from nettrain.backend.kernel import inline, kernel, prange
from nettrain.catalogue.losses.base import Loss, batch_weight, losses
from nettrain.catalogue.losses.cross_entropy import BinaryCrossEntropy, log_softmax, of_label, softmax
from nettrain.catalogue.settings import Number, number

LEAST = 1e-30  # stands for 1-p = 0, so that its logarithm is finite


@inline
def focus(rest: Array, log_p: Array, gamma: Array) -> tuple[Array, Array]:
    """Of rest = 1-p: the loss -rest^γ·log p, and its derivative by log p.

    That is γ·rest^(γ-1)·p·log p - rest^γ; both tend to 0 with rest, unless γ is 0.
    """
    zero, one = rest * 0, rest * 0 + 1
    if rest <= zero:
        power = one if gamma == zero else zero
        return -power * log_p, -power
    power = math.exp(gamma * math.log(rest))
    return -power * log_p, gamma * power / rest * (one - rest) * log_p - power


@kernel
def focal_labels(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """loss = -(1-p_y)^γ·log p_y with p = softmax(z); delta = ∂loss/∂log p_y·(onehot - p)·weight."""
    members, batch, _ = output.shape
    zero = output.dtype.type(0)
    for r in prange(members):
        labels, weights = target[r % target.shape[0]], weight[r % weight.shape[0]]  # 0 where the axis is 1
        mass, divisor = batch_weight(weights, numbers[r, 0])
        lost = total.dtype.type(0)
        for i in range(batch):
            z, d, y = output[r, i], delta[r, i], labels[i]
            top = z[0]
            for k in range(1, z.size):
                top = max(top, z[k])
            norm, others = zero, zero
            for k in range(z.size):
                d[k] = math.exp(z[k] - top)
                norm += d[k]
                others += zero if k == y else d[k]
            loss, slope = focus(others / norm, z[y] - top - math.log(norm), numbers[r, 1])
            pull = slope * weights[i] / divisor
            for k in range(z.size):
                d[k] = pull * (others if k == y else -d[k]) / norm
            lost += weights[i] * loss
        total[r, 0] += lost
        total[r, 1] += mass


@kernel
def focal_step(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """As focal_labels for one output: p = σ(z) where y is 1, else σ(-z); numbers (R, 4) end in both α."""
    members, batch, _ = output.shape
    one, zero = output.dtype.type(1), output.dtype.type(0)
    for r in prange(members):
        targets, weights = target[r % target.shape[0]], weight[r % weight.shape[0]]  # 0 where the axis is 1
        mass, divisor = batch_weight(weights, numbers[r, 0])
        lost = total.dtype.type(0)
        for i in range(batch):
            positive = targets[i, 0] > zero
            z = output[r, i, 0] if positive else -output[r, i, 0]
            alpha = numbers[r, 2] if positive else numbers[r, 3]
            e = math.exp(-abs(z))
            rest = (e if z >= zero else one) / (one + e)
            loss, slope = focus(rest, min(z, zero) - math.log1p(e), numbers[r, 1])
            pull = alpha * slope * rest * weights[i] / divisor
            delta[r, i, 0] = pull if positive else -pull
            lost += weights[i] * alpha * loss
        total[r, 0] += lost
        total[r, 1] += mass


@losses.register("focal", source="Lin et al. 2017, equations 4 and 5")
class Focal(Loss):
    """-α_y·(1-p_y)^γ·log p_y: softmax for several classes, one sigmoid for two; γ = 0 is cross-entropy.

    For very unequal classes: rows that are predicted well hardly count, so that the many easy ones do not
    drown the rest. Its probabilities are less extreme than those of cross_entropy. `alpha` weighs the two
    classes, as in the paper.
    """

    gamma: float = number(2.0, "focusing exponent: how strongly well-classified rows are down-weighted", ge=0)
    alpha: float | None = number(
        None, "weight of the second of two classes, that of the first is 1-alpha", varies=False, ge=0, le=1
    )
    output_activation = "softmax"
    fits = ("classes", "two classes")
    train = focal_step
    train_labels = focal_labels

    def kernel_numbers(self) -> list[Number]:
        alphas = [1.0, 1.0] if self.alpha is None else [self.alpha, 1 - self.alpha]
        return [*super().kernel_numbers(), self.gamma, *alphas]

    def unused_settings(self, targets: str) -> dict[str, str]:
        """α weighs two classes against each other."""
        return {} if self.alpha is None or targets == "two classes" else {"alpha": "two classes"}

    def rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        """(1-p)^γ = e^(γ·log(1-p)); 1-p from log p keeps its digits where p is nearly 1."""
        weight = 1.0
        if target.ndim == 2:
            log_p = of_label(xp, log_softmax(xp, output), target)
        else:
            positive = target[..., 0] > 0
            z = output[..., 0] * xp.where(positive, 1.0, -1.0).astype(output.dtype)
            log_p = xp.minimum(z, 0.0) - xp.log1p(xp.exp(-xp.absolute(z)))
            weight = 1.0 if self.alpha is None else xp.where(positive, self.alpha, 1 - self.alpha)
        power = xp.exp(self.gamma * xp.log(xp.maximum(-xp.expm1(log_p), LEAST)))
        return -weight * power * log_p

    @staticmethod
    def predictions(xp: ArrayModule, output: Array) -> Array:
        """softmax(z), or of a single output σ(z)."""
        return BinaryCrossEntropy.predictions(xp, output) if output.shape[-1] == 1 else softmax(xp, output)

    @staticmethod
    def outputs_for(predictions: HostArray) -> HostArray:
        """log p, or of a single output the log odds."""
        single = predictions.shape[-1] == 1
        return BinaryCrossEntropy.outputs_for(predictions) if single else np.log(predictions)
