"""Measures the layers of a population while it trains, without changing a bit of it."""

import numpy as np

from nettrain.backend.base import Flags, Floats
from nettrain.backend.pool import Pool
from nettrain.data.tables.spaced import spaced
from nettrain.model.network import Network
from nettrain.model.tape import Tape
from nettrain.training.diagnostics.layer_diagnostics import LayerDiagnostics
from nettrain.training.diagnostics.unit_signals import SIGNALS, append_signals, measured_layers
from nettrain.training.diagnostics.weight_norms import BEFORE, GRADIENT, NORMS, UPDATE, WEIGHTS, WeightNorms
from nettrain.training.run import TrainingRun
from nettrain.training.step.training_step import Batch, append_loss_of

MOST, FEWEST = 256, 64  # training rows whose activations are measured,
SHARE = 20  # one in so many between these limits: little beside the steps of an epoch


class LayerMeter:
    """Measures the population as it is now; void after it is compacted.

    `norms`, those of each part of the run, are to be measured by the last full batch of every epoch. Their
    table is the population's, so that an epoch that is interrupted behind that batch and resumed has them
    still.
    """

    def __init__(self, run: TrainingRun) -> None:
        self._run, self._table, self._parts = run, run.population["diagnostics"], run.parts
        self._layers = tuple(layer.name for layer in measured_layers(run.architecture))
        self.norms, tape = [], Tape()
        for part in self._parts:  # which differ in what they need
            pool = Pool(run.backend) if run.data.folds else run.pool
            self.norms.append(_append_measuring(tape, part, pool))
        self._measure = run.backend.capture(tape.bound(run.backend))

    def start(self) -> None:
        """Measure the gradient before training, on as many of the measured rows as a batch has."""
        for part, norms in zip(self._parts, self.norms, strict=True):
            _measure_gradient(part, norms)

    def measure(self, active: Flags, *, stepped: bool) -> LayerDiagnostics:
        """The diagnostics of the active members as they are now; with an update if there was a step."""
        self._measure()
        table = self._run.backend.to_host(self._table)[active].transpose(2, 0, 1)
        signals = dict(zip(SIGNALS, table[len(NORMS) :], strict=True))
        values = {"gradient_norm": table[GRADIENT], **signals, "weight_norm": table[WEIGHTS]}
        if stepped:
            values = {"update_ratio": _ratio(table[UPDATE], table[BEFORE]), **values}
        return LayerDiagnostics(self._layers, values)


def _append_measuring(tape: Tape, run: TrainingRun, pool: Pool) -> WeightNorms:
    """Append what measures the layers of a part of a run as they are; its norms of a step."""
    population, architecture = run.population, run.architecture
    table = population["diagnostics"]
    norms = WeightNorms(run.backend, architecture, run.layout, pool, table)
    fitted = population["parameters"], population["statistics"]
    network = Network(run.backend, architecture, *fitted, population.layers)
    append_signals(tape, network, sample(run, measured_rows(run)).x, pool, table)
    norms.append_weights(tape, population["parameters"])
    return norms


def _measure_gradient(run: TrainingRun, norms: WeightNorms) -> None:
    """The norm of the gradient on some training rows, which leaves all as it was."""
    kept = {name: run.population[name].copy() for name in ("statistics", "total")}
    tape, parameters = Tape(), run.population["parameters"]
    rows = sample(run, min(measured_rows(run), run.data.batches.batch_size))
    batch = append_loss_of(tape, run, rows, run.pool.prefixed("train"), parameters)
    batch.signals.backward(tape, batch.delta, run.population["gradient"])
    norms.append_gradient(tape, run.population["gradient"])
    for call in tape.bound(run.backend):
        call()
    for name, array in kept.items():
        run.population[name][...] = array


def measured_rows(run: TrainingRun) -> int:
    """The number of training rows whose activations are measured."""
    rows = run.data.train.rows
    return min(rows, MOST, max(FEWEST, rows // SHARE))


def sample(run: TrainingRun, count: int) -> Batch:
    """Those of at most `count` training rows, the same at any time of a run."""
    train, index = run.data.train, spaced(run.data.train.rows, count)
    return Batch(*(run.backend.xp.asarray(array[index])[None] for array in train.arrays))


def _ratio(update: Floats, before: Floats) -> Floats:
    """update/before; 0 where nothing was changed, infinite where weights of 0 were."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(update == 0, 0.0, update / before)
