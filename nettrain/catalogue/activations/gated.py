"""The input times a smooth gate of itself."""

import math
from typing import Any, Literal

from nettrain.backend.base import Array
from nettrain.backend.kernel import kernel, prange
from nettrain.backend.special import logistic, normal_cdf
from nettrain.catalogue.activations.base import Activation, activations
from nettrain.catalogue.settings import option

CUBIC = 0.044715
RATE = math.sqrt(2 / math.pi)
DENSITY = 1 / math.sqrt(2 * math.pi)


@kernel
def gelu_backward(delta: Array, z: Array, a: Array, numbers: Array) -> None:
    """delta *= f'(z); numbers (R, 1) is 1 for the form with tanh.

    Φ(z) + z·φ(z), or with t = tanh(u): (1+t)/2 + z/2·(1-t²)·u'.
    """
    kind = delta.dtype.type
    half, one, root, peak = kind(0.5), kind(1), kind(math.sqrt(0.5)), kind(DENSITY)
    rate, cubic, steep = kind(RATE), kind(CUBIC), kind(3 * CUBIC)
    for k in prange(delta.shape[0] * delta.shape[1]):
        r, i = k // delta.shape[1], k % delta.shape[1]
        slope, signal = delta[r, i], z[r, i]
        if numbers[r, 0] > 0:
            for j in range(slope.size):
                v = signal[j]
                t = math.tanh(rate * v * (one + cubic * v * v))
                slope[j] *= half * (one + t) + half * v * (one - t * t) * rate * (one + steep * v * v)
        else:
            for j in range(slope.size):
                v = signal[j]
                slope[j] *= half * math.erfc(-root * v) + v * peak * math.exp(-half * v * v)


@activations.register("gelu", source="Hendrycks & Gimpel 2016")
class Gelu(Activation):
    """f(z) = z·Φ(z), the input times the chance that a standard normal number is below it."""

    approximate: Literal["none", "tanh"] = option("none", "tanh: z/2·(1+tanh(√(2/π)(z+0.044715z³)))")
    initializer = "he_normal"
    backward_kernel = gelu_backward

    @classmethod
    def columns(cls, s: Any) -> list[Any]:
        return [float(s.approximate == "tanh")]

    @staticmethod
    def forward(xp: Any, s: Any, z: Array, a: Array) -> None:
        if s.approximate == "none":
            normal_cdf(xp)(z, out=a)
        else:
            xp.multiply(z, z, out=a)
            xp.multiply(a, CUBIC, out=a)
            xp.add(a, 1.0, out=a)
            xp.multiply(a, z, out=a)
            xp.multiply(a, RATE, out=a)
            xp.tanh(a, out=a)
            xp.add(a, 1.0, out=a)
            xp.multiply(a, 0.5, out=a)
        xp.multiply(a, z, out=a)


@kernel
def silu_backward(delta: Array, z: Array, a: Array, numbers: Array) -> None:
    """delta *= σ + a(1-σ), σ = sigmoid(z)."""
    one, zero = delta.dtype.type(1), delta.dtype.type(0)
    for k in prange(delta.shape[0] * delta.shape[1]):
        r, i = k // delta.shape[1], k % delta.shape[1]
        slope, signal, value = delta[r, i], z[r, i], a[r, i]
        for j in range(slope.size):
            e = math.exp(-abs(signal[j]))
            gate = (one if signal[j] >= zero else e) / (one + e)
            shut = (e if signal[j] >= zero else one) / (one + e)
            slope[j] *= gate + value[j] * shut


@activations.register("silu", source="Elfwing, Uchibe & Doya 2017; Hendrycks & Gimpel 2016")
class Silu(Activation):
    """f(z) = z·sigmoid(z), also called swish."""

    initializer = "he_normal"
    backward_kernel = silu_backward

    @staticmethod
    def forward(xp: Any, s: Any, z: Array, a: Array) -> None:
        logistic(xp)(z, out=a)
        xp.multiply(a, z, out=a)


@kernel
def mish_backward(delta: Array, z: Array, a: Array, numbers: Array) -> None:
    """delta *= t + z·(1-t²)·sigmoid(z), t = tanh(softplus z).

    With e = e^-|z| both are quotients of polynomials: t is (1+2e)/(1+2e+2e²) above 0, and
    (e²+2e)/(e²+2e+2) below.
    """
    one, two, zero = delta.dtype.type(1), delta.dtype.type(2), delta.dtype.type(0)
    for k in prange(delta.shape[0] * delta.shape[1]):
        r, i = k // delta.shape[1], k % delta.shape[1]
        slope, signal = delta[r, i], z[r, i]
        for j in range(slope.size):
            e = math.exp(-abs(signal[j]))
            right = signal[j] > zero
            part = one + two * e if right else e * (e + two)
            rest = two * e * e if right else two
            t, other = part / (part + rest), rest / (part + rest)
            gate = (one if right else e) / (one + e)
            slope[j] *= t + signal[j] * other * (one + t) * gate


@activations.register("mish", source="Misra 2019")
class Mish(Activation):
    """f(z) = z·tanh(log(1+e^z))."""

    initializer = "he_normal"
    backward_kernel = mish_backward

    @staticmethod
    def forward(xp: Any, s: Any, z: Array, a: Array) -> None:
        """The logarithm is the larger of z and 0, and log1p(e^-|z|)."""
        xp.logaddexp(z, 0.0, out=a)
        xp.tanh(a, out=a)
        xp.multiply(a, z, out=a)
