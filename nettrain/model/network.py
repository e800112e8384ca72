"""Forward and backward through the layers, written as a list of calls on fixed buffers.

Nothing is computed here: each function appends calls to a tape, bound to arrays that exist already, and
a step replays them. What a call reads and writes is in the docstrings; a_0 is the input.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from nettrain.backend.base import Array, Backend, Call
from nettrain.backend.philox import keep_mask
from nettrain.model.architecture import Architecture, Layer

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


def inference_buffers(
    plan: Architecture, allocate: Allocate, members: int, rows: int
) -> list[LayerBuffers]:
    """Buffers of a forward pass alone: no masks, no deltas."""
    return [
        _signals(layer, k, allocate, (members, rows, layer.units))
        for k, layer in enumerate(plan.layers)
    ]


def _signals(layer: Layer, k: int, allocate: Allocate, shape: tuple[int, ...]) -> LayerBuffers:
    z = allocate(f"z{k}", shape)
    return LayerBuffers(z, z if layer.activation.identity else allocate(f"a{k}", shape))


def forward(
    tape: Tape,
    backend: Backend,
    plan: Architecture,
    x: Array,
    weights: Sequence[dict[str, Array]],
    work: Sequence[LayerBuffers],
    numbers: Sequence[Any],
    dropout: Dropout | None = None,
) -> Array:
    """z_k = a_{k-1} @ W_k + b_k, a_k = f(z_k), masked while training; returns the last a (R, B, K)."""
    a = x
    for k, (layer, own, w, s) in enumerate(zip(plan.layers, work, weights, numbers, strict=True)):
        tape.call(backend.matmul, a, w["weight"], own.z)
        tape.call(backend.xp.add, own.z, w["bias"], out=own.z)
        if not layer.activation.identity:
            tape.call(type(layer.activation).forward, backend.xp, s, own.z, own.a)
        if dropout is not None and own.mask is not None:
            draw = (own.mask, dropout.keys, dropout.step, k, dropout.threshold, dropout.scale)
            tape.append(backend.launch(keep_mask, own.mask.size, *draw))
            tape.call(backend.xp.multiply, own.a, own.mask, out=own.dropped)
        a = own.output
    return a


def backward(
    tape: Tape,
    backend: Backend,
    plan: Architecture,
    x: Array,
    weights: Sequence[dict[str, Array]],
    gradient: Sequence[dict[str, Array]],
    work: Sequence[LayerBuffers],
    numbers: Sequence[Any],
) -> None:
    """From ∂loss/∂a of the last layer, in its delta, to the gradient of every weight and bias.

    Per layer: delta *= mask, delta *= f'(z), dW = a_prevᵀ @ delta, db = Σ_rows delta, delta_prev = delta @ Wᵀ.
    """
    ones = backend.zeros((1, 1, work[0].z.shape[1]))
    ones.fill(1)
    for k in reversed(range(len(plan.layers))):
        own, layer, xp = work[k], plan.layers[k], backend.xp
        if own.mask is not None:
            tape.call(xp.multiply, own.delta, own.mask, out=own.delta)
        kind = type(layer.activation)
        if kind.backward_kernel is not None:
            signals = (own.delta, own.z, own.a)
            tape.append(backend.launch(kind.backward_kernel, own.z.size, *signals))
        elif not kind.identity:
            tape.call(kind.backward, xp, numbers[k], own.delta, own.z, own.a)
        before = x if k == 0 else work[k - 1].output
        tape.call(backend.matmul, before.swapaxes(1, 2), own.delta, gradient[k]["weight"])
        # the sum over rows as a product with ones: BLAS is three times faster at it than a reduction
        tape.call(backend.matmul, ones, own.delta, gradient[k]["bias"])
        if k > 0:
            tape.call(backend.matmul, own.delta, weights[k]["weight"].swapaxes(1, 2), work[k - 1].delta)
