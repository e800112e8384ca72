"""Losses on scores: a row is right when the score of its class is the largest, or has the right sign.

Kernels ask which rows are right, never which are wrong: a score of NaN is neither, and its loss is NaN.
"""

from typing import ClassVar

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.losses.base import Loss, batch_weight, losses
from nettrain.catalogue.losses.cross_entropy import of_label
from nettrain.catalogue.settings import Number


def margins(xp: ArrayModule, output: Array, target: Array) -> Array:
    """By how much each margin is missed: z_j - z_y + 1 (R, B, K), 0 for j = y; of a single output 1 - yz."""
    if target.ndim == output.ndim:
        return 1.0 - target * output
    others = xp.arange(output.shape[-1]) != target[..., None]
    return (output - of_label(xp, output, target)[..., None] + 1.0) * others


@kernel
def hinge_labels(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """loss = Σ_{j≠y} max(0, m_j), m_j = z_j - z_y + 1, or their squares where numbers[r, 1] is 1."""
    members, batch, _ = output.shape
    one, zero = output.dtype.type(1), output.dtype.type(0)
    for r in prange(members):
        labels, weights = target[r % target.shape[0]], weight[r % weight.shape[0]]  # 0 where the axis is 1
        mass, divisor = batch_weight(weights, numbers[r, 0])
        squared = numbers[r, 1] > zero
        lost = total.dtype.type(0)
        for i in range(batch):
            z, d, y = output[r, i], delta[r, i], labels[i]
            factor = weights[i] / divisor
            loss, pull = zero, zero
            for k in range(z.size):
                missed = z[k] - z[y] + one
                right = (k == y) | (missed <= zero)
                slope = zero if right else missed + missed if squared else one if missed > zero else missed
                loss += zero if right else missed * missed if squared else missed
                d[k] = slope * factor
                pull += slope
            d[y] = -pull * factor
            lost += weights[i] * loss
        total[r, 0] += lost
        total[r, 1] += mass


@kernel
def hinge_step(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """As hinge_labels for one output and y = ±1: m = 1 - yz."""
    members, batch, _ = output.shape
    one, zero = output.dtype.type(1), output.dtype.type(0)
    for r in prange(members):
        targets, weights = target[r % target.shape[0]], weight[r % weight.shape[0]]  # 0 where the axis is 1
        mass, divisor = batch_weight(weights, numbers[r, 0])
        squared = numbers[r, 1] > zero
        lost = total.dtype.type(0)
        for i in range(batch):
            y = targets[i, 0]
            missed = one - y * output[r, i, 0]
            right = missed <= zero
            slope = zero if right else missed + missed if squared else one if missed > zero else missed
            loss = zero if right else missed * missed if squared else missed
            delta[r, i, 0] = -y * slope * (weights[i] / divisor)
            lost += weights[i] * loss
        total[r, 0] += lost
        total[r, 1] += mass


class Margin(Loss):
    """A loss on scores of classes; those of two classes are y = ±1."""

    fits: ClassVar[tuple[str, ...]] = ("classes", "two classes")
    low = -1.0
    probabilities = False

    def sides(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        return (margins(xp, output, target) > 0).astype(xp.int8)


@losses.register("hinge", source="Crammer & Singer 2001; Weston & Watkins 1999")
class Hinge(Margin):
    """Σ_{j≠y} max(0, z_j - z_y + 1); of two classes max(0, 1 - yz), as in a support vector machine.

    Rows on the right side of the margin have gradient 0. Gives scores, not probabilities. As
    torch.nn.MultiMarginLoss times K.
    """

    train = hinge_step
    train_labels = hinge_labels

    def kernel_numbers(self) -> list[Number]:
        return [*super().kernel_numbers(), 0.0]

    def rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        return xp.maximum(margins(xp, output, target), 0.0).sum(axis=-1)


@losses.register("squared_hinge", source="Tang 2013")
class SquaredHinge(Margin):
    """Σ_{j≠y} max(0, z_j - z_y + 1)²; of two classes max(0, 1 - yz)².

    Like hinge but smooth at the margin, and large misses cost more. Gives scores, not probabilities.
    """

    train = hinge_step
    train_labels = hinge_labels

    def kernel_numbers(self) -> list[Number]:
        return [*super().kernel_numbers(), 1.0]

    def rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        return xp.square(xp.maximum(margins(xp, output, target), 0.0)).sum(axis=-1)


@kernel
def perceptron_step(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """loss = max(0, -yz); delta = -y·weight where yz < 0, or z = 0 and y = 1, else 0."""
    members, batch, _ = output.shape
    zero = output.dtype.type(0)
    for r in prange(members):
        targets, weights = target[r % target.shape[0]], weight[r % weight.shape[0]]  # 0 where the axis is 1
        mass, divisor = batch_weight(weights, numbers[r, 0])
        lost = total.dtype.type(0)
        for i in range(batch):
            y, z = targets[i, 0], output[r, i, 0]
            missed = -y * z
            wrong = (missed > zero) | ((z == zero) & (y > zero))
            delta[r, i, 0] = -y * (weights[i] / divisor) if wrong else zero if missed <= zero else missed
            lost += weights[i] * (zero if missed <= zero else missed)
        total[r, 0] += lost
        total[r, 1] += mass


@losses.register("perceptron", source="Rosenblatt 1957; as a loss: Duda, Hart & Stork 2001, section 5.5")
class Perceptron(Margin):
    """max(0, -yz) with y = ±1: under sgd with batches of one row, Rosenblatt's rule.

    For the classical perceptron: it stops learning once every row is right. An output of exactly 0 predicts
    -1, so that it is wrong, and corrected, where y is 1.
    """

    fits = ("two classes",)
    train = perceptron_step

    def rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        return xp.maximum(-target * output, 0.0).sum(axis=-1)

    def sides(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        return (output > 0).astype(xp.int8)
