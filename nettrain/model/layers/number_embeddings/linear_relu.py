"""The simplest embedding: a line for each number, cut off at 0."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nettrain.backend.base import Array, ArrayModule, Floats
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.initializers.base import uniform
from nettrain.catalogue.settings import option
from nettrain.model.layers.base import Context, DefinitionContext, LearnedArray
from nettrain.model.layers.number_embeddings.base import NumberEmbedding, Places, embeddings, part

if TYPE_CHECKING:
    from nettrain.model.tape import Tape


@embeddings.register("linear_relu", source="Gorishniy, Rubachev & Babenko 2022")
class LinearReLU(NumberEmbedding):
    """e = max(0, x·w + b), with w and b (d,) of each column.

    The cheapest; what bends a column is learned by every column for itself.
    """

    dimension: int = option(32, "numbers d that a column becomes", ge=1)

    @property
    def width(self) -> int:
        return self.dimension

    @property
    def rectifies(self) -> bool:
        return True

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        shape = (inputs, self.dimension)
        return {"slope": LearnedArray(shape, "embedding"), "bias": LearnedArray(shape, "bias")}

    def products(self, inputs: int) -> list[tuple[int, int]]:
        return [(1, self.dimension)] * inputs

    def initial_values(self, inputs: int, generator: np.random.Generator) -> dict[str, Floats]:
        limit = 1 / np.sqrt(self.dimension)
        return {name: uniform(generator, limit, *array.shape) for name, array in self.arrays(inputs).items()}

    def forward(self, tape: "Tape", ctx: Context, x: Array, y: Array, places: Places) -> None:
        starts = ctx.start("slope"), ctx.start("bias")
        columns = places.inputs, places.outputs
        work = len(y) * y.shape[1] * len(places.inputs) * self.dimension
        tape.launch(rectified_lines, x, y, ctx.parameters, *starts, self.dimension, *columns, work=work)

    def backward(self, tape: "Tape", ctx: Context, delta: Array, places: Places) -> None:
        """dw = Σ_rows x·δ and db = Σ_rows δ, where e > 0."""
        sums = ctx.buffer("sums", (len(delta), len(places.inputs), 2, self.dimension), np.float64)
        starts = ctx.start("slope"), ctx.start("bias")
        arrays = (delta, ctx.buffers["y"], ctx.buffers["x"], sums, ctx.gradient, *starts)
        work = len(delta) * delta.shape[1] * len(places.inputs) * self.dimension
        tape.launch(rectified_line_gradients, *arrays, places.inputs, places.outputs, work=work)

    def x_gradient(self, ctx: Context, delta: Array, places: Places) -> Array:
        columns = places.columns(ctx.backend.xp, self.dimension)
        slopes = delta[:, :, columns] * (ctx.buffers["y"][:, :, columns] > 0)
        return (slopes * part(ctx, "slope", len(columns)).swapaxes(1, 2)).sum(axis=-1)

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        slope, bias = ctx.arrays["slope"][:, None], ctx.arrays["bias"][:, None]
        return xp.maximum(x[..., None] * slope + bias, 0.0)


@kernel
def rectified_lines(
    x: Array, y: Array, w: Array, slope: Array, bias: Array, width: Array, inputs: Array, outputs: Array
) -> None:
    """y = max(0, x·slope + bias) in the columns of each embedded input; both (C, width) lie in w (R, P)."""
    zero = y.dtype.type(0)
    for k in prange(y.shape[0] * y.shape[1]):
        r, i = k // y.shape[1], k % y.shape[1]
        for c in range(inputs.size):
            value, to = x[r % x.shape[0], i, inputs[c]], y[r, i, outputs[c] : outputs[c] + width]
            factor = w[r, slope + c * width : slope + c * width + width]
            shift = w[r, bias + c * width : bias + c * width + width]
            for j in range(width):
                line = value * factor[j] + shift[j]
                to[j] = zero if line < zero else line


@kernel
def rectified_line_gradients(
    delta: Array,
    y: Array,
    x: Array,
    sums: Array,
    gradient: Array,
    slope: Array,
    bias: Array,
    inputs: Array,
    outputs: Array,
) -> None:
    """dw = Σ_rows x·δ and db = Σ_rows δ where y > 0; sums (R, C, 2, d) float64 is scratch."""
    width, zero = sums.shape[3], delta.dtype.type(0)
    for k in prange(sums.shape[0] * sums.shape[1]):
        r, c = k // sums.shape[1], k % sums.shape[1]
        along, total = sums[r, c, 0], sums[r, c, 1]
        along[:] = 0
        total[:] = 0
        for i in range(delta.shape[1]):
            value = x[r % x.shape[0], i, inputs[c]]
            step = delta[r, i, outputs[c] : outputs[c] + width]
            signal = y[r, i, outputs[c] : outputs[c] + width]
            for j in range(width):
                passed = step[j] if signal[j] > zero else zero
                total[j] += np.float64(passed)
                along[j] += np.float64(value * passed)
        to_slope = gradient[r, slope + c * width : slope + c * width + width]
        to_bias = gradient[r, bias + c * width : bias + c * width + width]
        for j in range(width):
            to_slope[j] = along[j]
            to_bias[j] = total[j]
