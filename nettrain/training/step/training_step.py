"""One training step as a list of calls on fixed buffers, and the host scalars that change between steps."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from nettrain.backend.base import Array, Call
from nettrain.catalogue.optimizers import optimizers
from nettrain.experiment.task import loss_of
from nettrain.model.layers.base import DropoutState
from nettrain.model.network import Network, Pass
from nettrain.model.tape import Tape
from nettrain.training.build import TrainingRun
from nettrain.training.step.lbfgs import iteration
from nettrain.training.step.step_schedule import StepSchedule, steps_done
from nettrain.training.step.update import append_update, first_look, point


@dataclass(frozen=True)
class BatchPass:
    """The pass of a batch: its targets y, and its signals layer by layer, x (1|R, B, D) first."""

    signals: Pass
    y: Array
    delta: Array  # ∂loss/∂output (R, B, K), once the loss is computed


@dataclass(frozen=True)
class TrainingStep:
    """A step for one batch size: `replay` it as often as there are steps.

    One that follows no schedule has `index` (G, B) and the population's coefficients filled by its user.
    `begin` goes before the first step of an epoch.
    """

    index: Array
    replay: Call
    begin: Call
    batch: BatchPass


def training_step(
    run: TrainingRun, rows: int, orders: int, schedule: StepSchedule | None = None
) -> TrainingStep:
    """The step of the population as it is now, for batches of `rows` in `orders` different orders.

    Gather, forward, loss, backward, update, with each step's own part of the `schedule`. Void after the
    population is compacted.
    """
    index = run.pool.take("index", (orders, rows), np.intp)
    begin, tape, end = (Tape() for _ in range(3))
    if schedule is not None:
        schedule.begin_step(tape, index)
        schedule.end_step(end)
    look = first_look(run)
    if look:
        begin += [*tape, *look]
    if "max_norm" in run.population:  # it moves the weights after the rule has looked ahead
        tape += look
    batch = append_loss(tape, run, index, point(run))
    tape.phase("backward")
    batch.signals.backward(tape, batch.delta, run.population["gradient"])
    before = run.backend.capture(begin.bound(run.backend))
    if optimizers[run.experiment.optimizer.name].full_batch:
        iterate = iteration(run, _replay(run, tape))
        count = run.backend.capture(end.bound(run.backend))
        return TrainingStep(index, partial(_in_turn, iterate, count), before, batch)
    tape.phase("update")
    append_update(tape, run)
    tape += end
    return TrainingStep(index, _replay(run, tape), before, batch)


def _in_turn(*calls: Call) -> None:
    for call in calls:
        call()


def _replay(run: TrainingRun, tape: Tape) -> Call:
    if run.profile is not None:
        return run.profile.timed(tape, run.backend)
    return run.backend.capture(tape.bound(run.backend))


def append_loss(tape: Tape, run: TrainingRun, index: Array, parameters: Array | None = None) -> BatchPass:
    """The batch of the rows in index (G, B), its forward pass in training mode and its loss.

    `parameters` (R, P) are by default the population's. The loss and its weight are added to the population's
    `total`.
    """
    tape.phase("gather")
    x, y, weight = _gather(tape, run, index)
    tape.phase("forward")
    population, allocate = run.population, run.pool.prefixed("train")
    parameters = population["parameters"] if parameters is None else parameters
    net = Network(run.backend, run.architecture, parameters, population["statistics"], population.layers)
    dropout_state = DropoutState(population["noise_keys"], steps_done(run))
    signals = net.forward(tape, x, allocate, training=True, dropout_state=dropout_state)
    delta = allocate("delta", signals.output.shape)
    tape.phase("loss")
    kernel = loss_of(run.experiment).kernel(y)
    tape.launch(kernel, signals.output, y, weight, population["loss"], delta, population["total"])
    return BatchPass(signals, y, delta)


def _gather(tape: Tape, run: TrainingRun, index: Array) -> tuple[Array, Array, Array]:
    """The batch's x (G, B, D), y and weight; the whole table itself when it is one batch of each row once."""
    table, pool, backend = run.ring or run.tables["train"], run.pool, run.backend
    once = run.experiment.training.sampling == "permutation"
    if once and index.shape[1] == run.tables["train"].rows:
        return table.x[None], table.y[None], table.weight[None]
    x = pool.take("x", (*index.shape, *table.x.shape[1:]))
    y = pool.take("y", (*index.shape, *table.y.shape[1:]), table.y.dtype)
    tape.add_call(backend.gather(table.x, index, x))
    tape.add_call(backend.gather(table.y, index, y))
    if table.even:
        return x, y, table.weight[None, : index.shape[1]]
    weight = pool.take("weight", index.shape)
    tape.add_call(backend.gather(table.weight, index, weight))
    return x, y, weight
