"""Periodic embeddings: a number as waves of learned frequencies, mixed by a matrix of its own."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nettrain.backend.base import Array, ArrayModule, Floats
from nettrain.catalogue.initializers.base import uniform
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
from nettrain.model.layers.number_embeddings.waves import (
    TURN,
    WAVE_COST,
    truncated_normal,
    wave_gradients,
    waves,
    without_whole_turns,
)

if TYPE_CHECKING:
    from nettrain.model.tape import Tape


@embeddings.register("periodic", source="Gorishniy, Rubachev & Babenko 2022, as PLR")
class Periodic(NumberEmbedding):
    """e = max(0, z @ W + b) with z = [cos 2πfx, sin 2πfx], n learned frequencies f of each column.

    Makes functions of a column that change fast learnable. The frequencies start as N(0, sigma²), cut at
    ±3 sigma; sigma is worth a search on a logarithmic scale from 0.01 to 10.
    """

    dimension: int = option(24, "numbers d that a column becomes", ge=1)
    frequencies: int = option(48, "frequencies n of each column", ge=1)
    sigma: float = number(0.01, "standard deviation of the initial frequencies", gt=0)
    lite: bool = option(False, "one W (2n, d) and b (d,) for all columns, rather than one for each")

    @property
    def width(self) -> int:
        return self.dimension

    @property
    def rectifies(self) -> bool:
        return True

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        n, d, matrices = self.frequencies, self.dimension, self._matrices(inputs)
        return {
            "frequencies": LearnedArray((inputs, n), "embedding"),
            "projection": LearnedArray((matrices * 2 * n, d), blocks=matrices),
            "bias": LearnedArray((matrices, d), "bias"),
        }

    def products(self, inputs: int) -> list[tuple[int, int]]:
        waves = 2 * self.frequencies
        return [(1, waves), (waves, self.dimension)] * inputs

    def initial_values(self, inputs: int, generator: np.random.Generator) -> dict[str, Floats]:
        shapes = {name: array.shape for name, array in self.arrays(inputs).items()}
        limit = 1 / np.sqrt(2 * self.frequencies)
        return {
            "frequencies": truncated_normal(generator, self.sigma, *shapes["frequencies"]),
            "projection": uniform(generator, limit, *shapes["projection"]),
            "bias": uniform(generator, limit, *shapes["bias"]),
        }

    def forward(self, tape: "Tape", ctx: Context, x: Array, y: Array, places: Places) -> None:
        members, rows, inputs = len(y), y.shape[1], len(places.inputs)
        z = ctx.buffer("z", (members, inputs, rows, 2 * self.frequencies))
        e = ctx.buffer("e", (members, inputs, rows, self.dimension))
        start, work = ctx.start("frequencies"), WAVE_COST * z.size
        tape.launch(waves, x, z, ctx.parameters, start, places.inputs, work=work)
        tape.product(self._stacked(z), self._projection(ctx, inputs), self._stacked(e))
        bias = (ctx.parameters, ctx.start("bias"), self._bias_step)
        tape.launch(place, e, y, *bias, places.outputs, 0, lower_limit(ctx.backend, True))

    def backward(self, tape: "Tape", ctx: Context, delta: Array, places: Places) -> None:
        """db = Σ_rows δ, dW = zᵀ @ δ, dz = δ @ Wᵀ, and from there to the frequencies."""
        inputs, z, g = len(places.inputs), ctx.buffers["z"], ctx.buffers["e"]
        sums = ctx.buffer("sums", (len(delta), inputs, self.dimension), np.float64)
        low = lower_limit(ctx.backend, True)
        tape.launch(take, delta, ctx.buffers["y"], g, sums, places.outputs, 0, low, work=g.size)
        tape.launch(write_sums, sums, ctx.gradient, ctx.start("bias"), self._bias_step)
        to_projection = (
            ctx.gradient_of("projection") if self.lite else gradient_part(ctx, "projection", inputs)
        )
        tape.product(self._stacked(z).swapaxes(-1, -2), self._stacked(g), to_projection)
        dz = ctx.buffer("dz", z.shape)
        tape.product(self._stacked(g), self._projection(ctx, inputs).swapaxes(-1, -2), self._stacked(dz))
        totals = ctx.buffer("totals", (len(delta), inputs, self.frequencies), np.float64)
        start = ctx.start("frequencies")
        tape.launch(
            wave_gradients, ctx.buffers["x"], z, dz, totals, ctx.gradient, start, places.inputs, work=z.size
        )

    def x_gradient(self, ctx: Context, delta: Array, places: Places) -> Array:
        """2π·Σ f·(dsin·cos - dcos·sin)."""
        n, z, dz = self.frequencies, ctx.buffers["z"], ctx.buffers["dz"]
        slopes = dz[..., n:] * z[..., :n] - dz[..., :n] * z[..., n:]
        frequencies = part(ctx, "frequencies", len(places.inputs))
        return TURN * (slopes * frequencies).sum(axis=-1).swapaxes(1, 2)

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        return self._of_turns(xp, ctx, x[..., None] * ctx.arrays["frequencies"][:, None])

    def prediction(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        """Whole turns are left out first, as in the kernels, so that large x lose no digits."""
        turns = x[..., None] * ctx.arrays["frequencies"][:, None]
        return self._of_turns(xp, ctx, without_whole_turns(xp, turns))

    def _of_turns(self, xp: ArrayModule, ctx: DefinitionContext, turns: Any) -> Any:
        n, d, angles = self.frequencies, self.dimension, TURN * turns
        z = xp.concatenate([xp.cos(angles), xp.sin(angles)], axis=-1).swapaxes(1, 2)
        matrices = self._matrices(angles.shape[-2])
        e = z @ ctx.arrays["projection"].reshape(-1, matrices, 2 * n, d)
        return xp.maximum(e + ctx.arrays["bias"].reshape(-1, matrices, 1, d), 0.0).swapaxes(1, 2)

    def summary(self) -> str:
        return f"{super().summary()}{' lite' if self.lite else ''}"

    @property
    def _bias_step(self) -> int:
        """From the bias of one input to that of the next."""
        return 0 if self.lite else self.dimension

    def _matrices(self, inputs: int) -> int:
        return 1 if self.lite else inputs

    def _projection(self, ctx: Context, inputs: int) -> Array:
        """W of each input (R, C, 2n, d), or the only one (R, 2n, d)."""
        return ctx.parameter("projection") if self.lite else part(ctx, "projection", inputs)

    def _stacked(self, z: Array) -> Array:
        """(R, C, B, …) as it is, or for a single W the inputs one on another, (R, C·B, …)."""
        return z.reshape(len(z), -1, z.shape[3]) if self.lite else z
