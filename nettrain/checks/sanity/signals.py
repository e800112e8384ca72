"""Signals at the start, layer by layer: activations on the way forward, gradients on the way back.

Source: X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural networks,
2010: the spread of both should stay about the same from layer to layer.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Array, Backend, Floats, HostArray
from nettrain.catalogue.members import shaped
from nettrain.catalogue.optimizers.descent import SGD
from nettrain.checks.sanity.registry import Finding, graded, sanity_check
from nettrain.checks.sanity.subject import CheckedExperiment
from nettrain.checks.short_training import changed, for_epochs, with_rows
from nettrain.data.tables.spaced import spaced
from nettrain.model.architecture import Node
from nettrain.model.layers.activation import ActivationLayer
from nettrain.model.layers.base import DefinitionContext
from nettrain.model.parameters import views
from nettrain.model.tape import Tape
from nettrain.training.run import TrainingRun
from nettrain.training.step.training_step import append_gradient

ROWS = 256
FAR_OUT = 1e3  # an input at which a function that flattens is flat
NUDGE = 1e-3  # a change of the input, by which a slope is measured
FLAT = 0.01  # of the steepest slope of the layer: a unit is saturated there
FADED, GONE = 1e-2, 1e-4  # spread relative to that of the layer where it is largest
MANY_FLAT, NEARLY_ALL_FLAT = 0.5, 0.9  # share of saturated units
MANY_DEAD, NEARLY_ALL_DEAD = 0.4, 0.9  # share of units without a slope for any row


@dataclass(frozen=True)
class LayerSignals:
    """What a hidden layer does to one batch: statistics over rows and units.

    `mean` and `spread` are those of the activations, `gradient` is the spread of the gradient of the loss
    with respect to them; `saturated` is the share of cells in which the activation hardly changes, `dead`
    that of units in which it does not change for any row.
    """

    block: str
    mean: float
    spread: float
    gradient: float
    saturated: float
    dead: float


@sanity_check("signals", rank=60)
def signals(checked: CheckedExperiment) -> Iterator[Finding]:
    """Activations and gradients neither vanish nor explode, and few units are saturated or dead."""
    data = with_rows(checked.data, spaced(len(checked.data.train.x), ROWS))
    full = changed(for_epochs(checked.experiment, 1), training={"batch_size": "full"})
    # plain descent, as other rules may take the gradient at another point
    full = full.model_copy(update={"optimizer": SGD()})
    layers = measure_signals(checked.built([full], data))
    widest = max((layer.spread for layer in layers), default=0.0)
    steepest = max((layer.gradient for layer in layers), default=0.0)
    for layer in layers:
        yield finding(layer, ratio(layer.spread, widest), ratio(layer.gradient, steepest))


def ratio(value: float, largest: float) -> float:
    """value/largest; 0 where there is no signal at all."""
    return value / largest if largest > 0 and np.isfinite(value) else 0.0


def finding(layer: LayerSignals, forward: float, backward: float) -> Finding:
    """The verdict on a layer, by its spreads relative to the largest of all layers."""
    problems = {
        "activations vanish": graded(-forward, -FADED, -GONE),
        "gradients vanish": graded(-backward, -FADED, -GONE),
        f"{100 * layer.saturated:.0f} % of its units are saturated": graded(
            layer.saturated, MANY_FLAT, NEARLY_ALL_FLAT
        ),
        f"{100 * layer.dead:.0f} % of its units are dead": graded(layer.dead, MANY_DEAD, NEARLY_ALL_DEAD),
    }
    verdict = max(problems.values(), key=("ok", "look", "wrong").index)
    named = " and ".join(text for text, one in problems.items() if one != "ok")
    return Finding(
        subject=layer.block,
        value=f"{layer.mean:.2g} ±{layer.spread:.2g}, gradient ±{layer.gradient:.1e}",
        expected=f"few flat ({100 * layer.saturated:.0f} %) or dead ({100 * layer.dead:.0f} %)",
        verdict=verdict,
        advice=f"In {layer.block} {named}: use model.init: auto, scale the inputs, or a norm."
        if named
        else "",
        figures={name: value for name, value in vars(layer).items() if name != "block"},
    )


class SignalTape(Tape):
    """A tape that copies the input of every layer, and the gradient with respect to its output."""

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self.inputs: dict[int, HostArray] = {}
        self.deltas: dict[int, HostArray] = {}
        self._backend = backend

    def on_input(self, node: Node, x: Array) -> None:
        self.call(self._copy, self.inputs, node.number, x)

    def on_delta(self, node: Node, delta: Array) -> None:
        self.call(self._copy, self.deltas, node.number, delta)

    def _copy(self, copies: dict[int, HostArray], number: int, array: Array) -> None:
        copies[number] = self._backend.to_host(array).astype(np.float64)  # a copy in any case


def measure_signals(run: TrainingRun) -> list[LayerSignals]:
    """The signals of one batch of all rows in each hidden layer with an activation."""
    tape = SignalTape(run.backend)
    index = run.backend.from_host(np.arange(run.data.train.rows, dtype=np.intp))[None]
    append_gradient(tape, run, index, run.pool.prefixed("train"))
    for call in tape.bound(run.backend):
        call()
    hidden = [
        node
        for node in run.architecture.nodes
        if isinstance(node.layer, ActivationLayer) and node.block.name.startswith("hidden")
    ]
    return [layer_signals(run, node, tape.inputs, tape.deltas) for node in hidden]


def layer_signals(
    run: TrainingRun, node: Node, inputs: Mapping[int, HostArray], deltas: Mapping[int, HostArray]
) -> LayerSignals:
    """The signals of one layer, from the inputs and gradients (1, B, W) of all."""
    f, z = definition(run, node), inputs[node.number]
    a, slopes = f(z), slope(f, z)
    delta = deltas.get(node.number)
    return LayerSignals(
        node.block.name,
        float(a.mean()),
        float(a.std()),
        float("nan") if delta is None else float(delta.std()),
        float((slopes <= FLAT * slopes.max()).mean()) if flattens(f, z) else 0.0,
        float((slopes == 0).all(axis=(0, 1)).mean()),
    )


def definition(run: TrainingRun, node: Node) -> Callable[[Floats], Floats]:
    """The activation of a layer as a function of its input (1, B, W), in float64."""
    layer = shaped(run.population.layers[node.number], 2)
    arrays = views(run.backend.to_host(run.population["parameters"]), run.layout)[node.number]
    context = DefinitionContext({name: array.astype(np.float64) for name, array in arrays.items()})
    return lambda z: np.asarray(layer.definition(np, context, z), dtype=np.float64)


def slope(f: Callable[[Floats], Floats], z: Floats) -> Floats:
    """The size of the derivative where the input is z, by differences."""
    return np.abs(f(z + NUDGE) - f(z - NUDGE)) / (2 * NUDGE)


def flattens(f: Callable[[Floats], Floats], z: Floats) -> bool:
    """Whether the function is flat on both sides, as sigmoid and tanh are; relu is so on one side."""
    sides = (slope(f, np.full_like(z, side)) for side in (-FAR_OUT, FAR_OUT))
    return all(bool((side < FLAT).all()) for side in sides)
