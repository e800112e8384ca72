"""The skip connection around a body of layers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, InstanceOf, PlainSerializer

from nettrain.backend.base import Array, ArrayModule, HostArray
from nettrain.catalogue.initializers import Initializer, initializers
from nettrain.catalogue.registry import Choice
from nettrain.catalogue.settings import option
from nettrain.model.layers.base import Context, DefinitionContext, Layer, LearnedArray, layers
from nettrain.model.layers.dense import transposed
from nettrain.model.layers.neural_tangent import (
    factor,
    initial_weight,
    scale_gradient,
    scaled_weight,
    transposed_scaled_weight,
)
from nettrain.model.layers.stored import from_json, to_json

if TYPE_CHECKING:
    from nettrain.model.tape import Tape


def _items(body: object) -> list[object] | tuple[object, ...]:
    """The layers of a body. Raises ValueError when it is no list."""
    if isinstance(body, list | tuple):
        return body
    raise ValueError("is not a list of layers")


BodyLayers = Annotated[
    tuple[InstanceOf[Layer], ...],
    BeforeValidator(lambda body: tuple(map(from_json, _items(body)))),
    PlainSerializer(lambda body: [to_json(layer) for layer in body], return_type=Any),
]


@layers.register("residual", source="He et al. 2016, equations 1 and 2")
class Residual(Layer):
    """y = body(x) + x, or body(x) + x @ P with a learned projection P (m, n) where the widths differ.

    In the neural-tangent parametrization it is x @ P/√m, and P starts as the weights of such a layer do.
    """

    body: BodyLayers = option(..., "the layers that the skip connection goes around")
    init: Annotated[Initializer, Choice(initializers)] = option("glorot_uniform", "initial distribution of P")
    parametrization: Literal["standard", "neural_tangent"] = option("standard", "that of P")
    reads_output: ClassVar[bool] = False
    stream: ClassVar[str] = "weights"

    def width(self, inputs: int) -> int:
        for layer in self.body:
            inputs = layer.width(inputs)
        return inputs

    def children(self) -> tuple[Layer, ...]:
        return self.body

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        outputs = self.width(inputs)
        return {} if outputs == inputs else {"projection": LearnedArray((inputs, outputs))}

    def products(self, inputs: int) -> list[tuple[int, int]]:
        return [array.shape for array in self.arrays(inputs).values()]

    def initial_values(
        self, inputs: int, generator: np.random.Generator, rows: HostArray | None = None
    ) -> dict[str, Any]:
        """No activation follows the projection, so its slope is 1."""
        shapes = {name: array.shape for name, array in self.arrays(inputs).items()}
        if self._tangent:
            return {
                name: initial_weight(generator, shape, rows, self.init.scale)
                for name, shape in shapes.items()
            }
        return {
            name: self.init.scale * self.init.draw(generator, *shape, 1.0) for name, shape in shapes.items()
        }

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        inside = ctx.body.forward(tape, x)
        out = ctx.buffer("out", inside.shape)
        ctx.buffers["x"] = x
        if self._projects(ctx):
            tape.product(x, self._matrix(tape, ctx), out)
            tape.add(out, inside, out)
        else:
            tape.add(inside, x, out)
        return out

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        """dP = xᵀ @ delta, dx = (the body's dx) + delta, or + delta @ Pᵀ; P/√m in the place of P or not."""
        x, skipped = ctx.buffers["x"], delta
        if self._projects(ctx):
            tape.product(x.swapaxes(1, 2), delta, ctx.gradient_of("projection"))
            if self._tangent:
                scale_gradient(tape, ctx, "projection")
        if ctx.needs_delta:
            skipped = ctx.buffer("skipped", (ctx.members, *x.shape[1:]))
            if self._projects(ctx):
                matrix = transposed_scaled_weight if self._tangent else transposed
                tape.product(delta, matrix(tape, ctx, "projection"), skipped)
            else:
                tape.call(ctx.backend.xp.copyto, skipped, delta)
        before = ctx.body.backward(tape, delta, needs_delta=ctx.needs_delta)
        if ctx.needs_delta:
            tape.add(before, skipped, before)
        return before

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        if "projection" not in ctx.arrays:
            return ctx.body(x) + x
        projection = ctx.arrays["projection"]
        return ctx.body(x) + x @ (projection * factor(x.shape[-1]) if self._tangent else projection)

    def summary(self, behind: Sequence[Layer]) -> str:
        return "residual"

    def backward_step(self) -> str:
        return "the sum with its skip connection"

    @property
    def _tangent(self) -> bool:
        return bool(self.parametrization == "neural_tangent")

    def _matrix(self, tape: "Tape", ctx: Context) -> Array:
        return scaled_weight(tape, ctx, "projection") if self._tangent else ctx.parameter("projection")

    def _projects(self, ctx: Context) -> bool:
        return ctx.layout.has(ctx.number, "projection")
