"""Rectifiers: two straight lines that meet at 0."""

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.activations.base import Activation, activations
from nettrain.catalogue.settings import number


@kernel
def relu_forward(z: Array, a: Array, numbers: Array) -> None:
    """a = z, or 0 where z < 0; NaN stays NaN. Three times as fast as a ufunc with a scalar."""
    zero = z.dtype.type(0)
    for k in prange(z.shape[0] * z.shape[1]):
        r, i = k // z.shape[1], k % z.shape[1]
        signal, out = z[r, i], a[r, i]
        for j in range(out.size):
            out[j] = zero if signal[j] < zero else signal[j]


@kernel
def relu_backward(delta: Array, z: Array, a: Array, numbers: Array) -> None:
    """delta = 0 where a is 0, that is where z <= 0."""
    zero = delta.dtype.type(0)
    for k in prange(delta.shape[0] * delta.shape[1]):
        r, i = k // delta.shape[1], k % delta.shape[1]
        slope, signal = delta[r, i], a[r, i]
        for j in range(slope.size):
            slope[j] = slope[j] if signal[j] > zero else zero


@activations.register("relu", source="Krizhevsky et al. 2012; Nair & Hinton 2010")
class Relu(Activation):
    """f(z) = max(0, z); a kink at 0, where the derivative is taken as 0.

    The usual choice for hidden layers: cheap, and it does not saturate above 0. A unit that is below 0 on
    every row learns no more; leaky_relu avoids that. As torch.nn.ReLU.
    """

    initializer = "he_normal"
    in_place = True
    kinks = (0.0,)
    forward_kernel = relu_forward
    backward_kernel = relu_backward

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        xp.maximum(z, 0.0, out=a)


@kernel
def leaky_relu_backward(delta: Array, z: Array, a: Array, numbers: Array) -> None:
    """delta *= 1 where z > 0, else the slope."""
    zero = delta.dtype.type(0)
    for k in prange(delta.shape[0] * delta.shape[1]):
        r, i = k // delta.shape[1], k % delta.shape[1]
        slope, signal, left = delta[r, i], z[r, i], numbers[r, 0]
        for j in range(slope.size):
            slope[j] = slope[j] if signal[j] > zero else left * slope[j]


@activations.register("leaky_relu", source="Maas et al. 2013")
class LeakyRelu(Activation):
    """f(z) = z above 0, λz below: units that are off still learn.

    Use it where many relu units stay at 0. As torch.nn.LeakyReLU.
    """

    negative_slope: float = number(0.01, "slope λ below 0", ge=0, le=1)
    initializer = "he_normal"
    kinks = (0.0,)
    backward_kernel = leaky_relu_backward

    @property
    def left_slope(self) -> float:
        return self.negative_slope

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        """The larger of z and λz, as λ is at most 1."""
        xp.multiply(z, self.negative_slope, out=a)
        xp.maximum(z, a, out=a)
