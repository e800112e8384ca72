"""The fully connected layer whose weights are shared by sub-members that scale its inputs and outputs."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule, HostArray
from nettrain.catalogue.initializers import Initializer, initializers
from nettrain.catalogue.registry import Choice
from nettrain.catalogue.settings import number, option
from nettrain.model.layers.base import Context, DefinitionContext, Layer, LearnedArray, layers
from nettrain.model.layers.dense import transposed
from nettrain.model.layers.scale import Groups, Start, plus_own, starting_factors, times_own
from nettrain.model.layers.sub_members import (
    scale_and_shift,
    scale_and_shift_backward,
    scale_columns,
    scale_columns_backward,
)

if TYPE_CHECKING:
    from nettrain.model.tape import Tape


@layers.register("batch_ensemble", source="Wen, Tran & Ba 2020, BatchEnsemble; Gorishniy et al. 2024, TabM")
class BatchEnsemble(Layer):
    """z_i = ((x_i·r_i) @ W)·s_i + b_i for each sub-member i, with W (m, n) shared, r (k, m), s and b (k, n).

    The factors s start at 1, and r too or at random. The bias is drawn once and copied to all sub-members.
    """

    units: int = option(..., "number of columns n", ge=1)
    sub_members: int = option(..., "sub-members k", ge=1)
    init: Annotated[Initializer, Choice(initializers)] = option("glorot_uniform", "initial distribution of W")
    left_slope: float = number(0.0, "slope of the activation behind it far below 0, which He's init reads")
    start: Start = option("ones", "how the factors r begin")
    groups: Groups = option((), "widths of the groups of columns that begin with the same factor")
    reads_output: ClassVar[bool] = False
    stream: ClassVar[str] = "weights"

    def width(self, inputs: int) -> int:
        return self.units

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        own = (self.sub_members, self.units)
        return {
            "weight": LearnedArray((inputs, self.units)),
            "bias": LearnedArray(own, "bias", self.init.bias_init, blocks=self.sub_members),
            "input_scale": LearnedArray((self.sub_members, inputs), "scale", 1.0, blocks=self.sub_members),
            "output_scale": LearnedArray(own, "scale", 1.0, blocks=self.sub_members),
        }

    def products(self, inputs: int) -> list[tuple[int, int]]:
        return [(inputs, self.units)]

    def initial_values(
        self, inputs: int, generator: np.random.Generator, rows: HostArray | None = None
    ) -> dict[str, Any]:
        weight = self.init.scale * self.init.draw(generator, inputs, self.units, self.left_slope)
        bias = self.init.draw_bias(generator, inputs, self.units)
        factors = starting_factors(generator, self.sub_members, inputs, self.start, self.groups)
        return {"weight": weight, "bias": bias, "input_scale": factors, "output_scale": 1.0}

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        u = ctx.buffer("u", (ctx.members, *x.shape[1:]))
        v = ctx.buffer("v", (ctx.members, x.shape[1], self.units))
        out = ctx.buffer("out", v.shape) if ctx.training else v
        ctx.buffers["x"] = x
        tape.launch(
            scale_columns, x, u, ctx.parameters, ctx.start("input_scale"), self.sub_members, work=u.size
        )
        tape.product(u, ctx.parameter("weight"), v)
        places = ctx.start("output_scale"), ctx.start("bias"), self.sub_members
        tape.launch(scale_and_shift, v, out, ctx.parameters, *places)
        return out

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        """With g = delta·s: ds = Σ delta·v, db = Σ delta, dW = uᵀ @ g, du = g @ Wᵀ, dr = Σ du·x, dx = du·r.

        Sums are over the rows of each sub-member, for dW over all rows.
        """
        x, u, v = (ctx.buffers[name] for name in ("x", "u", "v"))
        learned = ctx.parameters, ctx.gradient
        places = ctx.start("output_scale"), ctx.start("bias"), self.sub_members
        tape.launch(scale_and_shift_backward, delta, v, *learned, *places)
        tape.product(u.swapaxes(1, 2), delta, ctx.gradient_of("weight"))
        before = u  # which nothing reads after this
        tape.product(delta, transposed(tape, ctx, "weight"), before)
        tape.launch(scale_columns_backward, before, x, *learned, ctx.start("input_scale"), self.sub_members)
        return before

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        v = times_own(x, ctx.arrays["input_scale"]) @ ctx.arrays["weight"]
        return plus_own(times_own(v, ctx.arrays["output_scale"]), ctx.arrays["bias"])

    def backward_step(self) -> str:
        return "delta·s @ Wᵀ·r"
