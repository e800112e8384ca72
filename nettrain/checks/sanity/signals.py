"""Signals at the start, layer by layer: activations on the way forward, gradients on the way back.

Source: X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural networks,
2010: the spread of both should stay about the same from layer to layer.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Array, Backend
from nettrain.catalogue.optimizers.descent import SGD
from nettrain.checks.advice.identical_units import copies_in
from nettrain.checks.sanity.registry import Finding, graded, sanity_check
from nettrain.checks.sanity.subject import CheckedExperiment
from nettrain.checks.short_training import changed, for_epochs, with_rows
from nettrain.data.tables.spaced import spaced
from nettrain.model.architecture import OUTPUT, Node
from nettrain.model.network import Network
from nettrain.model.tape import Tape
from nettrain.training.diagnostics.unit_signals import SIGNALS, append_signals, measured_layers
from nettrain.training.diagnostics.verdicts import (
    FADED,
    GONE,
    MANY_DEAD,
    MANY_FLAT,
    NEARLY_ALL_DEAD,
    NEARLY_ALL_FLAT,
)
from nettrain.training.run import TrainingRun
from nettrain.training.step.training_step import append_gradient

ROWS = 256


@dataclass(frozen=True)
class LayerSignals:
    """What a hidden layer does to one batch: statistics over rows and units.

    `mean` and `spread` are those of the activations, `gradient` is the spread of the gradient of the loss
    with respect to them. What is `saturated` and `dead` says `training.diagnostics.unit_signals`.
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
    copies = copies_in(checked.experiment)
    for layer in layers:
        yield finding(layer, ratio(layer.spread, widest), ratio(layer.gradient, steepest), copies)


def ratio(value: float, largest: float) -> float:
    """value/largest; 0 where there is no signal at all."""
    return value / largest if largest > 0 and np.isfinite(value) else 0.0


def finding(layer: LayerSignals, forward: float, backward: float, copies: str = "") -> Finding:
    """The verdict on a layer, by its spreads relative to the largest of all layers.

    `copies` names a layer of equal units, which are then the cause.
    """
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
        advice=_advice(f"In {layer.block} {named}", copies) if named else "",
        figures={name: value for name, value in vars(layer).items() if name != "block"},
    )


def _advice(problem: str, copies: str) -> str:
    if copies:
        return f"{problem}, as {copies}: use model.init: auto."
    return f"{problem}: use model.init: auto, scale the inputs, or a norm."


class DeltaTape(Tape):
    """A tape that measures the spread of the gradient with respect to the output of every layer."""

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self.spreads: dict[int, float] = {}
        self._backend = backend

    def on_delta(self, node: Node, delta: Array) -> None:
        self.call(self._measure, node.number, delta)

    def _measure(self, number: int, delta: Array) -> None:
        self.spreads[number] = float(self._backend.to_host(delta).astype(np.float64).std())


def measure_signals(run: TrainingRun) -> list[LayerSignals]:
    """The signals of one batch of all rows in each hidden layer."""
    backend, population, pool = run.backend, run.population, run.pool
    measured = measured_layers(run.architecture)
    table, signals = backend.zeros((1, len(measured), len(SIGNALS)), np.float64), Tape()
    fitted = population["parameters"], population["statistics"]
    network = Network(backend, run.architecture, *fitted, population.layers)
    append_signals(signals, network, run.data.train.x[None], pool, table)
    deltas = DeltaTape(backend)
    every = np.arange(run.data.train.rows, dtype=np.intp)
    index = backend.from_host(np.tile(every, (run.index_rows, 1)))
    append_gradient(deltas, run, index, pool.prefixed("train"))
    for call in (*signals.bound(backend), *deltas.bound(backend)):
        call()
    rows = zip(measured, backend.to_host(table)[0].tolist(), strict=True)
    return [
        LayerSignals(layer.name, mean, spread, deltas.spreads.get(layer.node.number, np.nan), saturated, dead)
        for layer, (mean, spread, saturated, dead) in rows
        if layer.name != OUTPUT
    ]
