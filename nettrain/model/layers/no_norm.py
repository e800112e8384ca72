"""No normalization."""

from typing import TYPE_CHECKING, Any, ClassVar

from nettrain.backend.base import Array, ArrayModule
from nettrain.model.layers.base import Context, DefinitionContext, Layer, norms

if TYPE_CHECKING:
    from nettrain.model.tape import Tape


@norms.register("none")
class NoNorm(Layer):
    """The input as it is."""

    reads_output: ClassVar[bool] = False

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        return x

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        return delta

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        return x
