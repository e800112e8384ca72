"""The layer that gives every sub-member a batch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.settings import option
from nettrain.model.layers.base import Context, DefinitionContext, Layer, layers

if TYPE_CHECKING:
    from nettrain.model.tape import Tape


@layers.register("repeat", source="Gorishniy, Kotelnikov & Babenko 2024, TabM")
class Repeat(Layer):
    """y = the batch x once for each of k sub-members, one copy after the other: B rows become k·B.

    Where training has drawn a batch for each of them, x consists of these already, and y is x.
    """

    sub_members: int = option(..., "sub-members k", ge=1)
    reads_output: ClassVar[bool] = False

    @property
    def batches(self) -> int:
        return self.sub_members

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        if ctx.own_batches:
            return x
        members, rows, columns = x.shape
        out = ctx.buffer("out", (members, self.sub_members * rows, columns))
        copies = out.reshape(members, self.sub_members, rows, columns)
        tape.call(ctx.backend.xp.copyto, copies, x[:, None])
        return out

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        """dx = Σ_i delta_i."""
        if ctx.own_batches or not ctx.needs_delta:
            return delta
        members, rows, columns = delta.shape
        before = ctx.buffer("delta", (members, rows // self.sub_members, columns))
        tape.launch(add_copies, before, delta, work=delta.size)
        return before

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        return xp.concatenate([x] * self.sub_members, axis=1)

    def summary(self, behind: Sequence[Layer]) -> str:
        return f"{self.sub_members} sub-members"

    def backward_step(self) -> str:
        return "the sum over its sub-members"


@kernel
def add_copies(out: Array, delta: Array) -> None:
    """out (R, B, W) = the sum of the k copies in delta (R, k·B, W), the first ones first."""
    rows, copies = out.shape[1], delta.shape[1] // out.shape[1]
    for t in prange(out.shape[0] * rows):
        r, b = t // rows, t % rows
        total, first = out[r, b], delta[r, b]
        for j in range(total.size):
            total[j] = first[j]
        for i in range(1, copies):
            row = delta[r, i * rows + b]
            for j in range(total.size):
                total[j] += row[j]
