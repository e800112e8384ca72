"""The identity, and the classical curves that saturate on both sides."""

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.exponential import exp_below_zero
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.activations.base import Activation, activations


@activations.register("linear")
class Linear(Activation):
    """f(z) = z."""

    identity = True

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        xp.copyto(a, z)

    def backward(self, xp: ArrayModule, delta: Array, z: Array, a: Array) -> None:
        pass


@kernel
def sigmoid_forward(z: Array, a: Array, numbers: Array) -> None:
    """a = 1 or e over 1+e, e = e^-|z|."""
    one, zero = a.dtype.type(1), a.dtype.type(0)
    for k in prange(z.shape[0] * z.shape[1]):
        r, i = k // z.shape[1], k % z.shape[1]
        signal, e = z[r, i], a[r, i]
        for j in range(e.size):
            e[j] = -abs(signal[j])
        exp_below_zero(e)
        for j in range(e.size):
            e[j] = (one if signal[j] >= zero else e[j]) / (one + e[j])


@kernel
def sigmoid_backward(delta: Array, z: Array, a: Array, numbers: Array) -> None:
    """delta *= a(1-a)."""
    one = delta.dtype.type(1)
    for k in prange(delta.shape[0] * delta.shape[1]):
        r, i = k // delta.shape[1], k % delta.shape[1]
        slope, value = delta[r, i], a[r, i]
        for j in range(slope.size):
            slope[j] *= value[j] * (one - value[j])


@activations.register("sigmoid")
class Sigmoid(Activation):
    """f(z) = 1/(1+e^-z) = e^min(z,0) / (1+e^-|z|), which overflows nowhere."""

    forward_kernel = sigmoid_forward
    backward_kernel = sigmoid_backward

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        xp.minimum(z, 0.0, out=a)
        xp.exp(a, out=a)
        xp.absolute(z, out=z)
        xp.negative(z, out=z)
        xp.exp(z, out=z)
        xp.add(z, 1.0, out=z)
        xp.divide(a, z, out=a)


@activations.register("tanh", source="LeCun et al. 1998, Efficient BackProp, section 4.4")
class Tanh(Activation):
    """f(z) = tanh z."""

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        xp.tanh(z, out=a)

    def backward(self, xp: ArrayModule, delta: Array, z: Array, a: Array) -> None:
        """f' = 1 - a²."""
        xp.multiply(a, a, out=a)
        xp.subtract(1.0, a, out=a)
        xp.multiply(delta, a, out=delta)


@activations.register("softsign", source="Glorot & Bengio 2010, section 2.3")
class Softsign(Activation):
    """f(z) = z/(1+|z|): tanh with tails that fall off slowly."""

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        """Leaves 1+|z| in z."""
        xp.absolute(z, out=a)
        xp.add(a, 1.0, out=a)
        xp.divide(z, a, out=a)
        xp.absolute(z, out=z)
        xp.add(z, 1.0, out=z)

    def backward(self, xp: ArrayModule, delta: Array, z: Array, a: Array) -> None:
        """f' = 1/(1+|z|)²."""
        xp.divide(delta, z, out=delta)
        xp.divide(delta, z, out=delta)
