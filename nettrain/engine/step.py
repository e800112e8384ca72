"""One training step as a list of calls on fixed buffers, and the host scalars that change between steps."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from nettrain.backend.base import Array, Backend, Call
from nettrain.catalogue.optimizers import blocks, optimizers
from nettrain.catalogue.schedules import rates
from nettrain.engine.build import Run, loss_of
from nettrain.engine.members import shaped
from nettrain.model.architecture import Architecture
from nettrain.model.network import Chance, LayerBuffers, Network, Numbers, Tape, append_noise, buffers

TABLE_STEPS = 1024  # steps whose coefficients are computed together


@dataclass(frozen=True)
class Step:
    """A step for one batch size: fill `index` (G, B), then `replay`."""

    index: Array
    replay: Call


@dataclass(frozen=True)
class Passed:
    """What the pass of a batch reads, and the buffers in which it leaves all signals."""

    net: Network
    x: Array  # (G, B, D), with noise (R, B, D)
    y: Array
    weight: Array
    work: list[LayerBuffers]


def training_step(run: Run, rows: int, orders: int) -> Step:
    """The step of the population as it is now, for batches of `rows` in `orders` different orders.

    Look ahead, gather, forward, loss, backward, update. Void after the population is compacted.
    """
    tape, index = Tape(), run.pool.take("index", (orders, rows), np.intp)
    population, backend = run.population, run.backend
    w, gradient = population["parameters"], population["gradient"]
    c, state = population["coefficients"], population["state"]
    rule = optimizers[run.experiment.optimizer.name]
    parts = backend.from_host(blocks(population.size, run.place.size, run.place.weights))
    ahead = rule.look_ahead(run.experiment.optimizer)
    if ahead is not None:
        tape.append(backend.launch(ahead, w.size, w, state, c, parts))
    passed = append_loss(tape, run, index)
    passed.net.backward(tape, passed.x, gradient, passed.work)
    update = (w, gradient, state, c, population["l2"], parts)
    tape.append(backend.launch(rule.step(run.experiment.optimizer), w.size, *update))
    return Step(index, backend.capture(tape))


def append_loss(tape: Tape, run: Run, index: Array) -> Passed:
    """The batch of the rows in index (G, B), its forward pass in training mode and its loss.

    The loss and its weight are added to the population's `total`, and ∂loss/∂output is in the last delta.
    """
    x, y, weight = _gather(tape, run, index)
    population, backend = run.population, run.backend
    work = buffers(run.plan, run.pool.prefixed("train"), population.size, index.shape[1])
    numbers, chance = layer_numbers(backend, population.members), _chance(run)
    net = Network(backend, run.plan, population["parameters"], population["statistics"], numbers)
    if chance.noise is not None:
        noisy = run.pool.take("noisy", (population.size, *x.shape[1:]))
        append_noise(tape, backend, x, noisy, chance)
        x = noisy
    output = net.forward(tape, x, work, chance, training=True)
    batch_loss = (output, y, weight, population["loss"], work[-1].delta, population["total"])
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


def coefficient_table(run: Run, first: int, count: int) -> tuple[Any, Any]:
    """What the optimizer needs at steps first, first + 1, … (from 0): (T, R, K), and the rates (R, T).

    Computed on the host in float64 and rounded to the run's dtype.
    """
    members = run.population.members
    steps = np.arange(first, first + count, dtype=float)
    settings = shaped(members.optimizer, 1)
    rate = rates(
        run.experiment.schedule,
        shaped(members.schedule, 1),
        settings.learning_rate,
        steps,
        run.calendar,
    )
    rule = optimizers[run.experiment.optimizer.name]
    values = rule.coefficients(settings, rate, steps + 1)
    table = np.empty((count, run.population.size, len(values)), run.backend.dtype)
    for k, value in enumerate(values):
        table[:, :, k] = np.broadcast_to(value, rate.shape).T
    return table, rate


def _gather(tape: Tape, run: Run, index: Array) -> tuple[Array, Array, Array]:
    """The batch's x (G, B, D), y and weight; the whole table itself when it is one batch of each row once."""
    table, pool, backend = run.tables["train"], run.pool, run.backend
    once = run.experiment.training.sampling == "permutation"
    if once and index.shape[1] == table.rows:
        return table.x[None], table.y[None], table.weight[None]
    x = pool.take("x", (*index.shape, *table.x.shape[1:]))
    y = pool.take("y", (*index.shape, *table.y.shape[1:]), table.y.dtype)
    tape.call(backend.gather, table.x, index, x)
    tape.call(backend.gather, table.y, index, y)
    if table.even:
        return x, y, table.weight[None, : index.shape[1]]
    weight = pool.take("weight", index.shape)
    tape.call(backend.gather, table.weight, index, weight)
    return x, y, weight


def _chance(run: Run) -> Chance:
    population, step = run.population, run.pool.take("step", (1,), np.uint64)
    return chance_of(run.backend, run.plan, population.members, population["noise_keys"], step)
