"""The fully connected layer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule, HostArray
from nettrain.catalogue.initializers import Initializer, initializers
from nettrain.catalogue.registry import Choice
from nettrain.catalogue.settings import number, option
from nettrain.model.layers.base import Context, DefinitionContext, Layer, LearnedArray, layers

if TYPE_CHECKING:
    from nettrain.model.tape import Tape

SMALL = 8192  # weights of a matrix that is transposed before a product


@layers.register("dense", source="Rosenblatt 1958; Rumelhart, Hinton & Williams 1986")
class Dense(Layer):
    """y = x @ W + b, with W (m, n) and b (n,)."""

    units: int = option(..., "number of columns n", ge=1)
    bias: bool = option(True, "whether to add a bias b")
    init: Annotated[Initializer, Choice(initializers)] = option("glorot_uniform", "initial distribution of W")
    left_slope: float = number(0.0, "slope of the activation behind it far below 0, which He's init reads")
    reads_output: ClassVar[bool] = False
    stream: ClassVar[str] = "weights"

    def width(self, inputs: int) -> int:
        return self.units

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        bias = {"bias": LearnedArray((1, self.units), "bias", self.init.bias_init)} if self.bias else {}
        return {"weight": LearnedArray((inputs, self.units)), **bias}

    def products(self, inputs: int) -> list[tuple[int, int]]:
        return [(inputs, self.units)]

    def initial_values(
        self, inputs: int, generator: np.random.Generator, rows: HostArray | None = None
    ) -> dict[str, Any]:
        weight = self.init.scale * self.init.draw(generator, inputs, self.units, self.left_slope)
        bias = {"bias": self.init.draw_bias(generator, inputs, self.units)} if self.bias else {}
        return {"weight": weight, **bias}

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        out = ctx.buffer("out", (ctx.members, x.shape[1], self.units))
        ctx.buffers["x"] = x
        tape.product(x, ctx.parameter("weight"), out)
        if self.bias:
            tape.add_bias(out, ctx.parameters, ctx.start("bias"))
        return out

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        """db = Σ_rows delta, dW = xᵀ @ delta, dx = delta @ Wᵀ."""
        x = ctx.buffers["x"]
        if self.bias:  # at once, for a device takes it into the pass that has made delta
            tape.sum_rows(delta, ctx.gradient, ctx.start("bias"))
        tape.product(x.swapaxes(1, 2), delta, ctx.gradient_of("weight"))
        if not ctx.needs_delta:
            return delta
        before = ctx.buffer("delta", (ctx.members, *x.shape[1:]))
        tape.product(delta, transposed(tape, ctx, "weight"), before)
        return before

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        z = x @ ctx.arrays["weight"]
        return z + ctx.arrays["bias"] if self.bias else z

    def summary(self, behind: Sequence[Layer]) -> str:
        """The bias, where its presence or absence is unusual."""
        undone = any(layer.centres_columns for layer in behind)
        if self.bias is not undone:
            return ""
        return "bias" if self.bias else "no bias"

    def backward_step(self) -> str:
        return "delta @ Wᵀ"


def transposed(tape: "Tape", ctx: Context, name: str) -> Array:
    """The transpose (R, n, m) of a matrix; for a small one a copy, which products read faster."""
    view = ctx.parameter(name).swapaxes(1, 2)
    if view[0].size > SMALL or not ctx.backend.transposes_small:
        return view
    copy = ctx.buffer(f"{name}_transposed", view.shape)
    tape.transpose(copy, ctx.parameters, ctx.start(name))
    return copy
