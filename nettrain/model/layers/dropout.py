"""Dropout."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.philox import keep_mask, mask_words
from nettrain.catalogue.settings import number
from nettrain.model.layers.base import Context, DefinitionContext, Layer, layers

if TYPE_CHECKING:
    from nettrain.model.tape import Tape


@layers.register("dropout", source="Srivastava et al. 2014")
class Dropout(Layer):
    """y = x·mask, with mask 0 with probability p and 1/(1 - p) otherwise; in prediction the identity."""

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
        rates = np.asarray(self.rate, dtype=float)
        below = ctx.backend.from_host(np.round(rates * 65536).astype(np.uint64))
        tape.launch(
            keep_mask, mask, *words, ctx.dropout_state.keys, *counter, below, ctx.column(1 / (1 - rates))
        )
        tape.multiply(x, mask, out)
        return out

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        tape.multiply(delta, ctx.buffers["mask"], delta)
        return delta

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        return x * ctx.drawn["mask"] if ctx.drawn else x

    def summary(self, behind: Sequence[Layer]) -> str:
        return f"dropout {self.rate:g}"

    def backward_step(self) -> str:
        return "the dropout mask"
