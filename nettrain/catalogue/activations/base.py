"""What an activation is.

Conventions: z, a, delta (R, B, H) in the run's dtype; `s` holds the entry's own numbers as (R, 1, 1).
`forward(xp, s, z, a)` writes a = f(z) with ufuncs of `xp` and `out=`, so that it runs on any backend and
under dual numbers: it is the definition. `backward(xp, s, delta, z, a)` multiplies delta by f'(z). Where
ufuncs are slow the entry names kernels instead: `backward_kernel(delta, z, a, numbers)`, and beside its
`forward` a `forward_kernel(z, a, numbers)` that computes the same; numbers (R, k) are the values of
`columns(s)`. A forward pass may leave in z whatever the entry's own derivative reads there; the backward
pass may overwrite z and a, nobody reads them after it. At a kink the derivative is the one of the flatter
side: 0 for those that clip, the slope below 0 for the rest; `kinks` names the z where it jumps.

An entry with `learned` numbers, one for each column of its layer, finds them in `s` by name, (R, 1, C).
Its kernels get behind `numbers` the parameters (R, P), `backward_kernel` then the gradient (R, P), and starts
(k,), where the C numbers of each name begin in a row; `backward_kernel` writes their gradient. An entry that
makes one unit of several columns, `columns_per_unit` k, gets z (R, B, k·H), piece after piece, and a, delta
(R, B, H); its `backward_kernel` leaves the gradient in z.
"""

from typing import Any, ClassVar

from nettrain.backend.base import Array
from nettrain.backend.kernel import Kernel
from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import varies

activations: Registry["Activation"] = Registry("activation")


class Activation(Variant):
    """A function between layers, elementwise unless it says otherwise."""

    initializer: ClassVar[str] = "glorot_uniform"  # what `init: auto` means in front of it
    identity: ClassVar[bool] = False  # nothing to compute: a is z
    # f(z) = max(0, z), slope 0 up to 0: products do it as they write, and a takes the place of z
    rectifies: ClassVar[bool] = False
    elementwise: ClassVar[bool] = True
    outputs_only: ClassVar[bool] = False
    learned: ClassVar[dict[str, float]] = {}  # numbers that are trained: name -> start
    kinks: ClassVar[tuple[float, ...]] = ()
    forward_kernel: ClassVar[Kernel | None] = None
    backward_kernel: ClassVar[Kernel | None] = None

    @classmethod
    def columns(cls, s: Any) -> list[Any]:
        """What the kernels need to know of each member: (k) values, each a number or one per member."""
        return [getattr(s, field) for field in cls.model_fields if varies(cls, field)]

    @property
    def columns_per_unit(self) -> int:
        """Columns of the Dense in front that make one unit."""
        return 1

    @property
    def left_slope(self) -> float:
        """f'(z) far below 0, which He's initializers make up for."""
        return 0.0

    @classmethod
    def sides(cls, xp: Any, s: Any, z: Array) -> Array | None:
        """On which smooth piece each value lies, as whole numbers; None when f is smooth everywhere."""
        return sum((z > kink).astype(int) for kink in cls.kinks) if cls.kinks else None

    @staticmethod
    def forward(xp: Any, s: Any, z: Array, a: Array) -> None:
        """a = f(z)."""
        raise NotImplementedError

    @staticmethod
    def backward(xp: Any, s: Any, delta: Array, z: Array, a: Array) -> None:
        """delta *= f'(z)."""
        raise NotImplementedError
