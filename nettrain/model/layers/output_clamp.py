"""The layer that keeps predicted numbers within the range of the training targets."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule, HostArray
from nettrain.backend.kernel import inline, kernel, prange
from nettrain.catalogue.losses import NumberForm
from nettrain.catalogue.losses.quantiles import softened
from nettrain.catalogue.settings import option
from nettrain.model.layers.base import Context, DefinitionContext, Layer, LearnedArray, StartData, layers

if TYPE_CHECKING:
    from nettrain.model.tape import Tape

LEAST_STEP = -60.0  # log(1+e^z) of it is less than the rounding of any quantile


@layers.register("output_clamp", source="Holzmüller, Grinsztajn & Steinwart 2024, Better by default")
class OutputClamp(Layer):
    """In prediction, outputs cut to the range of the training targets; in training the identity.

    So gradients never vanish, and no row is predicted beyond what has been seen. The limits are the least and
    the largest target of each network's own training rows, as it sees them; several outputs for a target
    state it in a `form`.
    """

    outputs_per_target: int = option(1, "how many outputs each target has, side by side", ge=1)
    form: NumberForm = option("numbers", "how they state numbers")
    reads_output: ClassVar[bool] = False
    statistics_from_rows: ClassVar[bool] = True

    def statistics(self, inputs: int) -> dict[str, LearnedArray]:
        row = (1, inputs // self.outputs_per_target)
        return {"least": LearnedArray(row, start=-np.inf), "largest": LearnedArray(row, start=np.inf)}

    def initial_statistics(self, inputs: int, start: StartData | None = None) -> dict[str, Any]:
        assert start is not None, "a layer with `statistics_from_rows` is given rows"
        targets = np.asarray(start.y, np.float64).reshape(len(start.y), -1)
        return {"least": self._limit(targets.min(axis=0)), "largest": self._limit(targets.max(axis=0))}

    def _limit(self, targets: HostArray) -> HostArray:
        """Targets (T,) as outputs state them; the logarithm of 0 is a number, so that nothing becomes NaN."""
        if self.form != "logarithms":
            return targets
        smallest = float(np.finfo(np.float32).tiny)
        logarithms: HostArray = np.log(np.maximum(targets, smallest))
        return logarithms

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        if ctx.training:
            return x
        out, each = ctx.buffer("out", (ctx.members, *x.shape[1:])), self.outputs_per_target
        limits = ctx.statistics, ctx.statistic_start("least"), ctx.statistic_start("largest")
        if self.form == "steps":
            tape.launch(cut_steps, x, out, *limits, each)
        else:
            tape.launch(cut, x, out, *limits, each, 1 if self.form == "means" else each)
        return out

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        return delta

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        return x

    def prediction(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        """As the kernels below."""
        each = self.outputs_per_target
        z = x.reshape(*x.shape[:-1], -1, each)
        low, high = (ctx.statistics[name][..., None] for name in ("least", "largest"))
        if self.form == "steps":
            outputs = _steps_within(xp, z, low, high)
        else:
            stated = 1 if self.form == "means" else each
            cut_off = xp.minimum(xp.maximum(z[..., :stated], low), high)
            outputs = xp.concatenate([cut_off, z[..., stated:]], axis=-1) if stated < each else cut_off
        return outputs.reshape(*outputs.shape[:-2], x.shape[-1])

    def summary(self, behind: Sequence[Layer]) -> str:
        return "clamp"


def _steps_within(xp: ArrayModule, z: Any, low: Any, high: Any) -> Any:
    """z (R, B, T, Q) of quantiles that are cut to a range and stated in steps again, see `cut_steps`."""
    count = z.shape[-1]
    middle = count // 2
    quantiles = {middle: z[..., middle : middle + 1]}
    parts = {middle: xp.minimum(xp.maximum(quantiles[middle], low), high)}
    ways = (range(middle + 1, count), 1), (range(middle - 1, -1, -1), -1)
    for at, way in ((at, way) for positions, way in ways for at in positions):
        step = z[..., at : at + 1]
        start = quantiles[at - way]
        quantiles[at] = end = start + way * xp.logaddexp(step, 0.0)
        first, last = (xp.minimum(xp.maximum(one, low), high) for one in (start, end))
        distance = xp.absolute(last - first)
        apart = distance > 0.0
        back = distance + xp.log(-xp.expm1(-xp.where(apart, distance, 1.0)))
        shorter = xp.where(apart, xp.maximum(back, LEAST_STEP), LEAST_STEP)
        parts[at] = xp.where((first == start) & (last == end), step, shorter)
    return xp.concatenate([parts[at] for at in range(count)], axis=-1)


@inline
def within(value: Array, low: Array, high: Array) -> Array:
    """The value cut to a range; NaN stays NaN."""
    raised = low if value < low else value
    return high if raised > high else raised


@kernel
def cut(
    z: Array, out: Array, ranges: Array, least: Array, largest: Array, each: Array, numbers: Array
) -> None:
    """out (R, B, T·each) = z, of which the first `numbers` outputs of every target are cut to its range.

    The ranges of the T targets are at `least` and `largest` in each row of ranges (R, Q).
    """
    rows, targets = z.shape[1], z.shape[2] // each
    for k in prange(z.shape[0] * rows):
        r, i = k // rows, k % rows
        row, result = z[r, i], out[r, i]
        low, high = ranges[r, least : least + targets], ranges[r, largest : largest + targets]
        for j in range(row.size):
            t = j // each
            result[j] = within(row[j], low[t], high[t]) if j % each < numbers else row[j]


@inline
def step_within(z: Array, start: Array, end: Array, low: Array, high: Array) -> Array:
    """z of the step between two quantiles that are cut to a range: the same, to the bit, where neither is."""
    first, last, shortest = within(start, low, high), within(end, low, high), type(z)(LEAST_STEP)
    distance = abs(last - first)
    # the way back from the step log(1+e^z)
    back = shortest if distance == type(z)(0) else distance + math.log(-math.expm1(-distance))
    shorter = shortest if back < shortest else back
    return z if first == start and last == end else shorter


@kernel
def cut_steps(z: Array, out: Array, ranges: Array, least: Array, largest: Array, each: Array) -> None:
    """As `cut`, for `each` quantiles of a target: the middle one is z, the others are steps from it.

    Each further quantile lies log(1+e^z) beyond its neighbour. All are cut, and stated in steps again.
    """
    rows, targets, middle = z.shape[1], z.shape[2] // each, each // 2
    for k in prange(z.shape[0] * rows):
        r, i = k // rows, k % rows
        row, result = z[r, i], out[r, i]
        for t in range(targets):
            low, high, at = ranges[r, least + t], ranges[r, largest + t], t * each + middle
            result[at] = within(row[at], low, high)
            quantile = row[at]
            for j in range(at + 1, at - middle + each):
                start = quantile
                step, _ = softened(row[j])
                quantile = start + step
                result[j] = step_within(row[j], start, quantile, low, high)
            quantile = row[at]
            for n in range(middle):
                start = quantile
                step, _ = softened(row[at - 1 - n])
                quantile = start - step
                result[at - 1 - n] = step_within(row[at - 1 - n], start, quantile, low, high)
