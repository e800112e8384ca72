"""Activations whose units depend on several columns."""

import math

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.activations.base import Activation, activations
from nettrain.catalogue.settings import option


@kernel
def maxout_forward(z: Array, a: Array, numbers: Array) -> None:
    """a = the largest of the pieces, the first of equal ones; NaN where one is NaN."""
    members, rows, units = a.shape
    pieces = z.shape[2] // units
    for k in prange(members * rows):
        r, i = k // rows, k % rows
        row, out = z[r, i], a[r, i]
        for j in range(units):
            out[j] = row[j]
        for piece in range(1, pieces):
            part = row[piece * units : (piece + 1) * units]
            for j in range(units):
                out[j] = out[j] if out[j] >= part[j] or out[j] != out[j] else part[j]


@kernel
def maxout_backward(delta: Array, z: Array, a: Array, numbers: Array) -> None:
    """z = delta where a piece is the first with the maximum, 0 elsewhere."""
    zero = z.dtype.type(0)
    members, rows, units = delta.shape
    pieces = z.shape[2] // units
    for k in prange(members * rows):
        r, i = k // rows, k % rows
        row, signal, out = z[r, i], a[r, i], delta[r, i]
        for piece in range(pieces):
            part = row[piece * units : (piece + 1) * units]
            for j in range(units):
                slope = out[j] if part[j] == signal[j] else zero
                out[j] = zero if part[j] == signal[j] else out[j]  # pieces that are equal get none
                part[j] = slope


@activations.register("maxout", source="Goodfellow et al. 2013")
class Maxout(Activation):
    """The largest of `pieces` linear functions of the layer's input: any convex function of one input.

    Never saturates, and suits dropout, for which it was made; a layer has `pieces` times the weights.
    """

    pieces: int = option(2, "linear functions of each unit", ge=2)
    initializer = "he_normal"
    elementwise = False
    forward_kernel = maxout_forward
    backward_kernel = maxout_backward

    @property
    def columns_per_unit(self) -> int:
        return self.pieces

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        """z (R, B, k·H) holds piece after piece, a (R, B, H) gets the maximum."""
        units = a.shape[-1]
        xp.maximum(z[..., :units], z[..., units : 2 * units], out=a)
        for first in range(2 * units, z.shape[-1], units):
            xp.maximum(a, z[..., first : first + units], out=a)

    def sides(self, xp: ArrayModule, z: Array) -> Array:
        """Which piece is the largest."""
        return z.reshape(*z.shape[:-1], self.pieces, -1).argmax(axis=-2)


@kernel
def softmax_forward(z: Array, a: Array, numbers: Array) -> None:
    """a = e^(z - max z)/Σ, so that z of ±1e4 stay finite."""
    for k in prange(z.shape[0] * z.shape[1]):
        r, i = k // z.shape[1], k % z.shape[1]
        signal, out = z[r, i], a[r, i]
        top = signal[0]
        for j in range(1, signal.size):
            top = max(top, signal[j])
        norm = a.dtype.type(0)
        for j in range(signal.size):
            out[j] = math.exp(signal[j] - top)
            norm += out[j]
        for j in range(signal.size):
            out[j] /= norm


@kernel
def softmax_backward(delta: Array, z: Array, a: Array, numbers: Array) -> None:
    """delta = a·(delta - Σ delta·a): the whole Jacobian diag(a) - a aᵀ."""
    for k in prange(delta.shape[0] * delta.shape[1]):
        r, i = k // delta.shape[1], k % delta.shape[1]
        slope, signal = delta[r, i], a[r, i]
        along = delta.dtype.type(0)
        for j in range(slope.size):
            along += slope[j] * signal[j]
        for j in range(slope.size):
            slope[j] = signal[j] * (slope[j] - along)


@activations.register("softmax", source="Bridle 1990")
class Softmax(Activation):
    """e^z/Σe^z over the outputs of a row: shares that sum to 1.

    For outputs that are shares of a whole, with a squared error. For classes use cross_entropy, which brings
    its own softmax.
    """

    elementwise = False
    outputs_only = True
    unit_interval = True
    forward_kernel = softmax_forward
    backward_kernel = softmax_backward

    def forward(self, xp: ArrayModule, z: Array, a: Array) -> None:
        xp.subtract(z, xp.max(z, axis=-1, keepdims=True), out=a)
        xp.exp(a, out=a)
        xp.divide(a, xp.sum(a, axis=-1, keepdims=True), out=a)
