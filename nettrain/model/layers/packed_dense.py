"""Fully connected layers side by side, one for each sub-member."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule, HostArray
from nettrain.catalogue.initializers import Initializer, initializers
from nettrain.catalogue.registry import Choice
from nettrain.catalogue.settings import number, option
from nettrain.model.layers.base import Context, DefinitionContext, Layer, LearnedArray, layers
from nettrain.model.layers.dense import SMALL
from nettrain.model.layers.scale import plus_own
from nettrain.model.layers.sub_members import each

if TYPE_CHECKING:
    from nettrain.model.tape import Tape


@layers.register("packed_dense", source="Laurent et al. 2023, Packed-Ensembles; the heads of TabM")
class PackedDense(Layer):
    """z_i = x_i @ W_i + b_i for each sub-member i, with W (k·m, n), one matrix on another, and b (k, n)."""

    units: int = option(..., "number of columns n", ge=1)
    sub_members: int = option(..., "sub-members k", ge=1)
    bias: bool = option(True, "whether to add a bias b")
    init: Annotated[Initializer, Choice(initializers)] = option("glorot_uniform", "initial distribution of W")
    left_slope: float = number(0.0, "slope of the activation behind it far below 0, which He's init reads")
    reads_output: ClassVar[bool] = False
    stream: ClassVar[str] = "weights"

    def width(self, inputs: int) -> int:
        return self.units

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        k = self.sub_members
        arrays = {"weight": LearnedArray((k * inputs, self.units), blocks=k)}
        if self.bias:
            arrays["bias"] = LearnedArray((k, self.units), "bias", self.init.bias_init, blocks=k)
        return arrays

    def products(self, inputs: int) -> list[tuple[int, int]]:
        return [(inputs, self.units)]

    def initial_values(
        self, inputs: int, generator: np.random.Generator, rows: HostArray | None = None
    ) -> dict[str, Any]:
        """Drawn for one sub-member after the other, weights and bias."""
        drawn = [self._drawn(inputs, generator) for _ in range(self.sub_members)]
        return {name: np.concatenate([one[name] for one in drawn]) for name in drawn[0]}

    def _drawn(self, inputs: int, generator: np.random.Generator) -> dict[str, HostArray]:
        weight = self.init.scale * self.init.draw(generator, inputs, self.units, self.left_slope)
        if not self.bias:
            return {"weight": weight}
        bias = np.broadcast_to(self.init.draw_bias(generator, inputs, self.units), (1, self.units))
        return {"weight": weight, "bias": bias}

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        """As a population of k members: what a sub-member computes is, to the bit, what a `Dense` would."""
        out = ctx.buffer("out", (ctx.members, x.shape[1], self.units))
        ctx.buffers["x"] = x
        signals, results, matrices = self._each(x), self._each(out), self._each(ctx.parameter("weight"))
        for r in range(ctx.members):
            tape.product(signals[r % len(x)], matrices[r], result := results[r])
            if self.bias:
                tape.add_bias(result, ctx.parameter("bias")[r], 0)
        return out

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        """db_i = Σ_rows delta_i, dW_i = x_iᵀ @ delta_i, dx_i = delta_i @ W_iᵀ."""
        x, before = ctx.buffers["x"], delta
        if ctx.needs_delta:
            before = ctx.buffer("delta", (ctx.members, *x.shape[1:]))
        signals, slopes, gradients = self._each(x), self._each(delta), self._each(ctx.gradient_of("weight"))
        for r in range(ctx.members):
            if self.bias:
                tape.sum_rows(slopes[r], ctx.gradient_of("bias")[r], 0)
            tape.product(signals[r % len(x)].swapaxes(1, 2), slopes[r], gradients[r])
            if ctx.needs_delta:
                tape.product(slopes[r], self._transposed(tape, ctx, r), self._each(before)[r])
        return before

    def _transposed(self, tape: "Tape", ctx: Context, r: int) -> Array:
        """The transposes (k, n, m) of a member's matrices; of small ones copies, as of a `Dense`."""
        matrices = self._each(ctx.parameter("weight"))
        view = matrices.swapaxes(2, 3)
        if view[0, 0].size > SMALL or not ctx.backend.transposes_small:
            return view[r]
        copy = ctx.buffer("weight_transposed", view.shape)
        tape.transpose(copy[r], matrices[r].reshape(self.sub_members, -1), 0)
        return copy[r]

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        z = self._each(x) @ self._each(ctx.arrays["weight"])
        z = z.reshape(z.shape[0], -1, self.units)
        return plus_own(z, ctx.arrays["bias"]) if self.bias else z

    def summary(self, behind: Sequence[Layer]) -> str:
        return f"{self.sub_members} of its own" if self.sub_members > 1 else ""

    def backward_step(self) -> str:
        return "delta_i @ W_iᵀ"

    def _each(self, x: Any) -> Any:
        """Signals (R, k·B, W), or matrices (R, k·m, n), of each sub-member."""
        return each(x, self.sub_members)
