"""Forward and backward through the layers, written as a list of calls on fixed buffers.

Nothing is computed here: each function appends calls to a tape, bound to arrays that exist already, and
a step replays them. What a call reads and writes is in the docstrings; a_0 is the input.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from nettrain.backend.base import Array, Backend, Call
from nettrain.backend.philox import add_noise, keep_mask, mask_words
from nettrain.catalogue.activations import Activation
from nettrain.catalogue.columns import columns
from nettrain.catalogue.members import on_device
from nettrain.model.architecture import Architecture, Layer
from nettrain.model.batch_norm import normalise, normalise_backward, normalise_by_running
from nettrain.model.parameters import layout, statistics_layout, views

NORMAL_COST = 16  # a Gaussian number costs as much as visiting so many elements
SMALL = 8192  # weights of a matrix that is turned before a product
LONG = 4096  # numbers in a row that is made of several
Allocate = Callable[..., Array]  # name, shape, dtype unless it is the run's


@dataclass
class LayerBuffers:
    """What one layer needs for R members and B rows.

    dense (R, B, C) is what the Dense gives and batch_norm normalises, z (R, B, C) what the activation gets,
    a (R, B, H) what it makes, mask and dropped (R, B, H) belong to dropout, drawn has the words of the mask
    and their bits, delta (R, B, H) is ∂loss/∂output
    on its way through the layer. Without batch_norm dense is z, without an activation or where it rectifies
    z is a.
    """

    dense: Array
    z: Array
    a: Array
    moments: Array | None = None
    mask: Array | None = None
    drawn: tuple[Array, ...] = ()
    dropped: Array | None = None
    delta: Array | None = None

    @property
    def output(self) -> Array:
        return self.a if self.dropped is None else self.dropped

    @property
    def slope(self) -> Array:
        """Where ∂loss/∂z is after the activation: in delta, or in z where a unit has several columns."""
        same = self.delta is None or self.delta.shape == self.z.shape
        return self.delta if same else self.z


@dataclass(frozen=True)
class Numbers:
    """What members may differ in at one layer: the activation's as (R, 1, 1), momentum and epsilon (R, 2)."""

    activation: Activation
    batch_norm: Array | None = None


@dataclass(frozen=True)
class DropoutState:
    """What masks and noise are drawn from: keys (R, 2) and step (1,) uint64, `first` row of the batch.

    `drops` has threshold (R,) uint64 and scale (R,) for each layer with dropout, `noise` is sigma (R,).
    Draws of `purpose` 0 are those of training.
    """

    keys: Array
    step: Array
    drops: dict[int, tuple[Array, Array]] = field(default_factory=dict)
    noise: Array | None = None
    first: int = 0
    purpose: int = 0


class Tape(list[Call]):
    """Calls in the order in which they run; `phases` says at which positions what begins."""

    def __init__(self) -> None:
        super().__init__()
        self.phases: list[tuple[int, str]] = []

    def phase(self, name: str) -> None:
        """What is appended from now on belongs to this phase."""
        self.phases.append((len(self), name))

    def call(self, function: Callable[..., object], *arrays: Any, **named: Any) -> None:
        """Append `function(*arrays, **named)`."""
        self.append(partial(function, *arrays, **named))

    def reached(self, layer: int, z: Array) -> None:
        """Told when this layer's z is complete and its activation comes next: a place for who looks on."""


def buffers(plan: Architecture, allocate: Allocate, members: int, rows: int) -> list[LayerBuffers]:
    """Training buffers of every layer, from an allocator that is given a name and a shape."""
    made = dropping_buffers(plan, allocate, members, rows)
    for k, (layer, own) in enumerate(zip(plan.layers, made, strict=True)):
        own.delta = allocate(f"delta{k}", own.a.shape)
        if layer.batch_norm is not None:
            own.dense = allocate(f"dense{k}", own.z.shape)
    return made


def dropping_buffers(plan: Architecture, allocate: Allocate, members: int, rows: int) -> list[LayerBuffers]:
    """Buffers of a forward pass with dropout: no deltas."""
    made = inference_buffers(plan, allocate, members, rows)
    for k, (layer, own) in enumerate(zip(plan.layers, made, strict=True)):
        if layer.dropout > 0:
            own.mask, own.dropped = (allocate(f"{name}{k}", own.a.shape) for name in ("mask", "dropped"))
            own.drawn = mask_words(allocate, f"words{k}", own.a.shape)
    return made


def inference_buffers(plan: Architecture, allocate: Allocate, members: int, rows: int) -> list[LayerBuffers]:
    """Buffers of a forward pass alone: no masks, no deltas, batch_norm in place."""
    return [_signals(layer, k, allocate, members, rows) for k, layer in enumerate(plan.layers)]


def _signals(layer: Layer, k: int, allocate: Allocate, members: int, rows: int) -> LayerBuffers:
    z = allocate(f"z{k}", (members, rows, layer.columns))
    same = layer.activation.identity or layer.activation.rectifies
    a = z if same else allocate(f"a{k}", (members, rows, layer.units))
    if layer.batch_norm is None:
        return LayerBuffers(z, z, a)
    return LayerBuffers(z, z, a, allocate(f"moments{k}", (members, 3, layer.columns), np.float64))


class Network:
    """An architecture whose parameters (R, P) and statistics (R, Q) lie in these very arrays.

    `numbers` are what its members may differ in, layer by layer.
    """

    def __init__(
        self,
        backend: Backend,
        plan: Architecture,
        parameters: Array,
        statistics: Array,
        numbers: Sequence[Numbers],
    ) -> None:
        self.backend, self.plan, self.numbers = backend, plan, numbers
        self.parameters, self.statistics = parameters, statistics
        self.place, self.remembered = layout(plan), statistics_layout(plan)
        self.arrays = views(parameters, self.place)

    def forward(
        self,
        tape: Tape,
        x: Array,
        work: Sequence[LayerBuffers],
        chance: DropoutState | None = None,
        *,
        training: bool = False,
    ) -> Array:
        """Per layer a @ W + b, batch_norm, f, dropout by `chance`; returns the last output (R, B, K).

        While training batch_norm goes by the batch and takes it into its running averages, else by these.
        """
        a = x
        for k, (layer, own) in enumerate(zip(self.plan.layers, work, strict=True)):
            bias = (self.parameters, self.place.start(k, "bias")) if layer.bias else None
            clamp_min = 0.0 if layer.activation.rectifies and layer.batch_norm is None else None
            weight = self.arrays[k]["weight"]
            tape.append(self.backend.product(a, weight, own.dense, bias=bias, clamp_min=clamp_min))
            if layer.batch_norm is not None:
                self._normalise(tape, own, k, training=training)
            tape.reached(k, own.z)
            if clamp_min is None:
                self._activate(tape, own, k)
            if chance is not None and k in chance.drops:
                self._drop(tape, own, k, chance)
                a = own.output
            else:
                a = own.a
        return a

    def backward(self, tape: Tape, x: Array, gradient: Array, work: Sequence[LayerBuffers]) -> None:
        """From ∂loss/∂a of the last layer, in its delta, to the gradient (R, P) of every parameter.

        Per layer: delta *= mask, delta *= f'(z), through batch_norm, dW = a_prevᵀ @ delta, db = Σ_rows delta,
        delta_prev = delta @ Wᵀ.
        """
        backend, slopes = self.backend, views(gradient, self.place)
        for k in reversed(range(len(self.plan.layers))):
            own, layer = work[k], self.plan.layers[k]
            self._through_activation(tape, own, k, gradient)
            if layer.batch_norm is not None:
                gain, shift = (self.place.start(k, name) for name in ("gain", "shift"))
                signals = (own.slope, own.dense, own.moments)
                self._launch(tape, normalise_backward, *signals, self.parameters, gradient, gain, shift)
            if layer.bias:  # at once, for a device takes it into the pass that has made the slope
                tape.append(backend.sum_rows(own.slope, gradient, self.place.start(k, "bias")))
            before = x if k == 0 else work[k - 1].output
            tape.append(backend.product(before.swapaxes(1, 2), own.slope, slopes[k]["weight"]))
            if k > 0:
                relu_mask = work[k - 1].a if self.plan.layers[k - 1].activation.rectifies else None
                turned = self._turned(tape, k)
                tape.append(backend.product(own.slope, turned, work[k - 1].delta, relu_mask=relu_mask))

    def _turned(self, tape: Tape, k: int) -> Array:
        """Wᵀ (R, n, m) of a layer: of a small one a copy, for BLAS takes longer to turn it than we do."""
        turned = self.arrays[k]["weight"].swapaxes(1, 2)
        if turned[0].size > SMALL or not self.backend.transposes_small:
            return turned
        copied = self.backend.zeros(turned.shape)
        tape.append(self.backend.transpose(copied, self.parameters, self.place.start(k, "weight")))
        return copied

    def _launch(self, tape: Tape, body: Any, signal: Array, *arrays: Any) -> None:
        """A kernel that visits every element of its first argument."""
        tape.append(self.backend.launch(body, signal.size, signal, *arrays))

    def _normalise(self, tape: Tape, own: LayerBuffers, k: int, *, training: bool) -> None:
        places = [self.place.start(k, name) for name in ("gain", "shift")]
        averages = [self.remembered.start(k, name) for name in ("running_mean", "running_variance")]
        rest = (own.moments, self.numbers[k].batch_norm, self.parameters, *places, self.statistics, *averages)
        if training:
            self._launch(tape, normalise, own.dense, own.z, *rest)
        else:
            self._launch(tape, normalise_by_running, own.z, *rest)

    def _activate(self, tape: Tape, own: LayerBuffers, k: int) -> None:
        kind = type(self.plan.layers[k].activation)
        if kind.forward_kernel is not None:
            self._launch(tape, kind.forward_kernel, *self._signals(k, own.z, own.a), *self._entry_arrays(k))
        elif not kind.identity:
            tape.call(self._settings(k).forward, self.backend.xp, own.z, own.a)

    def _through_activation(self, tape: Tape, own: LayerBuffers, k: int, gradient: Array) -> None:
        """delta from behind the layer's dropout to in front of its activation, in `own.slope`."""
        xp, kind = self.backend.xp, type(self.plan.layers[k].activation)
        if own.mask is not None:
            tape.call(xp.multiply, own.delta, own.mask, out=own.delta)
        if kind.rectifies and k + 1 < len(self.plan.layers):
            return  # the product that made delta has done it
        if kind.backward_kernel is not None:
            behind = self._entry_arrays(k, gradient)
            signals = self._signals(k, own.delta, own.z, own.a)
            self._launch(tape, kind.backward_kernel, *signals, *behind)
        elif not kind.identity:
            tape.call(self._settings(k).backward, xp, own.delta, own.z, own.a)

    def _signals(self, k: int, *arrays: Array) -> list[Array]:
        """What an activation's kernel gets: to one that looks at each number by itself, longer rows."""
        entry = self.plan.layers[k].activation
        joint = not entry.elementwise or entry.learned or entry.columns_per_unit > 1
        if joint or not self.backend.merges_rows:
            return list(arrays)
        members, rows, width = arrays[0].shape
        merged = max(n for n in range(1, rows + 1) if rows % n == 0 and (n == 1 or n * width <= LONG))
        return [array.reshape(members, rows // merged, merged * width) for array in arrays]

    def _settings(self, k: int) -> Activation:
        """The activation with its numbers (R, 1, 1) and its learned parameters (R, 1, C)."""
        activation = on_device(self.numbers[k].activation, self.backend.from_host)
        return activation.with_learned({name: self.arrays[k][name] for name in activation.learned})

    def _entry_arrays(self, k: int, *gradient: Array) -> tuple[Any, ...]:
        """What the kernels of an activation get behind the signals: numbers (R, k), and what it learns."""
        entry, members = self.plan.layers[k].activation, self.parameters.shape[0]
        device = self.backend.from_host
        numbers = device(columns(self.numbers[k].activation.kernel_numbers(), members))
        if not entry.learned:
            return (numbers,)
        starts = np.array([self.place.start(k, name) for name in entry.learned], dtype=np.int64)
        return (numbers, self.parameters, *gradient, device(starts))

    def _drop(self, tape: Tape, own: LayerBuffers, k: int, chance: DropoutState) -> None:
        counter = (chance.step, chance.purpose + k, chance.first)
        self._launch(tape, keep_mask, own.mask, *own.drawn, chance.keys, *counter, *chance.drops[k])
        tape.call(self.backend.xp.multiply, own.a, own.mask, out=own.dropped)


def append_noise(tape: Tape, backend: Backend, x: Array, noisy: Array, chance: DropoutState) -> None:
    """noisy (R, B, D) = x (1|R, B, D) with the noise of this step."""
    draw = (chance.keys, chance.step, chance.first, chance.noise)
    tape.append(backend.launch(add_noise, NORMAL_COST * noisy.size, noisy, x, *draw))
