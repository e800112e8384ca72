"""Dropout."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule, Floats
from nettrain.backend.kernel import kernel, prange
from nettrain.backend.philox import keep_mask, mask_words
from nettrain.catalogue.settings import Number, number
from nettrain.model.layers.base import Context, DefinitionContext, Layer, layers

if TYPE_CHECKING:
    from nettrain.model.tape import Tape

DRAWS = 65536  # equally likely numbers of 16 bits, of which each unit draws one


def dropped_draws(rate: Number) -> Floats:
    """How many of the DRAWS numbers drop a unit: p·65536 rounded, fewer than all of them."""
    dropped: Floats = np.minimum(np.round(np.asarray(rate, dtype=float) * DRAWS), DRAWS - 1)
    return dropped


@kernel
def scheduled_drops(dropped: Array, scale: Array, rates: Array, factor: Array) -> None:
    """dropped (R,) = `dropped_draws` of rates·factor (R,), in float64, and the scale (R,) of other units."""
    for r in prange(rates.size):
        below = min(np.rint(rates[r] * factor[r] * DRAWS), DRAWS - 1.0)
        dropped[r] = np.uint64(below)
        scale[r] = scale.dtype.type(DRAWS / (DRAWS - below))


@layers.register("dropout", source="Srivastava et al. 2014")
class Dropout(Layer):
    """y = x·mask, with mask 0 with probability p and 1/(1 - p) otherwise; in prediction the identity.

    Masks are drawn with 16 bits, so p is rounded to a multiple of 2^-16, at most 1 - 2^-16, and the scale is
    that of the rounded p: the mean mask is 1. With `model.dropout_schedule`, p is multiplied by its factor at
    each step, and then rounded.
    """

    rate: float = number(0.0, "probability p that a unit is dropped", ge=0, lt=1)
    random: ClassVar[bool] = True
    reads_output: ClassVar[bool] = False
    stream: ClassVar[str] = "masks"
    drawn: ClassVar[tuple[str, ...]] = ("mask",)

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        if ctx.dropout_state is None:
            return x
        mask, out = ctx.buffer("mask", x.shape), ctx.buffer("out", x.shape)
        words = mask_words(ctx.allocate, f"{ctx.number}.words", x.shape)
        counter = (
            ctx.dropout_state.step,
            ctx.dropout_state.purpose + ctx.stream_number,
            ctx.dropout_state.first,
        )
        drops = self._drops(tape, ctx, ctx.dropout_state.factors.get("dropout"))
        tape.launch(keep_mask, mask, *words, ctx.dropout_state.keys, *counter, *drops)
        tape.multiply(x, mask, out)
        return out

    def _drops(self, tape: "Tape", ctx: Context, factor: Array | None) -> tuple[Array, Array]:
        """How many draws drop a unit, and the scale of the others (R,), at the rates times the factor."""
        if factor is None:
            dropped = dropped_draws(self.rate)
            return ctx.backend.from_host(dropped.astype(np.uint64)), ctx.column(DRAWS / (DRAWS - dropped))
        rates = ctx.backend.xp.asarray(np.asarray(self.rate, dtype=float))
        drops = ctx.buffer("dropped", factor.shape, np.uint64), ctx.buffer("scale", factor.shape)
        tape.launch(scheduled_drops, *drops, rates, factor)
        return drops

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        if ctx.dropout_state is None:
            return delta
        tape.multiply(delta, ctx.buffers["mask"], delta)
        return delta

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        return x * ctx.drawn["mask"] if ctx.drawn else x

    def summary(self, behind: Sequence[Layer]) -> str:
        return f"dropout {self.rate:g}"

    def backward_step(self) -> str:
        return "the dropout mask"
