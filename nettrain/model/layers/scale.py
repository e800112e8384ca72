"""The layer that scales each column by a learned factor."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator

from nettrain.backend.base import Array, ArrayModule, HostArray
from nettrain.catalogue.settings import option
from nettrain.model.layers.base import Context, DefinitionContext, Layer, LearnedArray, layers
from nettrain.model.layers.positions import as_tuple
from nettrain.model.layers.sub_members import scale_columns, scale_columns_backward

if TYPE_CHECKING:
    from nettrain.model.tape import Tape

Start = Literal["ones", "signs", "normal"]
Groups = Annotated[tuple[int, ...], BeforeValidator(as_tuple)]


@layers.register("scale", source="Holzmüller, Grinsztajn & Steinwart 2024; for sub-members: TabM")
class Scale(Layer):
    """y_i = x_i·s_i for each sub-member i, with factors s (k, W); for k = 1 a diagonal matrix.

    The factors start at 1, or at random as those of `BatchEnsemble`.
    """

    sub_members: int = option(1, "sub-members k", ge=1)
    start: Start = option("ones", "how the factors begin")
    groups: Groups = option((), "widths of the groups of columns that begin with the same factor")
    reads_output: ClassVar[bool] = False
    stream: ClassVar[str] = "weights"

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        return {"scale": LearnedArray((self.sub_members, inputs), "scale", 1.0, blocks=self.sub_members)}

    def initial_values(
        self, inputs: int, generator: np.random.Generator, rows: HostArray | None = None
    ) -> dict[str, Any]:
        return {"scale": starting_factors(generator, self.sub_members, inputs, self.start, self.groups)}

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        out = ctx.buffer("out", (ctx.members, *x.shape[1:]))
        ctx.buffers["x"] = x
        tape.launch(
            scale_columns, x, out, ctx.parameters, ctx.start("scale"), self.sub_members, work=out.size
        )
        return out

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        """ds_i = Σ_rows delta_i·x_i, dx_i = delta_i·s_i."""
        arrays = ctx.buffers["x"], ctx.parameters, ctx.gradient
        tape.launch(scale_columns_backward, delta, *arrays, ctx.start("scale"), self.sub_members)
        return delta

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        return times_own(x, ctx.arrays["scale"])

    def summary(self, behind: Sequence[Layer]) -> str:
        return "scale"

    def backward_step(self) -> str:
        return "the factors of its scale"


def times_own(x: Any, own: Any) -> Any:
    """x (R, k·B, W) with the rows of each sub-member times its own (R, k, W)."""
    product = _by_sub_member(x, own) * own[:, :, None]
    return product.reshape(product.shape[0], *x.shape[1:])


def plus_own(x: Any, own: Any) -> Any:
    """x (R, k·B, W) with the own numbers (R, k, W) of each sub-member added to its rows."""
    total = _by_sub_member(x, own) + own[:, :, None]
    return total.reshape(total.shape[0], *x.shape[1:])


def _by_sub_member(x: Any, own: Any) -> Any:
    """x (1|R, k·B, W) as (1|R, k, B, W)."""
    return x.reshape(x.shape[0], own.shape[1], -1, x.shape[2])


def starting_factors(
    generator: np.random.Generator, sub_members: int, columns: int, start: Start, groups: Sequence[int]
) -> HostArray:
    """Factors (k, W) that are 1, or random: ±1 with equal chance, or N(0, 1).

    The columns of a group have one number together; without groups, each has its own.
    """
    if start == "ones":
        return np.ones((sub_members, columns))
    widths = groups or (1,) * columns
    shape = (sub_members, len(widths))
    drawn = generator.standard_normal(shape)
    if start == "signs":
        drawn = np.where(drawn < 0, -1.0, 1.0)
    return np.repeat(drawn, widths, axis=1)
