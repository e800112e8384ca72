"""The fully connected layer in the neural-tangent parametrization, whose weights have size 1 at any width.

A step works on a copy of W/√m, so that products, and what is fused into them, are those of a `Dense`. The
copy and the scaling of dW visit m·n numbers each; a product has as many multiply-adds for every row.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule, Floats, HostArray
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.settings import number, option
from nettrain.model.layers.base import Context, DefinitionContext, Layer, LearnedArray, layers
from nettrain.model.layers.dense import SMALL

if TYPE_CHECKING:
    from nettrain.model.tape import Tape

DRAWN_ROWS = 5  # training rows whose weighted mean a unit's bias starts from
NO_SPREAD = 1e-10  # of the largest output: a spread below it is rounding
SPAN = 1024  # numbers that one iteration of a kernel scales


@layers.register("neural_tangent", source="Jacot, Gabriel & Hongler 2018; start: Holzmüller et al. 2024")
class NeuralTangentDense(Layer):
    """y = x @ W/√m + b, with W (m, n) and b (n,).

    The function is that of a `Dense` with weights W/√m, but a rate and a decay mean the same at any width. W
    starts from N(0, 1), each unit's column divided by the standard deviation of its x @ W/√m over training
    rows x. A bias starts at minus a mean of the unit's values at five of these, with random weights, so that
    units bend where rows lie.
    """

    units: int = option(..., "number of columns n", ge=1)
    bias: bool = option(True, "whether to add a bias b")
    scale: float = number(1.0, "standard deviation of each unit's x @ W/√m at the start", ge=0)
    reads_output: ClassVar[bool] = False
    starts_from_rows: ClassVar[bool] = True
    stream: ClassVar[str] = "weights"

    def width(self, inputs: int) -> int:
        return self.units

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        bias = {"bias": LearnedArray((1, self.units), "bias")} if self.bias else {}
        return {"weight": LearnedArray((inputs, self.units)), **bias}

    def products(self, inputs: int) -> list[tuple[int, int]]:
        return [(inputs, self.units)]

    def weight_factor(self, inputs: int) -> float:
        return factor(inputs)

    def initial_values(
        self, inputs: int, generator: np.random.Generator, rows: HostArray | None = None
    ) -> dict[str, Any]:
        """Without rows W is drawn from N(0, 1) alone, and biases are 0."""
        weight = initial_weight(generator, (inputs, self.units), rows, self.scale)
        if not self.bias:
            return {"weight": weight}
        return {"weight": weight, "bias": 0.0 if rows is None else _biases(generator, weight, rows)}

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        out = ctx.buffer("out", (ctx.members, x.shape[1], self.units))
        ctx.buffers["x"] = x
        tape.product(x, scaled_weight(tape, ctx, "weight"), out)
        if self.bias:
            tape.add_bias(out, ctx.parameters, ctx.start("bias"))
        return out

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        """db = Σ_rows delta, dW = xᵀ @ delta/√m, dx = delta @ Wᵀ/√m."""
        x = ctx.buffers["x"]
        if self.bias:  # at once, for a device takes it into the pass that has made delta
            tape.sum_rows(delta, ctx.gradient, ctx.start("bias"))
        tape.product(x.swapaxes(1, 2), delta, ctx.gradient_of("weight"))
        scale_gradient(tape, ctx, "weight")
        if not ctx.needs_delta:
            return delta
        before = ctx.buffer("delta", (ctx.members, *x.shape[1:]))
        tape.product(delta, transposed_scaled_weight(tape, ctx, "weight"), before)
        return before

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        z = x @ (ctx.arrays["weight"] * factor(x.shape[-1]))
        return z + ctx.arrays["bias"] if self.bias else z

    def summary(self, behind: Sequence[Layer]) -> str:
        return "neural tangent" if self.bias else "neural tangent, no bias"

    def backward_step(self) -> str:
        return "delta @ Wᵀ/√m"


def factor(inputs: int) -> float:
    """1/√m, for m inputs."""
    return 1 / math.sqrt(inputs)


# ----- the start -----


def initial_weight(
    generator: np.random.Generator, shape: tuple[int, int], rows: HostArray | None, scale: float
) -> Floats:
    """W (m, n) from N(0, 1), with columns whose x @ W/√m has standard deviation `scale` over rows x (B, m).

    Where a unit's values do not differ from row to row, its column stays as large as it is drawn.
    """
    weight: Floats = generator.standard_normal(shape)
    if rows is None:
        return scale * weight
    values = rows @ weight * factor(shape[0])
    spread = values.std(axis=0)
    varies = spread > NO_SPREAD * np.abs(values).max(axis=0)
    return scale * weight / np.where(varies, spread, 1.0)


def _biases(generator: np.random.Generator, weight: Floats, rows: HostArray) -> Floats:
    """b (1, n) = -Σ a_i·(x_i @ W/√m) of rows x_i drawn for each unit, with uniform Dirichlet weights a."""
    units = weight.shape[1]
    drawn = generator.integers(len(rows), size=(units, DRAWN_ROWS))
    shares = generator.dirichlet(np.ones(DRAWN_ROWS), size=units)
    values = rows @ weight * factor(len(weight))
    biases: Floats = -(shares * values[drawn, np.arange(units)[:, None]]).sum(axis=1)
    return biases[None]


# ----- the step -----


def scaled_weight(tape: "Tape", ctx: Context, name: str) -> Array:
    """Append the copy W/√m (R, m, n) of a matrix, which `transposed_scaled_weight` reads in backward."""
    members, inputs, units = ctx.parameter(name).shape
    copy = ctx.buffer(f"{name}_scaled", (members, inputs * units))
    where = (copy, 0, ctx.parameters, ctx.start(name), inputs * units)
    tape.launch(scaled, *where, ctx.column([factor(inputs)]), work=copy.size)
    return copy.reshape(members, inputs, units)


def transposed_scaled_weight(tape: "Tape", ctx: Context, name: str) -> Array:
    """The transpose (R, n, m) of W/√m; for a small one a copy, which products read faster."""
    copy = ctx.buffers[f"{name}_scaled"]
    members, inputs, units = ctx.parameter(name).shape
    if inputs * units > SMALL or not ctx.backend.transposes_small:
        return copy.reshape(members, inputs, units).swapaxes(1, 2)
    out = ctx.buffer(f"{name}_transposed", (members, units, inputs))
    tape.transpose(out, copy, 0)
    return out


def scale_gradient(tape: "Tape", ctx: Context, name: str) -> None:
    """Append: the gradient of a matrix is divided by √m."""
    members, inputs, units = ctx.parameter(name).shape
    at, size = ctx.start(name), inputs * units
    gradient = ctx.gradient
    tape.launch(scaled, gradient, at, gradient, at, size, ctx.column([factor(inputs)]), work=members * size)


@kernel
def scaled(out: Array, to: Array, w: Array, start: Array, size: Array, factor: Array) -> None:
    """`size` numbers at `to` in each row of out (R, Q) = factor (1,) times those at `start` of w (R, P)."""
    spans = (size + SPAN - 1) // SPAN
    for k in prange(out.shape[0] * spans):
        r, first = k // spans, k % spans * SPAN
        last = min(first + SPAN, size)
        values, result = w[r, start + first : start + last], out[r, to + first : to + last]
        for j in range(values.size):
            result[j] = factor[0] * values[j]
