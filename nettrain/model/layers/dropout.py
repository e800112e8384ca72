"""Dropout."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.philox import keep_mask, mask_words
from nettrain.catalogue.settings import number
from nettrain.model.layers.base import Context, Definition, Layer, layers

if TYPE_CHECKING:
    from nettrain.model.tape import Tape


@layers.register("dropout", source="Srivastava et al. 2014")
class Dropout(Layer):
    """y = x·mask, with mask 0 with probability p and 1/(1 - p) otherwise; nothing at prediction."""

    rate: float = number(0.0, "probability p that a unit is dropped", ge=0, lt=1)
    random: ClassVar[bool] = True
    reads_output: ClassVar[bool] = False
    stream: ClassVar[str] = "masks"
    drawn: ClassVar[tuple[str, ...]] = ("mask",)

    def forward(self, tape: "Tape", at: Context, x: Array) -> Array:
        if at.draws is None:
            return x
        mask, out = at.buffer("mask", x.shape), at.buffer("out", x.shape)
        words = mask_words(at.allocate, f"{at.number}.words", x.shape)
        counter = (at.draws.step, at.draws.purpose + at.draw_number, at.draws.first)
        rates = np.asarray(self.rate, dtype=float)
        below = at.backend.from_host(np.round(rates * 65536).astype(np.uint64))
        tape.launch(keep_mask, mask, *words, at.draws.keys, *counter, below, at.column(1 / (1 - rates)))
        tape.multiply(x, mask, out)
        return out

    def backward(self, tape: "Tape", at: Context, delta: Array) -> Array:
        tape.multiply(delta, at.buffers["mask"], delta)
        return delta

    def definition(self, xp: ArrayModule, at: Definition, x: Any) -> Any:
        return x * at.drawn["mask"] if at.drawn else x

    def summary(self, behind: Sequence[Layer]) -> str:
        return f"dropout {self.rate:g}"

    def way_back(self) -> str:
        return "the dropout mask"
