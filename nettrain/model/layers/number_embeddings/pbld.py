"""The embedding of RealMLP: periodic, with bias, linear, and the number itself beside."""

import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule, Floats
from nettrain.backend.kernel import kernel, prange
from nettrain.backend.sinusoid import cosine_and_sine
from nettrain.catalogue.initializers.base import normal, uniform
from nettrain.catalogue.settings import number, option
from nettrain.model.layers.base import Context, DefinitionContext, LearnedArray
from nettrain.model.layers.number_embeddings.base import (
    NumberEmbedding,
    Places,
    embeddings,
    gradient_part,
    lower_limit,
    part,
)
from nettrain.model.layers.number_embeddings.kernels import place, take, write_sums
from nettrain.model.layers.number_embeddings.waves import TURN, WAVE_COST, without_whole_turns

if TYPE_CHECKING:
    from nettrain.model.tape import Tape

PER_RADIAN = 1 / (2 * math.pi)


@embeddings.register("pbld", source="Holzmüller, Grinsztajn & Steinwart 2024")
class PBLD(NumberEmbedding):
    """e = [x, cos(2πfx + a) @ V + b], n learned frequencies f and phases a of each column: RealMLP's.

    Small, and the number itself stays visible. V is of the group embedding too, a and b are biases.
    """

    dimension: int = option(4, "numbers d that a column becomes, the first of them itself", ge=2)
    frequencies: int = option(16, "frequencies n of each column", ge=1)
    sigma: float = number(0.1, "standard deviation of the initial frequencies", gt=0)
    keeps_number: ClassVar[bool] = True

    @property
    def width(self) -> int:
        return self.dimension

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        n, mixed = self.frequencies, self.dimension - 1
        return {
            "frequencies": LearnedArray((inputs, n), "embedding"),
            "phases": LearnedArray((inputs, n), "bias"),
            "mixing": LearnedArray((inputs * n, mixed), "embedding", blocks=inputs),
            "bias": LearnedArray((inputs, mixed), "bias"),
        }

    def products(self, inputs: int) -> list[tuple[int, int]]:
        return [(1, 2 * self.frequencies), (self.frequencies, self.dimension - 1)] * inputs

    def initial_values(self, inputs: int, generator: np.random.Generator) -> dict[str, Floats]:
        shapes = {name: array.shape for name, array in self.arrays(inputs).items()}
        limit = 1 / np.sqrt(self.frequencies)
        return {
            "frequencies": normal(generator, self.sigma, *shapes["frequencies"]),
            "phases": uniform(generator, np.pi, *shapes["phases"]),
            "mixing": uniform(generator, limit, *shapes["mixing"]),
            "bias": uniform(generator, limit, *shapes["bias"]),
        }

    def forward(self, tape: "Tape", ctx: Context, x: Array, y: Array, places: Places) -> None:
        shape = (len(y), len(places.inputs), y.shape[1])
        cosine, sine = (ctx.buffer(name, (*shape, self.frequencies)) for name in ("cosine", "sine"))
        u = ctx.buffer("u", (*shape, self.dimension - 1))
        starts = ctx.start("frequencies"), ctx.start("phases")
        work = 2 * WAVE_COST * cosine.size
        tape.launch(shifted_waves, cosine, sine, x, ctx.parameters, *starts, places.inputs, work=work)
        tape.product(cosine, part(ctx, "mixing", shape[1]), u)
        bias = (ctx.parameters, ctx.start("bias"), self.dimension - 1)
        tape.launch(place, u, y, *bias, places.outputs, 1, lower_limit(ctx.backend, False))

    def backward(self, tape: "Tape", ctx: Context, delta: Array, places: Places) -> None:
        """db = Σ_rows δ, dV = cosᵀ @ δ, dcos = δ @ Vᵀ, and from there to frequencies and phases."""
        inputs, cosine, g = len(places.inputs), ctx.buffers["cosine"], ctx.buffers["u"]
        sums = ctx.buffer("sums", (len(delta), inputs, self.dimension - 1), np.float64)
        low = lower_limit(ctx.backend, False)
        tape.launch(take, delta, ctx.buffers["y"], g, sums, places.outputs, 1, low, work=g.size)
        tape.launch(write_sums, sums, ctx.gradient, ctx.start("bias"), self.dimension - 1)
        tape.product(cosine.swapaxes(2, 3), g, gradient_part(ctx, "mixing", inputs))
        tape.product(g, part(ctx, "mixing", inputs).swapaxes(2, 3), cosine)
        totals = ctx.buffer("totals", (len(delta), inputs, 2, self.frequencies), np.float64)
        tape.launch(
            shifted_wave_gradients,
            *(cosine, ctx.buffers["sine"], ctx.buffers["x"], totals),
            *(ctx.gradient, ctx.start("frequencies"), ctx.start("phases"), places.inputs),
            work=cosine.size,
        )

    def x_gradient(self, ctx: Context, delta: Array, places: Places) -> Array:
        """-2π·Σ f·sin·dcos."""
        frequencies = part(ctx, "frequencies", len(places.inputs))
        slopes = ctx.buffers["cosine"] * ctx.buffers["sine"] * frequencies
        return -TURN * slopes.sum(axis=-1).swapaxes(1, 2)

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        return self._of_turns(xp, ctx, x[..., None] * ctx.arrays["frequencies"][:, None])

    def prediction(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        """Whole turns are left out first, as in the kernels, so that large x lose no digits."""
        turns = x[..., None] * ctx.arrays["frequencies"][:, None]
        return self._of_turns(xp, ctx, without_whole_turns(xp, turns))

    def _of_turns(self, xp: ArrayModule, ctx: DefinitionContext, turns: Any) -> Any:
        inputs, mixed = turns.shape[-2], self.dimension - 1
        angles = TURN * turns + ctx.arrays["phases"][:, None]
        mixing = ctx.arrays["mixing"].reshape(-1, inputs, self.frequencies, mixed)
        return (xp.cos(angles).swapaxes(1, 2) @ mixing).swapaxes(1, 2) + ctx.arrays["bias"][:, None]


@kernel
def shifted_waves(
    cosine: Array, sine: Array, x: Array, w: Array, frequencies: Array, phases: Array, inputs: Array
) -> None:
    """cos and sin (R, C, B, n) of 2πf·x + a; f in turns and a in radians (C, n) at their positions in w."""
    n, unit = cosine.shape[3], cosine.dtype.type(PER_RADIAN)
    for k in prange(cosine.shape[0] * cosine.shape[1] * cosine.shape[2]):
        r, c = k // (cosine.shape[1] * cosine.shape[2]), k // cosine.shape[2] % cosine.shape[1]
        i = k % cosine.shape[2]
        value, turns, other = x[r % x.shape[0], i, inputs[c]], cosine[r, c, i], sine[r, c, i]
        frequency = w[r, frequencies + c * n : frequencies + c * n + n]
        phase = w[r, phases + c * n : phases + c * n + n]
        for j in range(n):
            turns[j] = frequency[j] * value + unit * phase[j]
        cosine_and_sine(turns, other)


@kernel
def shifted_wave_gradients(
    dcosine: Array,
    sine: Array,
    x: Array,
    sums: Array,
    gradient: Array,
    frequencies: Array,
    phases: Array,
    inputs: Array,
) -> None:
    """da = -Σ_rows sin·dcos and df = -2π·Σ_rows x·sin·dcos; sums (R, C, 2, n) float64 is scratch."""
    n = sums.shape[3]
    for k in prange(sums.shape[0] * sums.shape[1]):
        r, c = k // sums.shape[1], k % sums.shape[1]
        along, total = sums[r, c, 0], sums[r, c, 1]
        along[:] = 0
        total[:] = 0
        for i in range(sine.shape[2]):
            value, slope, height = x[r % x.shape[0], i, inputs[c]], dcosine[r, c, i], sine[r, c, i]
            for j in range(n):
                change = slope[j] * height[j]
                total[j] += np.float64(change)
                along[j] += np.float64(value * change)
        to_frequency = gradient[r, frequencies + c * n : frequencies + c * n + n]
        to_phase = gradient[r, phases + c * n : phases + c * n + n]
        for j in range(n):
            to_frequency[j] = -TURN * along[j]
            to_phase[j] = -total[j]
