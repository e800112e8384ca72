"""Noise on the inputs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.philox import add_noise
from nettrain.catalogue.settings import number, option
from nettrain.model.layers.base import Context, DefinitionContext, Layer, layers
from nettrain.model.layers.number_embeddings.kernels import copy_columns
from nettrain.model.layers.positions import Positions

if TYPE_CHECKING:
    from nettrain.model.tape import Tape

NORMAL_COST = 16  # a Gaussian number costs as much as visiting so many elements


@layers.register(
    "input_noise", source="Bishop 1995, Training with noise is equivalent to Tikhonov regularization"
)
class InputNoise(Layer):
    """y = x + σ·Gaussian noise, drawn anew in each training step; in prediction the identity."""

    sigma: float = number(0.0, "standard deviation σ", ge=0)
    codes: Positions = option((), "inputs that are codes of categories, which stay as they are")
    random: ClassVar[bool] = True
    reads_output: ClassVar[bool] = False
    drawn: ClassVar[tuple[str, ...]] = ("noisy",)

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        if not ctx.training or ctx.dropout_state is None:
            return x
        noisy = ctx.buffer("noisy", (ctx.members, *x.shape[1:]))
        draw = (
            ctx.dropout_state.keys,
            ctx.dropout_state.step,
            ctx.dropout_state.first,
            ctx.column(self.sigma),
        )
        tape.launch(add_noise, noisy, x, *draw, work=NORMAL_COST * noisy.size)
        if self.codes:
            source = np.full(x.shape[2], -1, np.int64)
            source[list(self.codes)] = self.codes
            tape.launch(copy_columns, x, noisy, ctx.backend.from_host(source), work=noisy.size)
        return noisy

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        return delta

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        return ctx.drawn.get("noisy", x)

    def summary(self, behind: Sequence[Layer]) -> str:
        return f"noise {self.sigma:g}"
