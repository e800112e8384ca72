"""Losses on the difference between a number and its prediction."""

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.losses.base import Loss, batch_weight, losses
from nettrain.catalogue.settings import Number, number


@kernel
def squares_step(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """loss = c·Σ_k (ŷ-y)², delta = 2c·(ŷ-y)·weight; c is numbers[r, 1], or 1/K where that is 0."""
    members, batch, outputs = output.shape
    one, zero = output.dtype.type(1), output.dtype.type(0)
    for r in prange(members):
        targets, weights = target[r % target.shape[0]], weight[r % weight.shape[0]]  # 0 where the axis is 1
        mass, divisor = batch_weight(weights, numbers[r, 0])
        scale = numbers[r, 1] if numbers[r, 1] > zero else one / output.dtype.type(outputs)
        lost = total.dtype.type(0)
        for i in range(batch):
            z, d, y = output[r, i], delta[r, i], targets[i]
            factor = (scale + scale) * weights[i] / divisor
            loss = zero
            for k in range(z.size):
                error = z[k] - y[k]
                d[k] = error * factor
                loss += error * error
            lost += weights[i] * (scale * loss)
        total[r, 0] += lost
        total[r, 1] += mass


@losses.register("mse", source="Legendre 1805; Gauss 1809")
class MeanSquaredError(Loss):
    """The mean over outputs of (ŷ-y)².

    The default for numbers; predicts the mean, and is dominated by outliers. As torch.nn.MSELoss.
    """

    fits = ("numbers",)
    train = squares_step

    def kernel_numbers(self) -> list[Number]:
        return [*super().kernel_numbers(), 0.0]

    def rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        return xp.square(output - target).mean(axis=-1)


@losses.register("mse_half", source="Widrow & Hoff 1960; Rumelhart, Hinton & Williams 1986")
class HalfSquaredError(Loss):
    """½Σ(ŷ-y)² over the outputs: its derivative is the error itself, which makes the delta rule.

    The loss of textbooks: with sgd and `reduction: sum` it gives their formulas and numbers.
    """

    fits = ("numbers",)
    train = squares_step

    def kernel_numbers(self) -> list[Number]:
        return [*super().kernel_numbers(), 0.5]

    def rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        return 0.5 * xp.square(output - target).sum(axis=-1)


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
