"""Forward and backward through the layers, written as a list of calls on fixed buffers.

Nothing is computed here: each function appends calls to a tape, bound to arrays that exist already, and
a step replays them. What a call reads and writes is in the docstrings; a_0 is the input.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from nettrain.backend.base import Array, Backend, Call
from nettrain.backend.kernel import kernel, prange
from nettrain.backend.philox import keep_mask
from nettrain.catalogue.columns import columns
from nettrain.model.architecture import Architecture, Layer
from nettrain.model.parameters import Layout, views

Allocate = Callable[[str, tuple[int, ...]], Array]


@dataclass
class LayerBuffers:
    """What one layer needs for R members and B rows: z, a (R, B, H), and behind dropout also out."""

    z: Array
    a: Array
    mask: Array | None = None
    dropped: Array | None = None
    delta: Array | None = None

    @property
    def output(self) -> Array:
        return self.a if self.dropped is None else self.dropped


@dataclass(frozen=True)
class Dropout:
    """What masks are made of: keys (R, 2) and threshold (R,) uint64, scale (R,), step (1,) uint64."""

    keys: Array
    threshold: Array
    scale: Array
    step: Array


class Tape(list[Call]):
    """Calls in the order in which they run."""

    def call(self, function: Callable[..., object], *arrays: Any, **named: Any) -> None:
        """Append `function(*arrays, **named)`."""
        self.append(partial(function, *arrays, **named))


@kernel
def add_bias(z: Array, w: Array, start: Array) -> None:
    """z (R, B, H) += the bias of H numbers at `start` in each row of w (R, P).

    A ufunc would copy the bias into buffers first, and a view of w would hide that it has no gaps.
    """
    for k in prange(z.shape[0] * z.shape[1]):
        r, i = k // z.shape[1], k % z.shape[1]
        row, bias = z[r, i], w[r, start : start + z.shape[2]]
        for j in range(row.size):
            row[j] += bias[j]


def buffers(plan: Architecture, allocate: Allocate, members: int, rows: int) -> list[LayerBuffers]:
    """Training buffers of every layer, from an allocator that is given a name and a shape."""
    made = []
    for k, layer in enumerate(plan.layers):
        shape = (members, rows, layer.units)
        own = _signals(layer, k, allocate, shape)
        own.delta = allocate(f"delta{k}", shape)
        if layer.dropout:
            own.mask, own.dropped = allocate(f"mask{k}", shape), allocate(f"dropped{k}", shape)
        made.append(own)
    return made


def inference_buffers(plan: Architecture, allocate: Allocate, members: int, rows: int) -> list[LayerBuffers]:
    """Buffers of a forward pass alone: no masks, no deltas."""
    return [_signals(layer, k, allocate, (members, rows, layer.units)) for k, layer in enumerate(plan.layers)]


def _signals(layer: Layer, k: int, allocate: Allocate, shape: tuple[int, ...]) -> LayerBuffers:
    z = allocate(f"z{k}", shape)
    return LayerBuffers(z, z if layer.activation.identity else allocate(f"a{k}", shape))


@dataclass(frozen=True)
class Network:
    """An architecture whose parameters lie as `place` says; `numbers` are its activations' (R, 1, 1)."""

    backend: Backend
    plan: Architecture
    place: Layout
    numbers: Sequence[Any]

    def forward(
        self,
        tape: Tape,
        x: Array,
        parameters: Array,
        work: Sequence[LayerBuffers],
        dropout: Dropout | None = None,
    ) -> Array:
        """z_k = a_{k-1} @ W_k + b_k, a_k = f(z_k), masked while training; returns the last a (R, B, K)."""
        a, weights = x, views(parameters, self.place)
        for k, own in enumerate(work):
            tape.call(self.backend.matmul, a, weights[k]["weight"], own.z)
            bias = self.place.start(k, "bias")
            tape.append(self.backend.launch(add_bias, own.z.size, own.z, parameters, bias))
            self._activate(tape, own, k)
            if dropout is not None and own.mask is not None:
                self._drop(tape, own, k, dropout)
            a = own.output
        return a

    def backward(
        self,
        tape: Tape,
        x: Array,
        parameters: Array,
        gradient: Array,
        work: Sequence[LayerBuffers],
    ) -> None:
        """From ∂loss/∂a of the last layer, in its delta, to the gradient (R, P) of every parameter.

        Per layer: delta *= mask, delta *= f'(z), dW = a_prevᵀ @ delta, db = Σ_rows delta,
        delta_prev = delta @ Wᵀ.
        """
        backend = self.backend
        weights, slopes = views(parameters, self.place), views(gradient, self.place)
        ones = backend.zeros((1, 1, work[0].z.shape[1]))
        ones.fill(1)
        for k in reversed(range(len(self.plan.layers))):
            own = work[k]
            self._through_activation(tape, own, k)
            before = x if k == 0 else work[k - 1].output
            tape.call(backend.matmul, before.swapaxes(1, 2), own.delta, slopes[k]["weight"])
            # the sum over rows as a product with ones: BLAS is three times faster at it than a reduction
            tape.call(backend.matmul, ones, own.delta, slopes[k]["bias"])
            if k > 0:
                down = weights[k]["weight"].swapaxes(1, 2)
                tape.call(backend.matmul, own.delta, down, work[k - 1].delta)

    def _activate(self, tape: Tape, own: LayerBuffers, k: int) -> None:
        kind = type(self.plan.layers[k].activation)
        if kind.forward_kernel is not None:
            signals = (own.z, own.a, self._columns(own, k))
            tape.append(self.backend.launch(kind.forward_kernel, own.z.size, *signals))
        elif not kind.identity:
            tape.call(kind.forward, self.backend.xp, self.numbers[k], own.z, own.a)

    def _columns(self, own: LayerBuffers, k: int) -> Array:
        """The numbers (R, k) of a layer's activation as its kernels read them."""
        values = type(self.plan.layers[k].activation).columns(self.numbers[k])
        return self.backend.from_host(columns(values, own.z.shape[0]))

    def _drop(self, tape: Tape, own: LayerBuffers, k: int, dropout: Dropout) -> None:
        draw = (own.mask, dropout.keys, dropout.step, k, dropout.threshold, dropout.scale)
        tape.append(self.backend.launch(keep_mask, own.z.size, *draw))
        tape.call(self.backend.xp.multiply, own.a, own.mask, out=own.dropped)

    def _through_activation(self, tape: Tape, own: LayerBuffers, k: int) -> None:
        """delta from behind the layer's dropout to in front of its activation."""
        xp, kind = self.backend.xp, type(self.plan.layers[k].activation)
        if own.mask is not None:
            tape.call(xp.multiply, own.delta, own.mask, out=own.delta)
        if kind.backward_kernel is not None:
            signals = (own.delta, own.z, own.a, self._columns(own, k))
            tape.append(self.backend.launch(kind.backward_kernel, own.z.size, *signals))
        elif not kind.identity:
            tape.call(kind.backward, xp, self.numbers[k], own.delta, own.z, own.a)
