"""Rectifiers that bend towards a constant below 0, so that a layer's mean stays near 0."""

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.activations.base import Activation, activations
from nettrain.catalogue.settings import Number, number


@kernel
def elu_backward(delta: Array, z: Array, a: Array, numbers: Array) -> None:
    """delta *= s where z > 0, else a + λs, which is s·λe^z; numbers (R, 2) are λs and s."""
    zero = delta.dtype.type(0)
    for k in prange(delta.shape[0] * delta.shape[1]):
        r, i = k // delta.shape[1], k % delta.shape[1]
        depth, right = numbers[r, 0], numbers[r, 1]
        slope, signal, value = delta[r, i], z[r, i], a[r, i]
        for j in range(slope.size):
            slope[j] *= right if signal[j] > zero else value[j] + depth


@activations.register("elu", source="Clevert, Unterthiner & Hochreiter 2015")
class Elu(Activation):
    """f(z) = z above 0, λ(e^z-1) below.

    Outputs of both signs keep a layer's mean near 0, where relu's is positive. As torch.nn.ELU.
    """

    alpha: float = number(1.0, "λ: f tends to -λ far below 0", ge=0)
    initializer = "he_normal"
    kinks = (0.0,)
    backward_kernel = elu_backward

    def kernel_numbers(self) -> list[Number]:
        return [self.alpha, 1.0]

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        """Leaves max(z, 0) in z."""
        xp.minimum(z, 0.0, out=a)
        xp.expm1(a, out=a)
        xp.multiply(a, self.alpha, out=a)
        xp.maximum(z, 0.0, out=z)
        xp.add(a, z, out=a)


DEPTH, SCALE = 1.6732632423543772, 1.0507009873554805  # the fixed point: mean 0 and variance 1 stay


@activations.register("selu", source="Klambauer et al. 2017")
class Selu(Activation):
    """f(z) = s·elu(z) with λ and s chosen so that signals keep mean 0 and variance 1 by themselves.

    For deep networks without batch_norm, on inputs scaled to mean 0 and variance 1 and with lecun_normal,
    which `init: auto` gives. As torch.nn.SELU.
    """

    initializer = "lecun_normal"
    kinks = (0.0,)
    backward_kernel = elu_backward

    def kernel_numbers(self) -> list[Number]:
        return [DEPTH * SCALE, SCALE]

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        """Leaves max(z, 0)·s in z."""
        xp.minimum(z, 0.0, out=a)
        xp.expm1(a, out=a)
        xp.multiply(a, DEPTH * SCALE, out=a)
        xp.maximum(z, 0.0, out=z)
        xp.multiply(z, SCALE, out=z)
        xp.add(a, z, out=a)
