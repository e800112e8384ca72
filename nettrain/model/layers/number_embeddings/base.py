"""What becomes of a number: each entry is a class in one file of this folder, chosen by `model.embeddings`.

Conventions: C of the network's inputs are embedded, each with parameters of its own, and become d numbers
each. x (1|R, B, D) are all inputs, y (R, B, W) is the output of the layer, in which the numbers of input c
begin at column `places.outputs[c]`; what has a part for each input is stored one input after the other.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule, Backend, Floats, HostArray
from nettrain.catalogue.registry import Registry, Variant
from nettrain.model.layers.base import Context, DefinitionContext, LearnedArray

if TYPE_CHECKING:
    from nettrain.model.tape import Tape

embeddings: Registry["NumberEmbedding"] = Registry("embedding")


@dataclass(frozen=True, eq=False)
class Places:
    """The columns of x that are embedded, and the first column of y of each: (C,) int64, on the device."""

    inputs: Array
    outputs: Array

    def columns(self, xp: ArrayModule, width: int) -> Array:
        """All columns of y (C, width) that the embedded inputs have."""
        return self.outputs[:, None] + xp.arange(width)


class NumberEmbedding(Variant):
    """A function from one number to `width` of them, with parameters for each of C inputs.

    The methods are those of a layer, for the embedded inputs alone: `forward` and `backward` append to a
    tape, `definition` is the formula. What training never needs, the gradient with respect to x, is computed
    by `x_gradient` without kernels.
    """

    keeps_number: ClassVar[bool] = False  # the first of its numbers is the input itself, which others copy

    @property
    def width(self) -> int:
        """How many numbers one becomes."""
        raise NotImplementedError

    @property
    def rectifies(self) -> bool:
        """Whether the numbers go through a rectifier, which has a kink where one of them becomes 0."""
        return False

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        """The parameters of so many embedded inputs, by name."""
        raise NotImplementedError

    def statistics(self, inputs: int) -> dict[str, LearnedArray]:
        """What depends on the training rows, but is not learned."""
        return {}

    def products(self, inputs: int) -> list[tuple[int, int]]:
        """Rows and columns of the matrices that a row is multiplied by."""
        raise NotImplementedError

    def initial_values(self, inputs: int, generator: np.random.Generator) -> dict[str, Floats]:
        """Initial parameters by name."""
        raise NotImplementedError

    def initial_statistics(self, x: HostArray) -> dict[str, Floats]:
        """Statistics by name, from the embedded inputs x (N, C) of all training rows."""
        return {}

    def forward(self, tape: "Tape", ctx: Context, x: Array, y: Array, places: Places) -> None:
        """Append what writes the embedded inputs' columns of y."""
        raise NotImplementedError

    def backward(self, tape: "Tape", ctx: Context, delta: Array, places: Places) -> None:
        """Append the gradients of the parameters for delta (R, B, W); `ctx.buffers` has x and y."""
        raise NotImplementedError

    def x_gradient(self, ctx: Context, delta: Array, places: Places) -> Array:
        """The gradient with respect to the embedded inputs (R, B, C), after `backward`.

        Without the part of a number that is kept.
        """
        raise NotImplementedError

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        """The numbers (1, B, C, d) of the embedded inputs x (1, B, C), without the number that is kept.

        In functions that dual numbers support.
        """
        raise NotImplementedError

    def prediction(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        """The same in prediction, for R members."""
        return self.definition(xp, ctx, x)

    def summary(self) -> str:
        """A few words for the table of layers."""
        return f"{self.name} {self.width}"


def part(ctx: Context, name: str, inputs: int) -> Array:
    """A parameter as (R, C, m, n): a matrix for each embedded input."""
    array = ctx.parameter(name)
    return array.reshape(len(array), inputs, -1, array.shape[2])


def gradient_part(ctx: Context, name: str, inputs: int) -> Array:
    """The gradient of a parameter as (R, C, m, n)."""
    array = ctx.gradient_of(name)
    return array.reshape(len(array), inputs, -1, array.shape[2])


def lower_limit(backend: Backend, rectifies: bool) -> Array:
    """What the numbers are cut off at from below, (1,): 0, or nothing."""
    return backend.from_host(np.array([0.0 if rectifies else -np.inf]))
