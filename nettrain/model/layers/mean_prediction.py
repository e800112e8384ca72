"""The layer that makes one prediction of those of all sub-members."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.kernel import Kernel, kernel, prange
from nettrain.catalogue.losses.cross_entropy import log_softmax
from nettrain.catalogue.settings import option
from nettrain.model.layers.base import Context, DefinitionContext, Layer, layers

if TYPE_CHECKING:
    from nettrain.model.tape import Tape

Averaged = Literal["outputs", "softmax", "sigmoid", "exp"]
AVERAGED: tuple[Averaged, ...] = get_args(Averaged)


@layers.register("mean_prediction", source="Gorishniy, Kotelnikov & Babenko 2024, TabM")
class MeanPrediction(Layer):
    """In prediction, the output whose prediction is the mean of those of k sub-members: k·B rows become B.

    The prediction is the output itself or what the loss makes of it, such as softmax. In training the layer
    is the identity: every sub-member has a loss of its own.
    """

    sub_members: int = option(..., "sub-members k", ge=1)
    averaged: Averaged = option("outputs", "what is averaged: outputs, or this function of them")
    reads_output: ClassVar[bool] = False

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        if ctx.training:
            return x
        members, rows, columns = x.shape
        out = ctx.buffer("out", (members, rows // self.sub_members, columns))
        scratch = [ctx.buffer("norms", (members, rows))] if self.averaged == "softmax" else []
        tape.launch(MEANS[self.averaged], out, x, *scratch, work=4 * x.size)
        return out

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        return delta

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        return x

    def prediction(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        """As the kernels below, by logarithms of the averaged predictions."""
        z = x.reshape(x.shape[0], self.sub_members, -1, x.shape[2])
        if self.averaged == "outputs":
            return z.mean(axis=1)
        if self.averaged == "exp":
            return log_mean_exp(xp, z)
        if self.averaged == "softmax":
            return log_mean_exp(xp, log_softmax(xp, z))
        return log_mean_exp(xp, -xp.logaddexp(-z, 0.0)) - log_mean_exp(xp, -xp.logaddexp(z, 0.0))

    def summary(self, behind: Sequence[Layer]) -> str:
        return f"mean of {self.sub_members}"


def log_mean_exp(xp: ArrayModule, z: Any) -> Any:
    """log mean e^z (R, B, K) over the sub-members of z (R, k, B, K)."""
    largest = z.max(axis=1, keepdims=True)
    return xp.log(xp.exp(z - largest).mean(axis=1)) + largest[:, 0]


@kernel
def mean_outputs(out: Array, x: Array) -> None:
    """out (R, B, K) = the mean of the k outputs in x (R, k·B, K)."""
    rows, copies = out.shape[1], x.shape[1] // out.shape[1]
    for t in prange(out.shape[0] * rows):
        r, b = t // rows, t % rows
        result = out[r, b]
        for j in range(result.size):
            total = x[r, b, j]
            for c in range(1, copies):
                total += x[r, c * rows + b, j]
            result[j] = total / copies


@kernel
def mean_exp(out: Array, x: Array) -> None:
    """e^out is the mean of e^z over the k outputs z; the largest is taken out, so that none overflows."""
    rows, copies = out.shape[1], x.shape[1] // out.shape[1]
    for t in prange(out.shape[0] * rows):
        r, b = t // rows, t % rows
        result = out[r, b]
        for j in range(result.size):
            largest = x[r, b, j]
            for c in range(1, copies):
                largest = max(largest, x[r, c * rows + b, j])
            total = largest - largest
            for c in range(copies):
                total += math.exp(x[r, c * rows + b, j] - largest)
            result[j] = largest + math.log(total / copies)


@kernel
def mean_softmax(out: Array, x: Array, norms: Array) -> None:
    """softmax(out) is the mean of softmax(z) over the k outputs z in x (R, k·B, K).

    norms (R, k·B) is scratch memory for log Σe^z of each output.
    """
    rows, copies = out.shape[1], x.shape[1] // out.shape[1]
    for t in prange(out.shape[0] * rows):
        r, b = t // rows, t % rows
        result = out[r, b]
        for c in range(copies):
            row = x[r, c * rows + b]
            largest = row[0]
            for j in range(1, row.size):
                largest = max(largest, row[j])
            total = largest - largest
            for j in range(row.size):
                total += math.exp(row[j] - largest)
            norms[r, c * rows + b] = largest + math.log(total)
        for j in range(result.size):
            largest = x[r, b, j] - norms[r, b]
            for c in range(1, copies):
                largest = max(largest, x[r, c * rows + b, j] - norms[r, c * rows + b])
            total = largest - largest
            for c in range(copies):
                total += math.exp(x[r, c * rows + b, j] - norms[r, c * rows + b] - largest)
            result[j] = largest + math.log(total / copies)


@kernel
def mean_sigmoid(out: Array, x: Array) -> None:
    """sigmoid(out) is the mean of sigmoid(z) over the k outputs z in x (R, k·B, K).

    out = log Σσ(z) - log Σσ(-z). With σ(z) = e^min(z, 0)/(1 + e^-|z|), the largest exponents are taken out.
    """
    rows, copies = out.shape[1], x.shape[1] // out.shape[1]
    for t in prange(out.shape[0] * rows):
        r, b = t // rows, t % rows
        result = out[r, b]
        for j in range(result.size):
            least, most = x[r, b, j], x[r, b, j]
            for c in range(1, copies):
                least, most = min(least, x[r, c * rows + b, j]), max(most, x[r, c * rows + b, j])
            zero = least - least
            top, bottom = min(most, zero), min(-least, zero)
            yes, no = zero, zero
            for c in range(copies):
                z = x[r, c * rows + b, j]
                both = 1 + math.exp(-abs(z))
                yes += math.exp(min(z, zero) - top) / both
                no += math.exp(min(-z, zero) - bottom) / both
            result[j] = top - bottom + math.log(yes / no)


MEANS: dict[Averaged, Kernel] = {
    "outputs": mean_outputs,
    "softmax": mean_softmax,
    "sigmoid": mean_sigmoid,
    "exp": mean_exp,
}
