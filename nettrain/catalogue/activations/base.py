"""What an activation is.

Conventions, with R members, B rows and H units: z (R, B, H) is what the layer in front computes, a (R, B, H)
is f(z) and delta (R, B, H) the gradient of the loss, all in the run's dtype. The numbers of an entry are
floats, or arrays (R, 1, 1) in the settings of R members.

`forward(xp, z, a)` writes a = f(z) with ufuncs of `xp` and `out=`: it is the definition, and runs on every
backend and on the dual numbers of the gradient check. `backward(xp, delta, z, a)` multiplies delta by f'(z).
Where ufuncs are slow an entry names kernels: `backward_kernel(delta, z, a, numbers)` instead of `backward`,
and beside `forward` a `forward_kernel(z, a, numbers)` that computes the same. Their numbers (R, k) are the
values of `kernel_numbers()`.

A forward pass may leave in z whatever the entry's own derivative reads there; the backward pass may overwrite
z and a, which nothing reads after it. At a kink the derivative is that of the flatter side: 0 for those that
clip, the slope below 0 for the rest. `kinks` lists the z where the derivative jumps.

An entry with parameters of its own, one per column of its layer, names them in `learned`; in `forward` they
are attributes of that name, (R, 1, C). Behind `numbers` its kernels take the parameters (R, P), then
`backward_kernel` the gradient (R, P), which it writes, and both `starts` (k,): where the C parameters of each
name begin in a row. With `gradient_by_row`, for an entry with one parameter, the kernel takes no gradient but
leaves in a what each row adds to it, (R, B, C), so that rows can be shared out among threads. An entry that
makes one unit of several columns (`columns_per_unit` k) takes z (R, B, k·H), piece after piece, and a, delta
(R, B, H); its `backward_kernel` leaves the gradient in z.
"""

from collections.abc import Mapping
from typing import ClassVar, Self

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.kernel import Kernel
from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import Number, varies

activations: Registry["Activation"] = Registry("activation")


class Activation(Variant):
    """A function between layers, elementwise unless it says otherwise."""

    initializer: ClassVar[str] = "glorot_uniform"  # what `init: auto` means for the layer in front of it
    identity: ClassVar[bool] = False  # nothing to compute: a is z
    in_place: ClassVar[bool] = False  # a may take the place of z: backward reads a alone
    elementwise: ClassVar[bool] = True
    outputs_only: ClassVar[bool] = False  # not for hidden layers
    unit_interval: ClassVar[bool] = False  # its values lie between 0 and 1
    learned: ClassVar[dict[str, float]] = {}  # parameters that are trained: name -> initial value
    gradient_by_row: ClassVar[bool] = False  # `backward_kernel` leaves the gradient's terms in a
    kinks: ClassVar[tuple[float, ...]] = ()
    forward_kernel: ClassVar[Kernel | None] = None
    backward_kernel: ClassVar[Kernel | None] = None

    def kernel_numbers(self) -> list[Number]:
        """What the kernels take of each member: k values."""
        kind = type(self)
        return [getattr(self, field) for field in kind.model_fields if varies(kind, field)]

    @property
    def columns_per_unit(self) -> int:
        """Columns of the Dense in front that make one unit."""
        return 1

    @property
    def left_slope(self) -> float:
        """f'(z) far below 0, which He's initializers make up for."""
        return 0.0

    def with_learned(self, arrays: Mapping[str, Array]) -> Self:
        """These settings with the learned parameters, each (R, 1, C), as attributes."""
        return self.model_copy(update=dict(arrays))

    def sides(self, xp: ArrayModule, z: Array) -> Array | None:
        """On which smooth piece each value lies, as whole numbers; None where f is smooth everywhere."""
        return sum((z > kink).astype(int) for kink in self.kinks) if self.kinks else None

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        """a = f(z)."""
        raise NotImplementedError

    def backward(self, xp: ArrayModule, delta: Array, z: Array, a: Array) -> None:
        """delta *= f'(z)."""
        raise NotImplementedError
