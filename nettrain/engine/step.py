"""One training step as a list of calls on fixed buffers, and the host scalars that change between steps."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nettrain.backend.base import Array, Backend, Call
from nettrain.catalogue.optimizers import optimizers
from nettrain.engine.build import Run, loss_of
from nettrain.engine.course import Course, steps_done
from nettrain.engine.lbfgs import iteration
from nettrain.engine.members import shaped
from nettrain.engine.update import append_update, first_look, point
from nettrain.model.architecture import Architecture
from nettrain.model.network import Chance, LayerBuffers, Network, Numbers, Tape, append_noise, buffers


@dataclass(frozen=True)
class Step:
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


def training_step(run: Run, rows: int, orders: int, course: Course | None = None) -> Step:
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
    if optimizers[run.experiment.optimizer.name].whole:
        iterate, count = iteration(run, _replay(run, tape)), run.backend.capture(end)
        return Step(index, partial(_in_turn, iterate, count), run.backend.capture(begin))
    tape.phase("update")
    append_update(tape, run)
    tape += end
    return Step(index, _replay(run, tape), run.backend.capture(begin))


def _in_turn(*calls: Call) -> None:
    for call in calls:
        call()


def _replay(run: Run, tape: Tape) -> Call:
    return run.profile.timed(tape, run.backend) if run.profile else run.backend.capture(tape)


def append_loss(tape: Tape, run: Run, index: Array, parameters: Array | None = None) -> Passed:
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


def layer_numbers(backend: Backend, members: Any) -> list[Numbers]:
    """What the members may differ in at each layer, in the run's dtype."""
    hidden = [
        Numbers(shaped(layer.activation, 2, backend.dtype), norm_numbers(backend, layer.batch_norm))
        for layer in members.model.layers
    ]
    return [*hidden, Numbers(shaped(members.model.output_activation, 2, backend.dtype))]


def norm_numbers(backend: Backend, norm: Any) -> Array | None:
    """Momentum and epsilon (R, 2) of a layer's stacked batch_norm, if it has one."""
    if norm is None:
        return None
    return backend.from_host(np.stack([norm.momentum, norm.epsilon], axis=1).astype(float))


def chance_of(backend: Backend, plan: Architecture, members: Any, keys: Array, step: Array) -> Chance:
    """What the members' masks and noise are drawn from."""
    drops = {}
    for k, layer in enumerate(members.model.layers):
        if plan.layers[k].dropout > 0:
            rates = layer.dropout.astype(float)
            below = np.round(rates * 65536).astype(np.uint64)
            drops[k] = (backend.from_host(below), backend.from_host(1 / (1 - rates)))
    sigma = backend.from_host(members.model.input_noise.astype(float)) if plan.input_noise > 0 else None
    return Chance(keys, step, drops, sigma)


def _gather(tape: Tape, run: Run, index: Array) -> tuple[Array, Array, Array]:
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


def _chance(run: Run) -> Chance:
    population = run.population
    return chance_of(run.backend, run.plan, population.members, population["noise_keys"], steps_done(run))
