"""The loss of quantile regression."""

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from nettrain.backend.base import Array, ArrayModule, Floats, HostArray
from nettrain.backend.kernel import inline, kernel, prange
from nettrain.catalogue.losses.base import NumberForm, batch_weight, losses
from nettrain.catalogue.losses.distributional import DistributionalLoss, softplus
from nettrain.catalogue.losses.target_distribution import PredictedQuantiles
from nettrain.catalogue.settings import Number, option

LEAST = 1e-12  # the distance of two quantiles that are equal


def _rising(levels: list[float]) -> list[float]:
    if sorted(set(levels)) != levels:
        raise PydanticCustomError("order", "must rise from one level to the next")
    return levels


Levels = Annotated[
    list[Annotated[float, Field(gt=0, lt=1)]], Field(min_length=1, max_length=99), AfterValidator(_rising)
]


@inline
def softened(z: Array) -> tuple[Array, Array]:
    """log(1+e^z), and its derivative 1/(1+e^-z)."""
    one, zero = type(z)(1), type(z)(0)
    e = math.exp(-abs(z))
    return max(z, zero) + math.log1p(e), (one if z >= zero else e) / (one + e)


@kernel
def pinball_step(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """loss = mean of max(τe, (τ-1)e), e = y-q; τ are numbers[r, 2:], and q = z unless numbers[r, 1] is 1.

    Then q of the middle level is its z, and each further one lies log(1+e^z) beyond its neighbour.
    """
    members, batch, outputs = output.shape
    quantiles = numbers.shape[1] - 2
    middle = quantiles // 2
    one, zero = output.dtype.type(1), output.dtype.type(0)
    for r in prange(members):
        targets, weights = target[r % target.shape[0]], weight[r % weight.shape[0]]  # 0 where the axis is 1
        mass, divisor = batch_weight(weights, numbers[r, 0])
        ordered = numbers[r, 1] > zero
        lost = total.dtype.type(0)
        for i in range(batch):
            z, d, y = output[r, i], delta[r, i], targets[i]
            factor = weights[i] / (divisor * output.dtype.type(outputs))
            loss = zero
            for k in range(z.size):
                d[k] = z[k]
            if ordered:
                for t in range(y.size):
                    at = t * quantiles + middle
                    for k in range(at + 1, at - middle + quantiles):
                        step, _ = softened(z[k])
                        d[k] = d[k - 1] + step
                    for k in range(middle):
                        step, _ = softened(z[at - 1 - k])
                        d[at - 1 - k] = d[at - k] - step
            for k in range(z.size):
                level = numbers[r, 2 + k % quantiles]
                error = y[k // quantiles] - d[k]
                # 0 where the error is, and NaN where it is NaN
                slope = -level if error > zero else one - level if error < zero else error
                loss -= slope * error
                d[k] = slope * factor
            if ordered:
                for t in range(y.size):
                    at = t * quantiles + middle
                    above, below = zero, zero
                    for k in range(quantiles - middle - 1):
                        last = at - middle + quantiles - 1 - k
                        _, slope = softened(z[last])
                        above += d[last]
                        d[last] = above * slope
                    for k in range(at - middle, at):
                        _, slope = softened(z[k])
                        below += d[k]
                        d[k] = -below * slope
                    d[at] += above + below
            lost += weights[i] * loss / output.dtype.type(outputs)
        total[r, 0] += lost
        total[r, 1] += mass


@losses.register("pinball", source="Koenker & Bassett 1978")
class Pinball(DistributionalLoss):
    """max(τe, (τ-1)e), e = y-q, the mean over targets and quantiles q of levels τ; predicts quantiles.

    For prediction intervals without an assumption on how errors are distributed: a network has an output for
    each quantile of each target, and between those of 0.05 and 0.95 lie 90 % of the rows. What metrics
    measure is the median or, without that level, the value between its neighbours. With `crossing: never`
    the middle level is an output, and each further quantile lies log(1+e^z) > 0 beyond its neighbour; allowed
    makes every quantile an output of its own. As sklearn.metrics.mean_pinball_loss.
    """

    quantiles: Levels = option([0.05, 0.5, 0.95], "levels τ of the predicted quantiles, in rising order")
    crossing: Literal["never", "allowed"] = option(
        "never", "whether a quantile may lie below one of a lower level"
    )
    output_activation: ClassVar[str] = "quantiles"
    train = pinball_step

    @property
    def outputs_per_target(self) -> int:
        return len(self.quantiles)

    @property
    def number_form(self) -> NumberForm | None:
        return "steps" if self.crossing == "never" else "numbers"

    @property
    def levels(self) -> tuple[float, ...]:
        return tuple(self.quantiles)

    def kernel_numbers(self) -> list[Number]:
        return [*super().kernel_numbers(), float(self.crossing == "never"), *self.quantiles]

    def rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        loss = 0.0
        for level, quantile in zip(self.quantiles, self._quantiles(xp, output), strict=True):
            error = target - quantile
            loss = loss + xp.maximum(level * error, (level - 1) * error).mean(axis=-1)
        return loss / len(self.quantiles)

    def sides(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        """Which quantiles lie above the target."""
        above = [(quantile > target).astype(xp.int8) for quantile in self._quantiles(xp, output)]
        return xp.concatenate(above, axis=-1)

    def predictions(self, xp: ArrayModule, output: Array) -> Array:
        """The medians (…, T); between two levels, on the straight line between their quantiles."""
        quantiles = self._quantiles(xp, output)
        low, high, share = _around_a_half(self.quantiles)
        return quantiles[low] if low == high else (1 - share) * quantiles[low] + share * quantiles[high]

    def distribution(self, output: HostArray) -> PredictedQuantiles:
        quantiles = self._quantiles(np, np.asarray(output, np.float64))
        return PredictedQuantiles(self.levels, np.stack(quantiles, axis=-1))

    def constant_outputs(self, y: Floats, weight: Floats) -> Floats:
        values = np.array([_weighted_quantiles(column, weight, self.quantiles) for column in y.T])
        if self.crossing == "allowed":
            return values.reshape(-1)
        middle, outputs = len(self.quantiles) // 2, values.copy()
        steps = np.maximum(np.diff(values, axis=1), LEAST)
        inverse = steps + np.log(-np.expm1(-steps))  # of log(1+e^z)
        outputs[:, :middle], outputs[:, middle + 1 :] = inverse[:, :middle], inverse[:, middle:]
        return outputs.reshape(-1)

    def _quantiles(self, xp: ArrayModule, output: Array) -> list[Array]:
        """The quantiles of each level, (…, T), from raw outputs (…, T·L)."""
        count = len(self.quantiles)
        columns = [output[..., k::count] for k in range(count)]
        if self.crossing == "allowed":
            return columns
        for k in range(count // 2 + 1, count):
            columns[k] = columns[k - 1] + softplus(xp, columns[k])
        for k in reversed(range(count // 2)):
            columns[k] = columns[k + 1] - softplus(xp, columns[k])
        return columns


def _around_a_half(levels: Sequence[float]) -> tuple[int, int, float]:
    """Positions of the levels next to 0.5, and how far 0.5 lies from the first towards the second."""
    low = max((k for k, level in enumerate(levels) if level <= 0.5), default=0)
    high = min((k for k, level in enumerate(levels) if level >= 0.5), default=low)
    if levels[low] > 0.5 or low == high:
        return high, high, 0.0
    return low, high, (0.5 - levels[low]) / (levels[high] - levels[low])


def _weighted_quantiles(y: Floats, weight: Floats, levels: Sequence[float]) -> Floats:
    """The least values of y (N,) below or at which these shares of the weight (N,) lie."""
    order = np.argsort(y, kind="stable")
    order = order[weight[order] > 0]
    mass = np.cumsum(weight[order], dtype=np.float64)
    at = np.searchsorted(mass, np.asarray(levels) * mass[-1] * (1 - 1e-12))
    return np.asarray(y[order[np.minimum(at, len(order) - 1)]], np.float64)
