"""The update by a gradient, as calls on fixed arrays.

In this order: penalties, clip_value, clip_norm (of a member's whole gradient), the rule, the decoupled decay
of the old weights, max_norm. The pass of the rule includes l2 and the decay; all else has passes of its own,
which only runs with these settings have.

Sums of squares are computed block by block in float64, in eight partial sums each, and added up in the order
of blocks, so that nothing depends on the number of members or of threads.
"""

import numpy as np

from nettrain.backend.base import Array
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.optimizers import blocks
from nettrain.catalogue.optimizers.groups import WEIGHT
from nettrain.model.tape import Tape
from nettrain.training.run import TrainingRun
from nettrain.training.step.groups import ranges

LANES = 8  # partial sums of a block's squares
STRIPE = 64  # units whose weights one thread scales at a time


@kernel
def penalise(w: Array, g: Array, limits: Array, l1: Array, l2: Array, blocks: Array) -> None:
    """g += l2·w + l1·sign(w), then clipped to ±limit; limits (R, 2) are those of a value and of the norm."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        l2_penalty, l1_penalty, limit = l2[r, group], l1[r, group], limits[r, 0]
        p, grads = w[r, first:last], g[r, first:last]
        for i in range(p.size):
            grad = grads[i] + l2_penalty * p[i] + l1_penalty * np.sign(p[i])
            grad = limit if grad > limit else grad
            grads[i] = -limit if grad < -limit else grad


@kernel
def block_squares(g: Array, sums: Array, blocks: Array) -> None:
    """sums (T,) float64 = Σg² of each block, in eight partial sums."""
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
    """g *= min(1, limit/‖g‖) of each member (blocks come member by member); a norm of NaN clips nothing."""
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
    """Scale each unit's incoming weights, a column of W (m, n), to norm ≤ largest (R,).

    stripes (T, 5) are member, start of W in the row, m, n and the first of up to 64 columns; squares (T, 64)
    float64 is scratch memory.
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


def gradient_point(run: TrainingRun) -> Array:
    """Where the gradient is computed (R, P): at the weights, or ahead of them if the rule looks ahead."""
    return run.population["ahead" if _looks_ahead(run) else "parameters"]


def look_ahead_tape(run: TrainingRun) -> Tape:
    """What must run before the first step of an epoch, with the coefficients of that step; often nothing."""
    tape, population, kernel = Tape(), run.population, run.experiment.optimizer.ahead()
    if kernel is not None:
        arrays = (population[name] for name in ("parameters", "ahead", "state", "coefficients"))
        tape.launch(kernel, *arrays, _blocks(run))
    return tape


def append_update(tape: Tape, run: TrainingRun) -> None:
    """Append the update by the gradient at `gradient_point`; void after the population is compacted."""
    population, passed = run.population, _blocks(run)
    l2 = population["l2"]
    if "limits" in population:
        _append_penalties(tape, run, passed)
        l2 = population["no_l2"]
    names = ["parameters", *(["ahead"] if _looks_ahead(run) else []), "gradient", "state", "coefficients"]
    arrays = (population[name] for name in names)
    tape.launch(run.experiment.optimizer.step(), *arrays, l2, passed)
    if "max_norm" in population:
        _append_max_norm(tape, run)


def _looks_ahead(run: TrainingRun) -> bool:
    return run.experiment.optimizer.ahead() is not None


def _blocks(run: TrainingRun) -> Array:
    """The blocks of a pass over the parameters, group by group."""
    return run.backend.from_host(blocks(run.population.size, ranges(run.layout), run.backend.block))


def _norm_blocks(run: TrainingRun) -> Array:
    """The blocks of a sum over a whole row: weights, then all other parameters, whatever their groups."""
    weights = run.layout.weights
    parts = [(0, weights, 0), (weights, run.layout.size, 1)]
    return run.backend.from_host(blocks(run.population.size, parts, run.backend.block))


def _append_penalties(tape: Tape, run: TrainingRun, passed: Array) -> None:
    """Append penalties and clipping, in passes of their own."""
    population, gradient = run.population, run.population["gradient"]
    limits = population["limits"]
    tape.launch(penalise, gradient_point(run), gradient, limits, population["l1"], population["l2"], passed)
    if run.experiment.training.clip_norm is not None:
        whole = _norm_blocks(run)
        sums = run.pool.take("squares", (len(whole),), np.float64)
        tape.launch(block_squares, gradient, sums, whole)
        tape.launch(clip_norm, gradient, limits, sums, whole)


def _append_max_norm(tape: Tape, run: TrainingRun) -> None:
    """Append the scaling of weights after the rule."""
    population, stripes = run.population, _stripes(run)
    squares = run.pool.take("unit_squares", (len(stripes), STRIPE), np.float64)
    tape.launch(limit_norms, population["parameters"], population["max_norm"], squares, stripes)


def _stripes(run: TrainingRun) -> Array:
    """The stripes (T, 5) of `limit_norms`: of every weight matrix of every member."""
    stripes = [
        (r, slot.start + block * slot.size // slot.blocks, slot.shape[0] // slot.blocks, slot.shape[1], first)
        for r in range(run.population.size)
        for slot in run.layout.slots
        if slot.group == WEIGHT
        for block in range(slot.blocks)
        for first in range(0, slot.shape[1], STRIPE)
    ]
    return run.backend.from_host(np.array(stripes))
