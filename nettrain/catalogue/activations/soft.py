"""The smooth rectifier."""

from nettrain.backend.base import Array, ArrayModule
from nettrain.catalogue.activations.base import Activation, activations


@activations.register("softplus", source="Dugas et al. 2001")
class Softplus(Activation):
    """f(z) = log(1+e^z) = max(z,0) + log(1+e^-|z|), which overflows nowhere.

    A smooth relu that is always positive: for outputs that must be, such as a scale. As torch.nn.Softplus,
    without its switch to z above 20.
    """

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        xp.absolute(z, out=a)
        xp.negative(a, out=a)
        xp.exp(a, out=a)
        xp.log1p(a, out=a)
        xp.maximum(z, 0.0, out=z)
        xp.add(a, z, out=a)

    def backward(self, xp: ArrayModule, delta: Array, z: Array, a: Array) -> None:
        """f' = sigmoid(z) = 1 - e^-a."""
        xp.negative(a, out=a)
        xp.expm1(a, out=a)
        xp.multiply(delta, a, out=delta)
        xp.negative(delta, out=delta)
