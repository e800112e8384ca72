"""Losses on the difference between a number and its prediction; classes are numbers too, 0 and 1."""

from typing import ClassVar

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.losses.base import Loss, batch_weight, losses
from nettrain.catalogue.losses.cross_entropy import Smoothed, one_hot, shares_of_sum
from nettrain.catalogue.settings import Number, number


@kernel
def squares_step(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """loss = c·Σ_k (ŷ-y)², delta = 2c·(ŷ-y)·weight, y smoothed; c is numbers[r, 2], or 1/K if it is 0."""
    members, batch, outputs = output.shape
    one, half, zero = output.dtype.type(1), output.dtype.type(0.5), output.dtype.type(0)
    for r in prange(members):
        targets, weights = target[r % target.shape[0]], weight[r % weight.shape[0]]  # 0 where the axis is 1
        mass, divisor = batch_weight(weights, numbers[r, 0])
        keep, even = one - numbers[r, 1], numbers[r, 1] * half
        scale = numbers[r, 2] if numbers[r, 2] > zero else one / output.dtype.type(outputs)
        lost = total.dtype.type(0)
        for i in range(batch):
            z, d, y = output[r, i], delta[r, i], targets[i]
            factor = (scale + scale) * weights[i] / divisor
            loss = zero
            for k in range(z.size):
                error = z[k] - (y[k] * keep + even)
                d[k] = error * factor
                loss += error * error
            lost += weights[i] * (scale * loss)
        total[r, 0] += lost
        total[r, 1] += mass


@kernel
def squares_labels(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """As squares_step for labels: y is 1-s for the label's own output, and s/K more for all of them."""
    members, batch, outputs = output.shape
    one, zero = output.dtype.type(1), output.dtype.type(0)
    for r in prange(members):
        labels, weights = target[r % target.shape[0]], weight[r % weight.shape[0]]  # 0 where the axis is 1
        mass, divisor = batch_weight(weights, numbers[r, 0])
        no = numbers[r, 1] / output.dtype.type(outputs)
        yes = one - numbers[r, 1] + no
        scale = numbers[r, 2] if numbers[r, 2] > zero else one / output.dtype.type(outputs)
        lost = total.dtype.type(0)
        for i in range(batch):
            z, d = output[r, i], delta[r, i]
            factor = (scale + scale) * weights[i] / divisor
            loss = zero
            for k in range(z.size):
                error = z[k] - (yes if k == labels[i] else no)
                d[k] = error * factor
                loss += error * error
            lost += weights[i] * (scale * loss)
        total[r, 0] += lost
        total[r, 1] += mass


class SquaredError(Smoothed):
    """A multiple of Σ(ŷ-y)² over the outputs; `scale` is the factor, or None for the mean.

    The targets of classes are one-hot, those of two classes and of labels are 0 and 1. The loss compares
    them with the outputs, whatever the last layer's activation is. Without one, outputs estimate
    probabilities, as any regression does, but may leave [0, 1]: they are scores, of which 0.5 decides.
    """

    fits: ClassVar[tuple[str, ...]] = ("numbers", "classes", "two classes", "labels")
    boundary = 0.5
    train = squares_step
    train_labels = squares_labels
    scale: ClassVar[float | None] = None

    def kernel_numbers(self) -> list[Number]:
        return [*super().kernel_numbers(), self.scale or 0.0]

    def unused_settings(self, targets: str) -> dict[str, str]:
        """Numbers have no classes to smooth."""
        smoothed = targets == "numbers" and self.label_smoothing > 0
        return {"label_smoothing": "classes and labels"} if smoothed else {}

    def rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        if target.ndim == 2:
            target = one_hot(xp, output, target)
        squares = xp.square(output - target)
        return squares.mean(axis=-1) if self.scale is None else self.scale * squares.sum(axis=-1)

    def training_rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        """Of K classes s/K of the target is spread evenly, of 0 and 1 s/2."""
        even = 0.5
        if target.ndim == 2:
            target, even = one_hot(xp, output, target), 1.0 / output.shape[-1]
        smoothing = xp.asarray(self.label_smoothing)[..., None]
        return self.rows(xp, output, target * (1.0 - smoothing) + smoothing * even)

    @staticmethod
    def class_probabilities(predictions: Array) -> Array:
        """Each class's share of their sum; equal shares where all are 0."""
        return shares_of_sum(predictions)


@losses.register("mse", source="Legendre 1805; Gauss 1809; of classes: Brier 1950")
class MeanSquaredError(SquaredError):
    """The mean over outputs of (ŷ-y)², for classes with y one-hot (of two classes 0 and 1).

    The default for numbers; predicts the mean, and is dominated by outliers. As torch.nn.MSELoss. Classes
    learn better with cross_entropy: behind a sigmoid or softmax (`model.output_activation`) the gradient of a
    squared error vanishes where an output saturates, also on the wrong side. Without output activation the
    predictions of classes are scores, not probabilities, since they may leave [0, 1].
    """


@losses.register("mse_half", source="Widrow & Hoff 1960; Rumelhart, Hinton & Williams 1986")
class HalfSquaredError(SquaredError):
    """½Σ(ŷ-y)² over the outputs: its derivative is the error itself, which makes the delta rule.

    The loss of textbooks: with sgd and `reduction: sum` it gives their formulas and numbers. Classes as in
    mse.
    """

    scale = 0.5


@kernel
def huber_step(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """loss = mean_k of ½e² up to |e| = δ, then δ(|e|-½δ); without bend (numbers[r, 1] = 0) |e|."""
    members, batch, outputs = output.shape
    one, half, zero = output.dtype.type(1), output.dtype.type(0.5), output.dtype.type(0)
    for r in prange(members):
        targets, weights = target[r % target.shape[0]], weight[r % weight.shape[0]]  # 0 where the axis is 1
        mass, divisor = batch_weight(weights, numbers[r, 0])
        bend = numbers[r, 1]
        steep = bend if bend > zero else one
        lost = total.dtype.type(0)
        for i in range(batch):
            z, d, y = output[r, i], delta[r, i], targets[i]
            factor = weights[i] / (divisor * output.dtype.type(outputs))
            loss = zero
            for k in range(z.size):
                error = z[k] - y[k]
                size = abs(error)
                outside = size > bend
                slope = steep * (one if error > zero else -one) if outside else error
                d[k] = slope * factor
                loss += steep * (size - half * bend) if outside else half * error * error
            lost += weights[i] * loss / output.dtype.type(outputs)
        total[r, 0] += lost
        total[r, 1] += mass


@losses.register("mae", source="Boscovich 1757; Edgeworth 1887")
class MeanAbsoluteErrorLoss(Loss):
    """The mean over outputs of |ŷ-y|, with derivative 0 at 0; predicts the median.

    For targets with outliers, whose size it ignores. Steps do not shrink near the optimum: a falling learning
    rate helps. As torch.nn.L1Loss.
    """

    fits = ("numbers",)
    train = huber_step

    def kernel_numbers(self) -> list[Number]:
        return [*super().kernel_numbers(), 0.0]

    def rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        return xp.absolute(output - target).mean(axis=-1)

    def sides(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        return (output > target).astype(xp.int8)


@losses.register("huber", source="Huber 1964")
class Huber(Loss):
    """The mean over outputs of ½e² up to |e| = δ and δ(|e|-½δ) beyond, e = ŷ-y.

    Squared for small errors and straight for large ones, so that the gradient of an outlier is at most δ. As
    torch.nn.HuberLoss.
    """

    delta: float = number(1.0, "δ, the error from which the loss is straight", gt=0)
    fits = ("numbers",)
    train = huber_step

    def kernel_numbers(self) -> list[Number]:
        return [*super().kernel_numbers(), self.delta]

    def rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        """With m = min(|e|, δ), both cases are m(|e|-½m)."""
        size, bend = xp.absolute(output - target), xp.asarray(self.delta)[..., None]
        near = xp.minimum(size, bend)
        return (near * (size - 0.5 * near)).mean(axis=-1)

    def sides(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        error, bend = output - target, xp.asarray(self.delta)[..., None]
        return (error > bend).astype(xp.int8) + (error > -bend)
