"""Measures the layers of a population while it trains, without changing a bit of it."""

import numpy as np

from nettrain.backend.base import Array, Call, Flags, Floats
from nettrain.data.tables.spaced import spaced
from nettrain.model.network import Network
from nettrain.model.tape import Tape
from nettrain.training.diagnostics.layer_diagnostics import LayerDiagnostics
from nettrain.training.diagnostics.unit_signals import (
    SIGNALS,
    append_signals,
    learns_slopes,
    measured_layers,
)
from nettrain.training.diagnostics.weight_norms import BEFORE, GRADIENT, UPDATE, WEIGHT_NORM, WeightNorms
from nettrain.training.run import TrainingRun
from nettrain.training.step.training_step import append_loss_of

ROWS = 256  # training rows whose activations are measured


class LayerMeter:
    """Measures the population as it is now; void after it is compacted.

    `norms` are to be measured by the last full batch of every epoch. They are the population's, so that an
    epoch that is interrupted behind that batch and resumed has them still.
    """

    def __init__(self, run: TrainingRun) -> None:
        population, architecture, pool = run.population, run.architecture, run.pool
        self._run = run
        self._layers = tuple(layer.name for layer in measured_layers(architecture))
        self.norms = WeightNorms(run.backend, architecture, run.layout, pool, population["layer_norms"])
        shape = (population.size, len(self._layers), len(SIGNALS))
        self._signals = pool.take("diagnostics.signals", shape, np.float64)
        self._measure = self._recorded(run)

    def _recorded(self, run: TrainingRun) -> Call:
        """The call that measures signals, and the norms of the weights."""
        tape, population, pool = Tape(), run.population, run.pool
        parameters, statistics = population["parameters"], population["statistics"]
        own = pool.take("diagnostics.statistics", statistics.shape)  # which the pass changes
        network = Network(run.backend, run.architecture, parameters, own, population.layers)
        learns = learns_slopes(population.layers)
        scratch = pool.take("diagnostics.gradient", parameters.shape) if learns else None
        x, _, _ = sample(run, ROWS)
        append_signals(tape, network, x, pool.prefixed("diagnostics"), self._signals, scratch)
        self.norms.append_weights(tape, parameters)
        return run.backend.capture(tape.bound(run.backend))

    def start(self) -> None:
        """Measure the gradient before training, on as many rows as a batch has, or ROWS."""
        run = self._run
        kept = {name: run.population[name].copy() for name in ("statistics", "total")}
        tape, parameters = Tape(), run.population["parameters"]
        rows = sample(run, min(ROWS, run.data.batches.batch_size))
        batch = append_loss_of(tape, run, rows, run.pool.prefixed("train"), parameters)
        batch.signals.backward(tape, batch.delta, run.population["gradient"])
        self.norms.append_gradient(tape, run.population["gradient"])
        for call in tape.bound(run.backend):
            call()
        for name, array in kept.items():
            run.population[name][...] = array

    def measure(self, active: Flags, *, stepped: bool) -> LayerDiagnostics:
        """The diagnostics of the active members as they are now; with an update if there was a step."""
        self._measure()
        xp = self._run.backend.xp
        joined = xp.concatenate([self._run.population["layer_norms"], self._signals], axis=2)
        table = self._run.backend.to_host(joined)[active]
        norms, signals = table[:, :, : WEIGHT_NORM + 1], table[:, :, WEIGHT_NORM + 1 :]
        values = {"gradient_norm": norms[:, :, GRADIENT]}
        values |= {name: signals[:, :, column] for column, name in enumerate(SIGNALS)}
        values["weight_norm"] = norms[:, :, WEIGHT_NORM]
        if stepped:
            values = {"update_ratio": _ratio(norms[:, :, UPDATE], norms[:, :, BEFORE]), **values}
        return LayerDiagnostics(self._layers, values)


def sample(run: TrainingRun, count: int) -> tuple[Array, Array, Array]:
    """x (1, B, D), y and weight of at most `count` training rows, the same at any time of a run."""
    train, index = run.data.train, spaced(run.data.train.rows, count)
    x, y, weight = (run.backend.xp.asarray(array[index])[None] for array in train.arrays)
    return x, y, weight


def _ratio(update: Floats, before: Floats) -> Floats:
    """update/before; 0 where nothing was changed, infinite where weights of 0 were."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(update == 0, 0.0, update / before)
