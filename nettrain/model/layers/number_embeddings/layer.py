"""The layer that embeds some of its inputs, each in its place."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule, Backend, Flags, HostArray
from nettrain.catalogue.registry import Choice
from nettrain.catalogue.settings import option
from nettrain.model.layers.base import Context, DefinitionContext, Layer, LearnedArray, StartData, layers
from nettrain.model.layers.number_embeddings.base import NumberEmbedding, Places, embeddings
from nettrain.model.layers.number_embeddings.kernels import copy_columns
from nettrain.model.layers.positions import Positions, refuse_beyond

if TYPE_CHECKING:
    from nettrain.model.tape import Tape


@layers.register("number_embedding")
class NumberEmbeddingLayer(Layer):
    """y = x with several numbers in the place of each input at `positions`: those of its embedding."""

    embedding: Annotated[NumberEmbedding, Choice(embeddings)] = option(..., "what becomes of these inputs")
    positions: Positions = option(..., "columns of the inputs, in ascending order")
    statistics_from_rows: ClassVar[bool] = True
    stream: ClassVar[str] = "weights"

    def width(self, inputs: int) -> int:
        refuse_beyond(self.positions, inputs)
        return inputs + len(self.positions) * (self.embedding.width - 1)

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        return self.embedding.arrays(len(self.positions))

    def statistics(self, inputs: int) -> dict[str, LearnedArray]:
        return self.embedding.statistics(len(self.positions))

    def products(self, inputs: int) -> list[tuple[int, int]]:
        return self.embedding.products(len(self.positions))

    def initial_values(
        self, inputs: int, generator: np.random.Generator, rows: HostArray | None = None
    ) -> dict[str, Any]:
        return dict(self.embedding.initial_values(len(self.positions), generator))

    def initial_statistics(self, inputs: int, start: StartData | None = None) -> dict[str, Any]:
        assert start is not None, "a layer with `statistics_from_rows` is given rows"
        return dict(self.embedding.initial_statistics(start.x[:, list(self.positions)]))

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        inputs = x.shape[2]
        y = ctx.buffer("y", (ctx.members, x.shape[1], self.width(inputs)))
        ctx.buffers["x"] = x
        source = self._source(inputs)
        if (source >= 0).any():
            tape.launch(copy_columns, x, y, ctx.backend.from_host(source), work=y.size)
        self.embedding.forward(tape, ctx, x, y, self._places(ctx.backend, inputs))
        return y

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        x = ctx.buffers["x"]
        places = self._places(ctx.backend, x.shape[2])
        self.embedding.backward(tape, ctx, delta, places)
        if not ctx.needs_delta:
            return delta
        before = ctx.buffer("before", (ctx.members, *x.shape[1:]))
        tape.call(partial(self._x_gradient, ctx, delta, before, places))
        return before

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        return self._in_place(xp, x, self.embedding.definition(xp, ctx, x[..., list(self.positions)]))

    def prediction(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        return self._in_place(xp, x, self.embedding.prediction(xp, ctx, x[..., list(self.positions)]))

    def _in_place(self, xp: ArrayModule, x: Any, embedded: Any) -> Any:
        """x (R, B, D) with the numbers (R, B, C, d) of each embedded input in its place."""
        x = xp.broadcast_to(x, (embedded.shape[0], *x.shape[1:]))
        parts, done = [], 0
        for c, position in enumerate(self.positions):
            kept = position + self.embedding.keeps_number
            parts += [x[..., done:kept], embedded[:, :, c]]
            done = position + 1
        return xp.concatenate([*parts, x[..., done:]], axis=-1)

    def output_sides(self, xp: ArrayModule, y: HostArray) -> HostArray | None:
        if not self.embedding.rectifies:
            return None
        inputs = y.shape[-1] - len(self.positions) * (self.embedding.width - 1)
        each = self._places_on_host(inputs)[:, None] + np.arange(self.embedding.width)
        return (y[..., each.reshape(-1)] > 0).astype(np.int8)

    def summary(self, behind: Sequence[Layer]) -> str:
        return self.embedding.summary()

    def backward_step(self) -> str:
        return f"the backward pass of its embedding {self.embedding.name}"

    def _embedded(self, inputs: int) -> Flags:
        """Which inputs (D,) are embedded."""
        flags = np.zeros(inputs, bool)
        flags[list(self.positions)] = True
        return flags

    def _first_columns(self, inputs: int) -> HostArray:
        """The first column of y of each input (D,)."""
        widths = np.where(self._embedded(inputs), self.embedding.width, 1)
        return np.cumsum(widths) - widths

    def _places_on_host(self, inputs: int) -> HostArray:
        return self._first_columns(inputs)[list(self.positions)]

    def _places(self, backend: Backend, inputs: int) -> Places:
        arrays = (np.array(self.positions, np.int64), self._places_on_host(inputs).astype(np.int64))
        return Places(*map(backend.from_host, arrays))

    def _source(self, inputs: int) -> HostArray:
        """The input that each column of y (W,) is a copy of, -1 for what the embedding computes."""
        copied = ~self._embedded(inputs) | self.embedding.keeps_number
        source = np.full(self.width(inputs), -1, np.int64)
        source[self._first_columns(inputs)[copied]] = np.flatnonzero(copied)
        return source

    def _x_gradient(self, ctx: Context, delta: Array, before: Array, places: Places) -> None:
        """before (R, B, D) = the gradient with respect to x."""
        inputs = before.shape[2]
        copied = ~self._embedded(inputs) | self.embedding.keeps_number
        before[...] = 0
        before[:, :, np.flatnonzero(copied)] = delta[:, :, self._first_columns(inputs)[copied]]
        before[:, :, places.inputs] += self.embedding.x_gradient(ctx, delta, places)
