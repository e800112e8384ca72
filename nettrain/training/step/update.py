"""The update that follows a gradient, written as a list of calls on fixed buffers.

In this order: penalties, clip_value, clip_norm (a member's whole gradient), the rule, the decoupled decay of
the old weights, max_norm. The rule's pass does l2, its own work and the decay in one go; the others have
passes of their own, and only runs that ask for them have those.

Sums of squares are taken block by block in float64, within a block in eight lanes, and added up in the order
of blocks: nothing depends on the number of members or of threads.
"""

import numpy as np

from nettrain.backend.base import Array
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.optimizers import blocks
from nettrain.catalogue.optimizers.groups import WEIGHT
from nettrain.model.tape import Tape
from nettrain.training.build import TrainingRun
from nettrain.training.step.groups import ranges

LANES = 8  # partial sums that a block's squares are added up in
STRIPE = 64  # units whose weights one thread scales at a time


@kernel
def penalise(w: Array, g: Array, limits: Array, l1: Array, l2: Array, blocks: Array) -> None:
    """g += l2·w + l1·sign(w), then clipped to ±limit; limits (R, 2) are that of a value and of the norm."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        decay, pull, limit = l2[r, group], l1[r, group], limits[r, 0]
        p, grads = w[r, first:last], g[r, first:last]
        for i in range(p.size):
            grad = grads[i] + decay * p[i] + pull * np.sign(p[i])
            grad = limit if grad > limit else grad
            grads[i] = -limit if grad < -limit else grad


@kernel
def block_squares(g: Array, sums: Array, blocks: Array) -> None:
    """sums (T,) float64 = Σg² of each block, added up in eight lanes."""
    for task in prange(blocks.shape[0]):
        r, first, last = blocks[task, 0], blocks[task, 1], blocks[task, 2]
        grads, whole = g[r, first:last], (last - first) // LANES * LANES
        a = b = c = d = e = f = h = k = 0.0
        for i in range(0, whole, LANES):
            a += np.float64(grads[i]) * np.float64(grads[i])
            b += np.float64(grads[i + 1]) * np.float64(grads[i + 1])
            c += np.float64(grads[i + 2]) * np.float64(grads[i + 2])
            d += np.float64(grads[i + 3]) * np.float64(grads[i + 3])
            e += np.float64(grads[i + 4]) * np.float64(grads[i + 4])
            f += np.float64(grads[i + 5]) * np.float64(grads[i + 5])
            h += np.float64(grads[i + 6]) * np.float64(grads[i + 6])
            k += np.float64(grads[i + 7]) * np.float64(grads[i + 7])
        for i in range(whole, grads.size):
            a += np.float64(grads[i]) * np.float64(grads[i])
        sums[task] = ((a + b) + (c + d)) + ((e + f) + (h + k))


@kernel
def clip_norm(g: Array, limits: Array, sums: Array, blocks: Array) -> None:
    """g *= min(1, limit/‖g‖) of each member (blocks lie member by member); a norm of NaN clips nothing."""
    for task in prange(blocks.shape[0]):
        r, first, last = blocks[task, 0], blocks[task, 1], blocks[task, 2]
        each = blocks.shape[0] // g.shape[0]
        total = 0.0
        for k in range(r * each, (r + 1) * each):
            total += sums[k]
        norm, limit = np.sqrt(total), np.float64(limits[r, 1])
        if norm > limit:
            grads, scale = g[r, first:last], g.dtype.type(limit / norm)
            for i in range(grads.size):
                grads[i] *= scale


@kernel
def limit_norms(w: Array, largest: Array, squares: Array, stripes: Array) -> None:
    """Each unit's incoming weights, a column of W (m, n), are scaled to norm ≤ largest (R,).

    stripes (T, 5) are member, start of W in the row, m, n and the first of up to 64 columns; squares (T, 64)
    float64 is scratch.
    """
    for task in prange(stripes.shape[0]):
        r, start, rows, units, first = (
            stripes[task, 0],
            stripes[task, 1],
            stripes[task, 2],
            stripes[task, 3],
            stripes[task, 4],
        )
        count, limit = min(STRIPE, units - first), np.float64(largest[r])
        sums = squares[task, :count]
        for j in range(count):
            sums[j] = 0.0
        for i in range(rows):
            line = w[r, start + i * units + first : start + i * units + first + count]
            for j in range(count):
                sums[j] += np.float64(line[j]) * np.float64(line[j])
        above = False
        for j in range(count):
            norm = np.sqrt(sums[j])
            above |= norm > limit
            sums[j] = limit / norm if norm > limit else 1.0
        if above:
            for i in range(rows):
                line = w[r, start + i * units + first : start + i * units + first + count]
                for j in range(count):
                    line[j] *= w.dtype.type(sums[j])


def point(run: TrainingRun) -> Array:
    """Where the gradient is taken (R, P): ahead of the weights for a rule that looks ahead, else at them."""
    return run.population["ahead" if _looks_ahead(run) else "parameters"]


def first_look(run: TrainingRun) -> Tape:
    """What must run before the first step of an epoch, with the coefficients of that step."""
    tape, one, population = Tape(), run.experiment.optimizer, run.population
    look = one.ahead()
    if look is not None:
        w, c, state = population["parameters"], population["coefficients"], population["state"]
        arrays = (w, population["ahead"], state, c, _blocks(run))
        tape.launch(look, *arrays)
    return tape


def append_update(tape: Tape, run: TrainingRun) -> None:
    """The step from the gradient of the loss at `point`; void after the population is compacted."""
    population, one = run.population, run.experiment.optimizer
    w, g, c = population["parameters"], population["gradient"], population["coefficients"]
    parts, l2 = _blocks(run), population["l2"]
    if "limits" in population:
        _append_penalties(tape, run, parts)
        l2 = population["no_l2"]
    ahead = (population["ahead"],) if _looks_ahead(run) else ()
    update = (w, *ahead, g, population["state"], c, l2, parts)
    tape.launch(one.step(), *update)
    if "max_norm" in population:
        _append_max_norm(tape, run)


def _looks_ahead(run: TrainingRun) -> bool:
    return run.experiment.optimizer.ahead() is not None


def _blocks(run: TrainingRun) -> Array:
    """What a pass over the parameters goes through, group by group."""
    return run.backend.from_host(blocks(run.population.size, ranges(run.layout), run.backend.block))


def _norm_blocks(run: TrainingRun) -> Array:
    """What a sum over a whole row goes through: weights, then all else, whatever their groups."""
    weights = run.layout.weights
    parts = [(0, weights, 0), (weights, run.layout.size, 1)]
    return run.backend.from_host(blocks(run.population.size, parts, run.backend.block))


def _append_penalties(tape: Tape, run: TrainingRun, parts: Array) -> None:
    """Penalties and clipping, in passes of their own."""
    population, g = run.population, run.population["gradient"]
    limits = population["limits"]
    tape.launch(penalise, point(run), g, limits, population["l1"], population["l2"], parts)
    if run.experiment.training.clip_norm is not None:
        parts = _norm_blocks(run)
        sums = run.pool.take("squares", (len(parts),), np.float64)
        tape.launch(block_squares, g, sums, parts)
        tape.launch(clip_norm, g, limits, sums, parts)


def _append_max_norm(tape: Tape, run: TrainingRun) -> None:
    """Scaling after the rule; a point ahead is then found anew from the scaled weights."""
    population, backend, w = run.population, run.backend, run.population["parameters"]
    stripes = np.array(
        [
            (r, slot.start, *slot.shape, first)
            for r in range(population.size)
            for slot in run.layout.slots
            if slot.group == WEIGHT
            for first in range(0, slot.shape[1], STRIPE)
        ]
    )
    squares = run.pool.take("unit_squares", (len(stripes), STRIPE), np.float64)
    tape.launch(limit_norms, w, population["max_norm"], squares, backend.from_host(stripes))
