"""One training step as a list of calls on fixed buffers, and the host scalars that change between steps."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from nettrain.backend.base import Array, Call
from nettrain.catalogue.optimizers import optimizers
from nettrain.experiment.task import loss_of
from nettrain.model.network import DropoutState, LayerBuffers, Network, Tape, append_noise, buffers
from nettrain.model.numbers import dropout_state, layer_numbers
from nettrain.training.build import TrainingRun
from nettrain.training.lbfgs import iteration
from nettrain.training.step_schedule import StepSchedule, steps_done
from nettrain.training.update import append_update, first_look, point


@dataclass(frozen=True)
class TrainingStep:
    """A step for one batch size: `replay` it as often as there are steps.

    One that follows no course has `index` (G, B) and the population's coefficients filled by somebody else.
    `begin` goes before the first step of an epoch.
    """

    index: Array
    replay: Call
    begin: Call


@dataclass(frozen=True)
class Passed:
    """What the pass of a batch reads, and the buffers in which it leaves all signals."""

    net: Network
    x: Array  # (G, B, D), with noise (R, B, D)
    y: Array
    weight: Array
    work: list[LayerBuffers]


def training_step(
    run: TrainingRun, rows: int, orders: int, course: StepSchedule | None = None
) -> TrainingStep:
    """The step of the population as it is now, for batches of `rows` in `orders` different orders.

    Gather, forward, loss, backward, update, each step's own part of the `course`. Void after the population
    is compacted.
    """
    index = run.pool.take("index", (orders, rows), np.intp)
    begin, tape, end = (Tape() for _ in range(3))
    if course is not None:
        course.begin_step(tape, index)
        course.end_step(end)
    look = first_look(run)
    if look:
        begin += [*tape, *look]
    if "max_norm" in run.population:  # it moves the weights after the rule has looked ahead
        tape += look
    passed = append_loss(tape, run, index, point(run))
    tape.phase("backward")
    passed.net.backward(tape, passed.x, run.population["gradient"], passed.work)
    if optimizers[run.experiment.optimizer.name].full_batch:
        iterate, count = iteration(run, _replay(run, tape)), run.backend.capture(end)
        return TrainingStep(index, partial(_in_turn, iterate, count), run.backend.capture(begin))
    tape.phase("update")
    append_update(tape, run)
    tape += end
    return TrainingStep(index, _replay(run, tape), run.backend.capture(begin))


def _in_turn(*calls: Call) -> None:
    for call in calls:
        call()


def _replay(run: TrainingRun, tape: Tape) -> Call:
    return run.profile.timed(tape, run.backend) if run.profile else run.backend.capture(tape)


def append_loss(tape: Tape, run: TrainingRun, index: Array, parameters: Array | None = None) -> Passed:
    """The batch of the rows in index (G, B), its forward pass in training mode and its loss.

    `parameters` (R, P) are the population's unless told otherwise.

    The loss and its weight are added to the population's `total`, and ∂loss/∂output is in the last delta.
    """
    tape.phase("gather")
    x, y, weight = _gather(tape, run, index)
    tape.phase("forward")
    population, backend = run.population, run.backend
    work = buffers(run.plan, run.pool.prefixed("train"), population.size, index.shape[1])
    numbers, chance = layer_numbers(backend, population.members), _chance(run)
    parameters = population["parameters"] if parameters is None else parameters
    net = Network(backend, run.plan, parameters, population["statistics"], numbers)
    if chance.noise is not None:
        noisy = run.pool.take("noisy", (population.size, *x.shape[1:]))
        append_noise(tape, backend, x, noisy, chance)
        x = noisy
    output = net.forward(tape, x, work, chance, training=True)
    batch_loss = (output, y, weight, population["loss"], work[-1].delta, population["total"])
    tape.phase("loss")
    tape.append(backend.launch(loss_of(run.experiment).kernel(y), output.size, *batch_loss))
    return Passed(net, x, y, weight, work)


def _gather(tape: Tape, run: TrainingRun, index: Array) -> tuple[Array, Array, Array]:
    """The batch's x (G, B, D), y and weight; the whole table itself when it is one batch of each row once."""
    table, pool, backend = run.ring or run.tables["train"], run.pool, run.backend
    once = run.experiment.training.sampling == "permutation"
    if once and index.shape[1] == run.tables["train"].rows:
        return table.x[None], table.y[None], table.weight[None]
    x = pool.take("x", (*index.shape, *table.x.shape[1:]))
    y = pool.take("y", (*index.shape, *table.y.shape[1:]), table.y.dtype)
    tape.append(backend.gather(table.x, index, x))
    tape.append(backend.gather(table.y, index, y))
    if table.even:
        return x, y, table.weight[None, : index.shape[1]]
    weight = pool.take("weight", index.shape)
    tape.append(backend.gather(table.weight, index, weight))
    return x, y, weight


def _chance(run: TrainingRun) -> DropoutState:
    population = run.population
    return dropout_state(run.backend, run.plan, population.members, population["noise_keys"], steps_done(run))
