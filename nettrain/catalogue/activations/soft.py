"""The smooth rectifier."""

from typing import Any

from nettrain.backend.base import Array
from nettrain.catalogue.activations.base import Activation, activations


@activations.register("softplus", source="Dugas et al. 2001")
class Softplus(Activation):
    """f(z) = log(1+e^z) = max(z,0) + log(1+e^-|z|), which overflows nowhere."""

    @staticmethod
    def forward(xp: Any, s: Any, z: Array, a: Array) -> None:
        xp.absolute(z, out=a)
        xp.negative(a, out=a)
        xp.exp(a, out=a)
        xp.log1p(a, out=a)
        xp.maximum(z, 0.0, out=z)
        xp.add(a, z, out=a)

    @staticmethod
    def backward(xp: Any, s: Any, delta: Array, z: Array, a: Array) -> None:
        """f' = sigmoid(z) = 1 - e^-a."""
        xp.negative(a, out=a)
        xp.expm1(a, out=a)
        xp.multiply(delta, a, out=delta)
        xp.negative(delta, out=delta)
