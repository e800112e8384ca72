"""Activations: each entry is a forward function and, right under it, its derivative.

Conventions: z, a, delta (R, B, H) in the run's dtype; `s` holds the entry's own numbers as (R, 1, 1).
`forward(xp, s, z, a)` writes a = f(z) with ufuncs of `xp` and `out=`, so that it runs on any backend and
under dual numbers. `backward(xp, s, delta, z, a)` multiplies delta by f'(z); where ufuncs are slow the entry
names a kernel `backward_kernel(delta, z, a)` instead. `forward` may use z as scratch when the derivative
reads a alone; the backward pass may overwrite z and a, nobody reads them after it. At a kink the
derivative is the left one.
"""

from typing import Any, ClassVar

from nettrain.backend.base import Array
from nettrain.backend.kernel import Kernel, kernel, prange
from nettrain.catalogue.registry import Registry, Variant

activations: Registry["Activation"] = Registry("activation")


class Activation(Variant):
    """An elementwise function between layers."""

    initializer: ClassVar[str] = "glorot_uniform"  # what `init: auto` means in front of it
    identity: ClassVar[bool] = False  # nothing to compute: a is z
    backward_kernel: ClassVar[Kernel | None] = None

    @staticmethod
    def forward(xp: Any, s: Any, z: Array, a: Array) -> None:
        """a = f(z)."""
        raise NotImplementedError

    @staticmethod
    def backward(xp: Any, s: Any, delta: Array, z: Array, a: Array) -> None:
        """delta *= f'(z)."""
        raise NotImplementedError


@activations.register("linear")
class Linear(Activation):
    """f(z) = z."""

    identity = True

    @staticmethod
    def forward(xp: Any, s: Any, z: Array, a: Array) -> None:
        xp.copyto(a, z)

    @staticmethod
    def backward(xp: Any, s: Any, delta: Array, z: Array, a: Array) -> None:
        pass


@activations.register("sigmoid")
class Sigmoid(Activation):
    """f(z) = 1/(1+e^-z) = e^min(z,0) / (1+e^-|z|), which overflows nowhere."""

    @staticmethod
    def forward(xp: Any, s: Any, z: Array, a: Array) -> None:
        xp.minimum(z, 0.0, out=a)
        xp.exp(a, out=a)
        xp.absolute(z, out=z)
        xp.negative(z, out=z)
        xp.exp(z, out=z)
        xp.add(z, 1.0, out=z)
        xp.divide(a, z, out=a)

    @staticmethod
    def backward(xp: Any, s: Any, delta: Array, z: Array, a: Array) -> None:
        """f' = a(1-a)."""
        xp.multiply(delta, a, out=delta)
        xp.subtract(1.0, a, out=a)
        xp.multiply(delta, a, out=delta)


@activations.register("tanh", source="LeCun et al. 1998, Efficient BackProp, section 4.4")
class Tanh(Activation):
    """f(z) = tanh z."""

    @staticmethod
    def forward(xp: Any, s: Any, z: Array, a: Array) -> None:
        xp.tanh(z, out=a)

    @staticmethod
    def backward(xp: Any, s: Any, delta: Array, z: Array, a: Array) -> None:
        """f' = 1 - a²."""
        xp.multiply(a, a, out=a)
        xp.subtract(1.0, a, out=a)
        xp.multiply(delta, a, out=delta)


@kernel
def relu_backward(delta: Array, z: Array, a: Array) -> None:
    """delta = 0 where a is 0, that is where z <= 0."""
    zero = delta.dtype.type(0)
    for k in prange(delta.shape[0] * delta.shape[1]):
        r, i = k // delta.shape[1], k % delta.shape[1]
        slope, signal = delta[r, i], a[r, i]
        for j in range(slope.size):
            slope[j] = slope[j] if signal[j] > zero else zero


@activations.register("relu", source="Krizhevsky et al. 2012; Nair & Hinton 2010")
class Relu(Activation):
    """f(z) = max(0, z); a kink at 0, where the derivative is taken as 0."""

    initializer = "he_normal"
    backward_kernel = relu_backward

    @staticmethod
    def forward(xp: Any, s: Any, z: Array, a: Array) -> None:
        xp.maximum(z, 0.0, out=a)
