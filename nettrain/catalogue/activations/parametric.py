"""Activations between the identity and a function σ, with a learned share α of σ for each unit.

f(z) = z + α(σ(z) - z), computed as (1-α)z + ασ(z), which for α = 1 is σ to the last bit. The derivative by z
is 1-α + ασ'(z), that by α is σ(z) - z.
"""

from typing import ClassVar

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.exponential import exp_below_zero, expm1_below_zero
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.activations.base import Activation, activations
from nettrain.catalogue.activations.exponential import DEPTH, SCALE

LEFT = DEPTH * SCALE  # selu far below 0 is -LEFT


class Parametric(Activation):
    """What these activations share; not an entry itself."""

    learned = {"alpha": 1.0}  # noqa: RUF012 declared as a class variable in the base
    alpha: ClassVar[Array] = 1.0  # in a network the learned shares (R, 1, C), see `with_learned`
    gradient_by_row = True

    def mixed(self, xp: ArrayModule, z: Array, a: Array) -> None:
        """a = z + α(a - z), where a is σ(z)."""
        xp.subtract(a, z, out=a)
        xp.multiply(a, self.alpha, out=a)
        xp.add(a, z, out=a)


@kernel
def parametric_selu_forward(z: Array, a: Array, numbers: Array, w: Array, starts: Array) -> None:
    """a = (1-α)z + α·selu(z), with a share α for each column."""
    kind = a.dtype.type
    zero, one, left, right = kind(0), kind(1), kind(LEFT), kind(SCALE)
    for k in prange(z.shape[0] * z.shape[1]):
        r, i = k // z.shape[1], k % z.shape[1]
        signal, e, shares = z[r, i], a[r, i], w[r, starts[0] : starts[0] + z.shape[2]]
        for j in range(e.size):
            e[j] = min(signal[j], zero)
        expm1_below_zero(e)
        for j in range(e.size):
            selu = right * signal[j] if signal[j] > zero else left * e[j]
            e[j] = (one - shares[j]) * signal[j] + shares[j] * selu


@kernel
def parametric_selu_backward(
    delta: Array, z: Array, a: Array, numbers: Array, w: Array, starts: Array
) -> None:
    """delta *= 1-α + α·selu'; a = delta·(selu - z), whose sum over the rows is d α."""
    kind = delta.dtype.type
    zero, one, left, right = kind(0), kind(1), kind(LEFT), kind(SCALE)
    for k in prange(delta.shape[0] * delta.shape[1]):
        r, i = k // delta.shape[1], k % delta.shape[1]
        slope, signal, e = delta[r, i], z[r, i], a[r, i]
        shares = w[r, starts[0] : starts[0] + z.shape[2]]
        for j in range(e.size):
            e[j] = min(signal[j], zero)
        expm1_below_zero(e)
        for j in range(e.size):
            above = signal[j] > zero
            steep = right if above else left * e[j] + left
            selu = right * signal[j] if above else left * e[j]
            e[j] = slope[j] * (selu - signal[j])
            slope[j] *= (one - shares[j]) + shares[j] * steep


@activations.register("parametric_selu", source="Holzmüller, Grinsztajn & Steinwart 2024, section 3")
class ParametricSelu(Parametric):
    """f(z) = z + α(selu(z)-z), with an α for each unit that is learned and starts at 1, as selu.

    Lets each unit become linear, or bend more. For classes in tables, with neural_tangent layers. No penalty
    or decay applies to α unless `optimizer.groups.activation` says so.
    """

    initializer = "lecun_normal"
    kinks = (0.0,)
    forward_kernel = parametric_selu_forward
    backward_kernel = parametric_selu_backward

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        xp.minimum(z, 0.0, out=a)
        xp.expm1(a, out=a)
        xp.multiply(a, LEFT, out=a)
        xp.add(a, xp.maximum(z, 0.0) * SCALE, out=a)
        self.mixed(xp, z, a)


@kernel
def parametric_mish_forward(z: Array, a: Array, numbers: Array, w: Array, starts: Array) -> None:
    """a = z(1-α + αt), t = tanh(softplus z), with a share α for each column; see `mish_backward`."""
    kind = a.dtype.type
    zero, one, two = kind(0), kind(1), kind(2)
    for k in prange(z.shape[0] * z.shape[1]):
        r, i = k // z.shape[1], k % z.shape[1]
        signal, e, shares = z[r, i], a[r, i], w[r, starts[0] : starts[0] + z.shape[2]]
        for j in range(e.size):
            e[j] = -abs(signal[j])
        exp_below_zero(e)
        for j in range(e.size):
            right = signal[j] > zero
            part = one + two * e[j] if right else e[j] * (e[j] + two)
            rest = two * e[j] * e[j] if right else two
            e[j] = signal[j] * ((one - shares[j]) + shares[j] * (part / (part + rest)))


@kernel
def parametric_mish_backward(
    delta: Array, z: Array, a: Array, numbers: Array, w: Array, starts: Array
) -> None:
    """delta *= 1-α + α·mish'; a = delta·(mish - z) = -delta·z(1-t), whose sum over the rows is d α.

    mish' is t + z·(1-t²)·sigmoid(z), see `mish_backward`.
    """
    kind = delta.dtype.type
    zero, one, two = kind(0), kind(1), kind(2)
    for k in prange(delta.shape[0] * delta.shape[1]):
        r, i = k // delta.shape[1], k % delta.shape[1]
        slope, signal, e = delta[r, i], z[r, i], a[r, i]
        shares = w[r, starts[0] : starts[0] + z.shape[2]]
        for j in range(e.size):
            e[j] = -abs(signal[j])
        exp_below_zero(e)
        for j in range(e.size):
            right = signal[j] > zero
            part = one + two * e[j] if right else e[j] * (e[j] + two)
            rest = two * e[j] * e[j] if right else two
            t, other = part / (part + rest), rest / (part + rest)
            gate = (one if right else e[j]) / (one + e[j])
            steep = t + signal[j] * other * (one + t) * gate
            e[j] = -slope[j] * signal[j] * other
            slope[j] *= (one - shares[j]) + shares[j] * steep


@activations.register("parametric_mish", source="Holzmüller, Grinsztajn & Steinwart 2024, section 3")
class ParametricMish(Parametric):
    """f(z) = z + α(mish(z)-z), with an α for each unit that is learned and starts at 1, as mish.

    Lets each unit become linear, or bend more. For numbers in tables, with neural_tangent layers. No penalty
    or decay applies to α unless `optimizer.groups.activation` says so.
    """

    initializer = "he_normal"
    forward_kernel = parametric_mish_forward
    backward_kernel = parametric_mish_backward

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        xp.logaddexp(z, 0.0, out=a)
        xp.tanh(a, out=a)
        xp.multiply(a, z, out=a)
        self.mixed(xp, z, a)
