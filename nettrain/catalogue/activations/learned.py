"""Activations with parameters of their own, which are trained."""

from typing import ClassVar

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.activations.base import Activation, activations

BLOCK = 64  # columns that one iteration goes through: their sums stay in the cache


@kernel
def prelu_forward(z: Array, a: Array, numbers: Array, w: Array, starts: Array) -> None:
    """a = z above 0, slope·z below, with a slope for each column."""
    zero = z.dtype.type(0)
    for k in prange(z.shape[0] * z.shape[1]):
        r, i = k // z.shape[1], k % z.shape[1]
        signal, out, slopes = z[r, i], a[r, i], w[r, starts[0] : starts[0] + z.shape[2]]
        for j in range(signal.size):
            out[j] = signal[j] if signal[j] > zero else slopes[j] * signal[j]


@kernel
def prelu_backward(
    delta: Array, z: Array, a: Array, numbers: Array, w: Array, gradient: Array, starts: Array
) -> None:
    """d slope = Σ delta·min(0, z) over the rows in their order; delta *= 1 above 0, else the slope."""
    zero = delta.dtype.type(0)
    members, rows, columns = delta.shape
    blocks = (columns + BLOCK - 1) // BLOCK
    for k in prange(members * blocks):
        r, first = k // blocks, k % blocks * BLOCK
        last, at = min(first + BLOCK, columns), starts[0]
        slopes, learned = w[r, at + first : at + last], gradient[r, at + first : at + last]
        learned[:] = 0
        for i in range(rows):
            row, signal = delta[r, i, first:last], z[r, i, first:last]
            for j in range(last - first):
                below = min(signal[j], zero)
                learned[j] += row[j] * below
                row[j] = row[j] if signal[j] > zero else slopes[j] * row[j]


@activations.register("prelu", source="He et al. 2015, section 2.1")
class Prelu(Activation):
    """f(z) = z above 0, λz below, with a slope λ for each unit that is learned and starts at 0.25.

    For larger networks and data sets, as leaky_relu with a slope for every unit. As torch.nn.PReLU with a
    parameter per channel; no penalty or decay is applied to λ.
    """

    initializer = "he_normal"
    kinks = (0.0,)
    learned = {"slope": 0.25}  # noqa: RUF012 declared as a class variable in the base
    slope: ClassVar[Array] = 0.25  # in a network the learned slopes (R, 1, C), see `with_learned`
    forward_kernel = prelu_forward
    backward_kernel = prelu_backward

    @property
    def left_slope(self) -> float:
        return self.learned["slope"]

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        """λ·min(z, 0) + max(z, 0), one of which is 0."""
        xp.minimum(z, 0.0, out=a)
        xp.multiply(a, self.slope, out=a)
        xp.add(a, xp.maximum(z, 0.0), out=a)
