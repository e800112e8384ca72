"""The input times a smooth gate of itself."""

import math
from typing import Literal

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.exponential import exp_below_zero
from nettrain.backend.kernel import kernel, prange
from nettrain.backend.normal import normal_cdf_from
from nettrain.backend.special import logistic, normal_cdf
from nettrain.catalogue.activations.base import Activation, activations
from nettrain.catalogue.settings import Number, option

CUBIC = 0.044715
RATE = math.sqrt(2 / math.pi)
DENSITY = 1 / math.sqrt(2 * math.pi)


@kernel
def gelu_backward(delta: Array, z: Array, a: Array, numbers: Array) -> None:
    """delta *= f'(z): Φ(z) + z·φ(z), where Φ(z) = a/z; numbers (R, 1) is 1 for the form with tanh.

    That one is z·σ(w) with w = 2√(2/π)(z + 0.044715z³), and its derivative σ(w)·(1 + z·σ(-w)·w').
    """
    kind = delta.dtype.type
    half, one, zero, peak = kind(0.5), kind(1), kind(0), kind(DENSITY)
    rate, cubic, steep = kind(2 * RATE), kind(CUBIC), kind(3 * CUBIC)
    for k in prange(delta.shape[0] * delta.shape[1]):
        r, i = k // delta.shape[1], k % delta.shape[1]
        slope, signal, e = delta[r, i], z[r, i], a[r, i]
        if numbers[r, 0] > 0:
            for j in range(slope.size):
                v = signal[j]
                e[j] = -abs(rate * v * (one + cubic * v * v))
            exp_below_zero(e)
            for j in range(slope.size):
                v = signal[j]
                gate = (one if v >= zero else e[j]) / (one + e[j])
                shut = (e[j] if v >= zero else one) / (one + e[j])
                # far out shut is 0, and must meet the other factors before their product is infinite
                slope[j] *= gate * (one + shut * v * rate * (one + steep * v * v))
        else:
            for j in range(slope.size):
                v = signal[j]
                below = half if v == zero else e[j] / v
                e[j] = -half * v * v
                signal[j] = slope[j] * v * peak
                slope[j] *= below
            exp_below_zero(e)
            for j in range(slope.size):
                slope[j] += signal[j] * e[j]


@kernel
def gelu_forward(z: Array, a: Array, numbers: Array) -> None:
    """a = z·Φ(z), or z·σ(w); see `gelu_backward`."""
    kind = a.dtype.type
    one, half, zero, rate, cubic = kind(1), kind(0.5), kind(0), kind(2 * RATE), kind(CUBIC)
    for k in prange(z.shape[0] * z.shape[1]):
        r, i = k // z.shape[1], k % z.shape[1]
        signal, e = z[r, i], a[r, i]
        if numbers[r, 0] > 0:
            for j in range(e.size):
                v = signal[j]
                e[j] = -abs(rate * v * (one + cubic * v * v))
            exp_below_zero(e)
            for j in range(e.size):
                e[j] = signal[j] * (one if signal[j] >= zero else e[j]) / (one + e[j])
        else:
            for j in range(e.size):
                e[j] = -half * signal[j] * signal[j]
            exp_below_zero(e)
            normal_cdf_from(signal, e)
            for j in range(e.size):
                e[j] *= signal[j]


@activations.register("gelu", source="Hendrycks & Gimpel 2016")
class Gelu(Activation):
    """f(z) = z·Φ(z), the input times the probability that a standard normal number is below it.

    A smooth relu, usual in transformers. `approximate: tanh` is the form of the first implementations, which
    differs by up to 0.0005. As torch.nn.GELU.
    """

    approximate: Literal["none", "tanh"] = option("none", "tanh: z/2·(1+tanh(√(2/π)(z+0.044715z³)))")
    initializer = "he_normal"
    forward_kernel = gelu_forward
    backward_kernel = gelu_backward

    def kernel_numbers(self) -> list[Number]:
        return [float(self.approximate == "tanh")]

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        if self.approximate == "none":
            normal_cdf(xp)(z, out=a)
        else:
            xp.multiply(z, z, out=a)
            xp.multiply(a, CUBIC, out=a)
            xp.add(a, 1.0, out=a)
            xp.multiply(a, z, out=a)
            xp.multiply(a, 2 * RATE, out=a)
            logistic(xp)(a, out=a)  # (1 + tanh u)/2 is σ(2u), which keeps its small values
        xp.multiply(a, z, out=a)


@kernel
def silu_forward(z: Array, a: Array, numbers: Array) -> None:
    """a = z·σ(z), with e^-|z| alone."""
    one, zero = a.dtype.type(1), a.dtype.type(0)
    for k in prange(z.shape[0] * z.shape[1]):
        r, i = k // z.shape[1], k % z.shape[1]
        signal, e = z[r, i], a[r, i]
        for j in range(e.size):
            e[j] = -abs(signal[j])
        exp_below_zero(e)
        for j in range(e.size):
            e[j] = signal[j] * (one if signal[j] >= zero else e[j]) / (one + e[j])


@kernel
def silu_backward(delta: Array, z: Array, a: Array, numbers: Array) -> None:
    """delta *= σ(z)·(1 + z·σ(-z))."""
    one, zero = delta.dtype.type(1), delta.dtype.type(0)
    for k in prange(delta.shape[0] * delta.shape[1]):
        r, i = k // delta.shape[1], k % delta.shape[1]
        slope, signal, e = delta[r, i], z[r, i], a[r, i]
        for j in range(slope.size):
            e[j] = -abs(signal[j])
        exp_below_zero(e)
        for j in range(slope.size):
            gate = (one if signal[j] >= zero else e[j]) / (one + e[j])
            shut = (e[j] if signal[j] >= zero else one) / (one + e[j])
            slope[j] *= gate * (one + signal[j] * shut)


@activations.register("silu", source="Elfwing, Uchibe & Doya 2017; Hendrycks & Gimpel 2016")
class Silu(Activation):
    """f(z) = z·sigmoid(z), also called swish.

    A smooth relu whose slope below 0 comes back to 0; for deep networks. As torch.nn.SiLU.
    """

    initializer = "he_normal"
    forward_kernel = silu_forward
    backward_kernel = silu_backward

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        logistic(xp)(z, out=a)
        xp.multiply(a, z, out=a)


@kernel
def mish_forward(z: Array, a: Array, numbers: Array) -> None:
    """a = z·t, t = tanh(softplus z); see `mish_backward`."""
    one, two, zero = a.dtype.type(1), a.dtype.type(2), a.dtype.type(0)
    for k in prange(z.shape[0] * z.shape[1]):
        r, i = k // z.shape[1], k % z.shape[1]
        signal, e = z[r, i], a[r, i]
        for j in range(e.size):
            e[j] = -abs(signal[j])
        exp_below_zero(e)
        for j in range(e.size):
            right = signal[j] > zero
            part = one + two * e[j] if right else e[j] * (e[j] + two)
            rest = two * e[j] * e[j] if right else two
            e[j] = signal[j] * part / (part + rest)


@kernel
def mish_backward(delta: Array, z: Array, a: Array, numbers: Array) -> None:
    """delta *= t + z·(1-t²)·sigmoid(z), t = tanh(softplus z).

    With e = e^-|z| both are quotients of polynomials: t is (1+2e)/(1+2e+2e²) above 0, and
    (e²+2e)/(e²+2e+2) below.
    """
    one, two, zero = delta.dtype.type(1), delta.dtype.type(2), delta.dtype.type(0)
    for k in prange(delta.shape[0] * delta.shape[1]):
        r, i = k // delta.shape[1], k % delta.shape[1]
        slope, signal, e = delta[r, i], z[r, i], a[r, i]
        for j in range(slope.size):
            e[j] = -abs(signal[j])
        exp_below_zero(e)
        for j in range(slope.size):
            right = signal[j] > zero
            part = one + two * e[j] if right else e[j] * (e[j] + two)
            rest = two * e[j] * e[j] if right else two
            t, other = part / (part + rest), rest / (part + rest)
            gate = (one if right else e[j]) / (one + e[j])
            slope[j] *= t + signal[j] * other * (one + t) * gate


@activations.register("mish", source="Misra 2019")
class Mish(Activation):
    """f(z) = z·tanh(log(1+e^z)).

    Much like silu, and somewhat slower. As torch.nn.Mish.
    """

    initializer = "he_normal"
    forward_kernel = mish_forward
    backward_kernel = mish_backward

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        """log(1+e^z) is the larger of z and 0 plus log1p(e^-|z|)."""
        xp.logaddexp(z, 0.0, out=a)
        xp.tanh(a, out=a)
        xp.multiply(a, z, out=a)
