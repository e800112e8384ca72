"""A straight line between two bounds, flat outside them."""

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.activations.base import Activation, activations
from nettrain.catalogue.settings import Number


@kernel
def clipped_backward(delta: Array, z: Array, a: Array, numbers: Array) -> None:
    """delta *= slope where low < z < high, else 0; numbers (R, 3) are low, high, slope."""
    zero = delta.dtype.type(0)
    for k in prange(delta.shape[0] * delta.shape[1]):
        r, i = k // delta.shape[1], k % delta.shape[1]
        low, high, inside = numbers[r, 0], numbers[r, 1], numbers[r, 2]
        slope, signal = delta[r, i], z[r, i]
        for j in range(slope.size):
            steep = (signal[j] > low) & (signal[j] < high)
            slope[j] = inside * slope[j] if steep else zero


class Clipped(Activation):
    """What activations that clip have in common: bounds as kinks, and derivative 0 at and beyond them."""

    backward_kernel = clipped_backward

    def kernel_numbers(self) -> list[Number]:
        return [*self.kinks, 1.0]


@activations.register("relu6", source="Krizhevsky 2010, Convolutional deep belief networks on CIFAR-10")
class Relu6(Clipped):
    """f(z) = min(max(0, z), 6).

    relu with a bound, which keeps signals small enough for low precision. As torch.nn.ReLU6.
    """

    initializer = "he_normal"
    kinks = (0.0, 6.0)

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        xp.maximum(z, 0.0, out=a)
        xp.minimum(a, 6.0, out=a)


@activations.register("hard_tanh", source="Collobert 2004")
class HardTanh(Clipped):
    """f(z) = min(max(-1, z), 1): tanh in straight lines.

    Cheaper than tanh, but without any gradient outside of ±1. As torch.nn.Hardtanh.
    """

    kinks = (-1.0, 1.0)

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        xp.maximum(z, -1.0, out=a)
        xp.minimum(a, 1.0, out=a)


@activations.register("hard_sigmoid", source="Courbariaux et al. 2015; slope 1/6: Howard et al. 2019")
class HardSigmoid(Clipped):
    """f(z) = min(max(0, z+3), 6)/6: sigmoid in straight lines.

    Cheaper than sigmoid, and reaches 0 and 1 exactly. As torch.nn.Hardsigmoid; Courbariaux et al. have slope
    1/2, Keras before version 3 1/5.
    """

    unit_interval = True
    kinks = (-3.0, 3.0)

    def kernel_numbers(self) -> list[Number]:
        return [*self.kinks, 1 / 6]

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        xp.add(z, 3.0, out=a)
        xp.maximum(a, 0.0, out=a)
        xp.minimum(a, 6.0, out=a)
        xp.divide(a, 6.0, out=a)
