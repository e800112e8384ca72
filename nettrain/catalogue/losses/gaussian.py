"""The negative log likelihood of numbers that are Gaussian, of a predicted mean and variance."""

import math
from typing import ClassVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule, Floats, HostArray
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.losses.base import NumberForm, batch_weight, losses
from nettrain.catalogue.losses.distributional import DistributionalLoss
from nettrain.catalogue.losses.target_distribution import PredictedGaussian
from nettrain.catalogue.settings import Number, number, option

HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)
LEAST = 1e-12  # a variance of 0, whose logarithm is infinite


@kernel
def gaussian_step(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """loss = mean of ½(log v + (m-y)²/v) + c, v = ε+e^s; ε and c are numbers[r, 1:], m and s the outputs."""
    members, batch, outputs = output.shape
    one, half, zero = output.dtype.type(1), output.dtype.type(0.5), output.dtype.type(0)
    for r in prange(members):
        targets, weights = target[r % target.shape[0]], weight[r % weight.shape[0]]  # 0 where the axis is 1
        mass, divisor = batch_weight(weights, numbers[r, 0])
        floor, constant = numbers[r, 1], numbers[r, 2]
        lost = total.dtype.type(0)
        for i in range(batch):
            z, d, y = output[r, i], delta[r, i], targets[i]
            count = output.dtype.type(outputs // 2)
            factor = weights[i] / (divisor * count)
            loss = zero
            for k in range(y.size):
                error, s = z[2 * k] - y[k], z[2 * k + 1]
                e = math.exp(-abs(s))
                # v without its larger factor, so that nothing overflows: v = e^s·rest, or rest itself
                rest = one + floor * e if s > zero else floor + e
                precision = (e if s > zero else one) / rest
                share = (one if s > zero else e) / rest
                squares = error * error * precision
                d[2 * k] = error * precision * factor
                d[2 * k + 1] = half * share * (one - squares) * factor
                loss += half * (max(s, zero) + math.log(rest) + squares) + constant
            lost += weights[i] * loss / count
        total[r, 0] += lost
        total[r, 1] += mass


@losses.register("gaussian_nll", source="Nix & Weigend 1994")
class GaussianNLL(DistributionalLoss):
    """½(log v + (m-y)²/v), the mean over targets, v = ε+e^s of outputs m and s; predicts mean and variance.

    For prediction intervals of errors that are about Gaussian, of any level, and wide where the data are
    noisy. A network has two outputs for each target, m and s, both any real number. What metrics measure is
    the mean. As torch.nn.GaussianNLLLoss of m and v.
    """

    epsilon: float = number(1e-6, "ε, below which no variance falls, in squares of the scaled target", gt=0)
    full: bool = option(False, "whether to add ½log 2π, which changes no gradient")
    output_activation: ClassVar[str] = "mean and variance"
    train = gaussian_step

    @property
    def outputs_per_target(self) -> int:
        return 2

    @property
    def number_form(self) -> NumberForm | None:
        return "means"

    @property
    def levels(self) -> None:
        return None

    def kernel_numbers(self) -> list[Number]:
        return [*super().kernel_numbers(), self.epsilon, self._constant]

    def rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        mean, log_variance = output[..., ::2], self._log_variance(xp, output)
        squares = xp.square(mean - target) * xp.exp(-log_variance)
        return (0.5 * (log_variance + squares) + self._constant).mean(axis=-1)

    def predictions(self, xp: ArrayModule, output: Array) -> Array:
        """The means (…, T)."""
        return output[..., ::2]

    def distribution(self, output: HostArray) -> PredictedGaussian:
        output = np.asarray(output, np.float64)
        return PredictedGaussian(output[..., ::2], np.exp(self._log_variance(np, output)))

    def constant_outputs(self, y: Floats, weight: Floats) -> Floats:
        mean = (weight[:, None] * y).sum(axis=0) / weight.sum()
        variance = (weight[:, None] * np.square(y - mean)).sum(axis=0) / weight.sum()
        rest = np.maximum(variance - self.epsilon, LEAST)
        return np.stack([mean, np.log(rest)], axis=-1).reshape(-1)

    def _log_variance(self, xp: ArrayModule, output: Array) -> Array:
        """log(ε+e^s) (…, T), of which e^s is put in front of the brackets where it is large."""
        s, floor = output[..., 1::2], xp.asarray(self.epsilon)[..., None]
        e = xp.exp(-xp.absolute(s))
        return xp.maximum(s, 0.0) + xp.log(xp.where(s > 0, 1.0 + floor * e, floor + e))

    @property
    def _constant(self) -> float:
        return HALF_LOG_TAU if self.full else 0.0
