"""The fully connected layer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule, HostArray
from nettrain.catalogue.initializers import Initializer, initializers
from nettrain.catalogue.registry import Choice
from nettrain.catalogue.settings import number, option
from nettrain.model.layers.base import Context, Definition, Layer, LearnedArray, layers

if TYPE_CHECKING:
    from nettrain.model.tape import Tape

SMALL = 8192  # weights of a matrix that is transposed before a product


@layers.register("dense", source="Rosenblatt 1958; Rumelhart, Hinton & Williams 1986")
class Dense(Layer):
    """y = x @ W + b, with W (m, n) and b (n,)."""

    units: int = option(..., "columns n of W", ge=1)
    bias: bool = option(True, "whether there is a b")
    init: Annotated[Initializer, Choice(initializers)] = option(
        "glorot_uniform", "distribution of W at first"
    )
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

    def begin(
        self, inputs: int, generator: np.random.Generator, rows: HostArray | None = None
    ) -> dict[str, Any]:
        drawn = self.init.draw(generator, inputs, self.units, self.left_slope)
        return {**super().begin(inputs, generator), "weight": self.init.scale * drawn}

    def forward(self, tape: "Tape", at: Context, x: Array) -> Array:
        out = at.buffer("out", (at.members, x.shape[1], self.units))
        at.buffers["x"] = x
        tape.product(x, at.array("weight"), out)
        if self.bias:
            tape.add_bias(out, at.parameters, at.start("bias"))
        return out

    def backward(self, tape: "Tape", at: Context, delta: Array) -> Array:
        """db = Σ_rows delta, dW = xᵀ @ delta, dx = delta @ Wᵀ."""
        x = at.buffers["x"]
        if self.bias:  # at once, for a device takes it into the pass that has made delta
            tape.sum_rows(delta, at.gradient, at.start("bias"))
        tape.product(x.swapaxes(1, 2), delta, at.slope("weight"))
        if not at.needs_delta:
            return delta
        before = at.buffer("delta", (at.members, *x.shape[1:]))
        tape.product(delta, transposed(tape, at, "weight"), before)
        return before

    def definition(self, xp: ArrayModule, at: Definition, x: Any) -> Any:
        z = x @ at.arrays["weight"]
        return z + at.arrays["bias"] if self.bias else z

    def summary(self, behind: Sequence[Layer]) -> str:
        """Its bias, where that is unusual."""
        undone = any(layer.centres_columns for layer in behind)
        if self.bias is not undone:
            return ""
        return "bias" if self.bias else "no bias"

    def way_back(self) -> str:
        return "delta @ Wᵀ"


def transposed(tape: "Tape", at: Context, name: str) -> Array:
    """Wᵀ (R, n, m) of a matrix: of a small one a copy, which a product reads faster."""
    view = at.array(name).swapaxes(1, 2)
    if view[0].size > SMALL or not at.backend.transposes_small:
        return view
    copy = at.buffer(f"{name}_transposed", view.shape)
    tape.transpose(copy, at.parameters, at.start(name))
    return copy
