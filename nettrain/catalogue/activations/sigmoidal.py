"""The identity, and the classical curves that saturate on both sides."""

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.exponential import exp_below_zero
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.activations.base import Activation, activations


@activations.register("linear")
class Linear(Activation):
    """f(z) = z.

    For outputs that are numbers; a network whose hidden layers are linear computes no more than one layer.
    """

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


@activations.register("sigmoid", source="Verhulst 1845; in networks: Rumelhart, Hinton & Williams 1986")
class Sigmoid(Activation):
    """f(z) = 1/(1+e^-z) = e^min(z,0) / (1+e^-|z|), which overflows nowhere.

    For outputs between 0 and 1. Between hidden layers tanh learns faster, as its values are centred on 0.
    """

    unit_interval = True
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
    """f(z) = tanh z.

    The classical hidden unit: smooth, bounded by ±1 and centred on 0; suits small networks. It saturates, so
    that deep networks learn slowly.
    """

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        xp.tanh(z, out=a)

    def backward(self, xp: ArrayModule, delta: Array, z: Array, a: Array) -> None:
        """f' = 1 - a²."""
        xp.multiply(a, a, out=a)
        xp.subtract(1.0, a, out=a)
        xp.multiply(delta, a, out=delta)


@activations.register("softsign", source="Glorot & Bengio 2010, section 2.3")
class Softsign(Activation):
    """f(z) = z/(1+|z|): like tanh, but with tails that approach ±1 slowly.

    Saturates less than tanh, so that deeper layers keep learning. As torch.nn.Softsign.
    """

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
