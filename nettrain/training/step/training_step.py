"""One training step, as calls on fixed arrays."""

from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Array, Call, Replay
from nettrain.backend.pool import Allocate
from nettrain.backend.replay import PythonReplay
from nettrain.experiment.scheduled_numbers import scheduled_numbers_of_layers
from nettrain.model.layers.base import DropoutState
from nettrain.model.network import Network, Pass
from nettrain.model.tape import Tape
from nettrain.training.diagnostics.weight_norms import WeightNorms
from nettrain.training.run import TrainingRun
from nettrain.training.step.lbfgs import iteration
from nettrain.training.step.step_schedule import StepSchedule
from nettrain.training.step.update import append_update, gradient_point, look_ahead_tape

FOLDS_INDEX = "folds.index"  # scratch memory for the rows of all folds, of which each takes its own


@dataclass(frozen=True, eq=False)
class Batch:
    """The rows x (G, B, D) of a batch, their targets y and weights (G, B).

    With `own`, there are the rows of a batch for each sub-member, one batch after the other.
    """

    x: Array
    y: Array
    weight: Array
    own: bool = False


@dataclass(frozen=True, eq=False)
class BatchPass:
    """The forward pass of a batch with its targets y, and ∂loss/∂output `delta` (R, B, K)."""

    signals: Pass
    y: Array
    delta: Array


@dataclass(frozen=True, eq=False)
class TrainingStep:
    """A step for one batch size: `replay` runs it, and `begin` has to run before the first of an epoch.

    Without a schedule, the caller sets `index` (G, B), or (G·k, B) where k sub-members have batches of their
    own, and the population's coefficients before each step.
    """

    index: Array
    replay: Replay
    begin: Call
    batch: BatchPass


def training_step(
    run: TrainingRun,
    rows: int,
    schedule: StepSchedule | None = None,
    norms: WeightNorms | None = None,
) -> TrainingStep:
    """The step of the population as it is now, for batches of `rows` rows.

    Gather, forward, loss, backward, update; each step loads its part of the `schedule`, and measures `norms`
    if there are any. Void after the population is compacted.
    """
    allocate = run.pool.prefixed("train")
    index = allocate("index", (run.index_rows, rows), np.intp)
    step, count, look_ahead = Tape(), Tape(), look_ahead_tape(run)
    if schedule is not None:
        schedule.append_begin(step, index)
        schedule.append_end(count)
    begin = Tape([*step, *look_ahead] if look_ahead else [])
    if "max_norm" in run.population:  # it moves the weights after the rule has looked ahead
        step += look_ahead
    batch = append_gradient(step, run, index, allocate)
    start, gradient, end = _measuring(run, norms)
    if run.experiment.optimizer.full_batch:  # which leaves the gradient before the step
        tapes = Tape([*gradient, *end, *count])
        calls = captured(run, start), iteration(run, _replay(run, step)), captured(run, tapes)
        replay: Replay = PythonReplay(calls)
    else:
        step += gradient
        step.phase("update")
        step += start
        append_update(step, run)
        replay = _replay(run, Tape([*step, *end, *count]))
    return TrainingStep(index, replay, captured(run, begin), batch)


def _measuring(run: TrainingRun, norms: WeightNorms | None) -> tuple[Tape, Tape, Tape]:
    """What measures norms before the update, of its gradient, and after it: nothing without `norms`."""
    start, gradient, end = Tape(), Tape(), Tape()
    if norms is not None:
        norms.append_start(start, run.population["parameters"])
        norms.append_gradient(gradient, run.population["gradient"])
        norms.append_end(end, run.population["parameters"])
    return start, gradient, end


def reserve_step(run: TrainingRun) -> None:
    """Reserve the scratch memory of steps: for the largest batch of all members."""
    allocate = run.pool.planned("train")
    shape = run.index_rows, run.data.batches.batch_size
    index = allocate("index", shape, np.intp)
    run.pool.reserve(FOLDS_INDEX, shape if run.data.folds else (0,), np.intp)
    append_gradient(Tape(), run, index, allocate)


def append_gradient(tape: Tape, run: TrainingRun, index: Array, allocate: Allocate) -> BatchPass:
    """Append forward pass, loss and backward pass of the batch of the rows in index (G, B)."""
    batch = append_loss(tape, run, index, allocate, gradient_point(run))
    tape.phase("backward")
    batch.signals.backward(tape, batch.delta, run.population["gradient"])
    return batch


def append_loss(
    tape: Tape, run: TrainingRun, index: Array, allocate: Allocate, parameters: Array | None = None
) -> BatchPass:
    """Append the forward pass of the batch of the rows in index (G, B), in training mode, and its loss.

    `parameters` (R, P) are the population's by default. The loss and its weight are added to the population's
    `total`.
    """
    tape.phase("gather")
    rows = _gather(tape, run, index, allocate)
    parameters = run.population["parameters"] if parameters is None else parameters
    return append_loss_of(tape, run, rows, allocate, parameters)


def append_loss_of(
    tape: Tape, run: TrainingRun, rows: Batch, allocate: Allocate, parameters: Array
) -> BatchPass:
    """`append_loss` of the rows x (G, B, D), y and weight; of k·B rows where sub-members have batches."""
    x, y, weight = rows.x, rows.y, rows.weight
    tape.phase("forward")
    population = run.population
    net = Network(run.backend, run.architecture, parameters, population["statistics"], population.layers)
    numbers = scheduled_numbers_of_layers(run.experiment)
    factors = {number.name: population[number.factor] for number in numbers}
    dropout_state = DropoutState(population["noise_keys"], run.step_counter, factors=factors)
    signals = net.forward(tape, x, allocate, training=True, dropout_state=dropout_state, own_batches=rows.own)
    delta = allocate("delta", signals.output.shape)
    tape.phase("loss")
    y, weight = (_for_each(tape, run, rows, name, allocate) for name in ("y", "weight"))
    kernel = run.model.loss.kernel(y)
    tape.launch(kernel, signals.output, y, weight, population["loss"], delta, population["total"])
    return BatchPass(signals, y, delta)


def _gather(tape: Tape, run: TrainingRun, index: Array, allocate: Allocate) -> Batch:
    """The rows of the batch in index (G·k, B); the dataset itself when it is one batch of each row once."""
    table, backend, each = run.data.double_buffer or run.data.train, run.backend, run.orders_per_member
    if run.data.takes_whole(run.experiment, index.shape[1]):
        return Batch(table.x[None], table.y[None], table.weight[None])
    index = index.reshape(-1, each * index.shape[1])
    x = allocate("x", (*index.shape, *table.x.shape[1:]))
    y = allocate("y", (*index.shape, *table.y.shape[1:]), table.y.dtype)
    tape.add_call(backend.gather(table.x, index, x))
    tape.add_call(backend.gather(table.y, index, y))
    if table.unweighted and index.shape[1] <= len(table.weight):
        return Batch(x, y, table.weight[None, : index.shape[1]], own=each > 1)
    weight = allocate("weight", index.shape)
    tape.add_call(backend.gather(table.weight, index, weight))
    return Batch(x, y, weight, own=each > 1)


def _for_each(tape: Tape, run: TrainingRun, rows: Batch, name: str, allocate: Allocate) -> Array:
    """The targets or weights (G, B, …) of a batch, once for each of the sub-members that share it."""
    array, copies = getattr(rows, name), run.architecture.sub_members
    if rows.own or copies == 1:
        return array
    groups, count = array.shape[:2]
    out = allocate(f"{name} of each", (groups, copies * count, *array.shape[2:]), array.dtype)
    tape.call(run.backend.xp.copyto, out.reshape(groups, copies, *array.shape[1:]), array[:, None])
    return out


def _replay(run: TrainingRun, tape: Tape) -> Replay:
    if run.profile is None:
        return captured(run, tape)
    return PythonReplay([run.profile.timed(tape, run.backend)])


def captured(run: TrainingRun, tape: Tape) -> Replay:
    """The call that replays a tape."""
    return run.backend.capture(tape.bound(run.backend))
