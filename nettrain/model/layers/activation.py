"""The layer that applies an activation function; the functions themselves are entries of the catalogue."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from nettrain.backend.base import Array, ArrayModule, HostArray
from nettrain.catalogue.activations import Activation, activations
from nettrain.catalogue.columns import columns
from nettrain.catalogue.members import on_device, shaped
from nettrain.catalogue.registry import Choice
from nettrain.catalogue.settings import option
from nettrain.model.layers.base import Context, DefinitionContext, Layer, LearnedArray, layers

if TYPE_CHECKING:
    from nettrain.model.tape import Tape


@layers.register("activation")
class ActivationLayer(Layer):
    """a = f(z); an activation with pieces makes one unit of several columns."""

    function: Annotated[Activation, Choice(activations)] = option(..., "the activation f")

    def width(self, inputs: int) -> int:
        return inputs // self.function.columns_per_unit

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        learned = self.function.learned.items()
        return {name: LearnedArray((1, inputs), "activation", start) for name, start in learned}

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        f = type(self.function)
        if f.identity:
            return x
        in_place = f.in_place and ctx.may_overwrite
        a = x if in_place else ctx.buffer("a", (ctx.members, x.shape[1], self.width(x.shape[2])))
        ctx.buffers |= {"z": x, "a": a}
        if f.forward_kernel is not None:
            tape.launch(f.forward_kernel, x, a, *self._behind(ctx), signals=self._merged(2))
        else:
            tape.formula(self._placed(ctx).forward, x, a)
        return a

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        f = type(self.function)
        if f.identity:
            return delta
        z, a = ctx.buffers["z"], ctx.buffers["a"]
        if f.backward_kernel is not None:
            gradient = [] if f.gradient_by_row else [ctx.gradient]
            tape.launch(
                f.backward_kernel, delta, z, a, *self._behind(ctx, *gradient), signals=self._merged(3)
            )
            if f.gradient_by_row:
                tape.sum_rows(a, ctx.gradient, ctx.start(*f.learned))
        else:
            tape.formula(self._placed(ctx).backward, delta, z, a)
        return z if self.function.columns_per_unit > 1 else delta

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        # what f writes into is a dual number where x or what f learns is one
        a = x[..., : self.width(x.shape[-1])] + 0 * sum(ctx.arrays.values())
        self.function.with_learned(ctx.arrays).forward(xp, x, a)
        return a

    def sides(self, xp: ArrayModule, x: HostArray) -> HostArray | None:
        return self.function.sides(xp, x)

    def summary(self, behind: Sequence[Layer]) -> str:
        pieces = self.function.columns_per_unit
        return f"{self.function.name} of {pieces}" if pieces > 1 else self.function.name

    def backward_step(self) -> str:
        return "" if self.function.identity else f"the derivative of {self.function.name}"

    def _merged(self, signals: int) -> int:
        """How many signals a kernel may take with longer rows: all if the function is elementwise."""
        f = self.function
        return signals if f.elementwise and not f.learned and f.columns_per_unit == 1 else 0

    def _placed(self, ctx: Context) -> Activation:
        """The function with its settings (R, 1, 1) and learned parameters (R, 1, W) on the device."""
        own = on_device(shaped(self.function, 2, ctx.backend.dtype), ctx.backend.from_host)
        return own.with_learned({name: ctx.parameter(name) for name in own.learned})

    def _behind(self, ctx: Context, *gradient: Any) -> tuple[Any, ...]:
        """The kernels' arguments after the signals: numbers (R, k), and parameters with their offsets."""
        device, f = ctx.backend.from_host, self.function
        own = shaped(f, 2, ctx.backend.dtype)
        numbers = device(columns(own.kernel_numbers(), ctx.members))
        if not f.learned:
            return (numbers,)
        starts = device(np.array([ctx.start(name) for name in f.learned], dtype=np.int64))
        return (numbers, ctx.parameters, *gradient, starts)
