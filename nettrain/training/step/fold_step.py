"""A step in which the folds of a population have batches of different sizes, one fold after the other."""

from collections.abc import Sequence

import numpy as np

from nettrain.backend.base import Array, Call
from nettrain.backend.replay import PythonReplay
from nettrain.model.tape import Tape
from nettrain.training.diagnostics.weight_norms import WeightNorms
from nettrain.training.run import TrainingRun
from nettrain.training.step.step_schedule import StepSchedule
from nettrain.training.step.training_step import (
    FOLDS_INDEX,
    TrainingStep,
    captured,
    training_step,
)
from nettrain.training.step.update import look_ahead_tape


def fold_step(
    run: TrainingRun,
    parts: Sequence[TrainingRun],
    sizes: Sequence[int],
    schedule: StepSchedule,
    norms: Sequence[WeightNorms] | None = None,
) -> TrainingStep:
    """The step of all folds, for batches of so many rows in each of the run's `parts`.

    The schedule is loaded and the step counted once for all of them. Each part measures its `norms`, if there
    are any. Void after the population is compacted.
    """
    index = run.pool.take(FOLDS_INDEX, (run.index_rows, max(sizes)), np.intp)
    load, count = Tape(), Tape()
    schedule.append_begin(load, index)
    schedule.append_end(count)
    steps, first = _steps_of_parts(parts, sizes, norms), 0
    calls: list[Call] = [captured(run, load)]
    for part, step in zip(parts, steps, strict=True):
        calls += [captured(run, _own_rows(part, step, index[first:])), step.replay]
        first += part.population.size * part.orders_per_member
    begin = captured(run, Tape([*load, *look_ahead_tape(run)]))
    return TrainingStep(index, PythonReplay([*calls, captured(run, count)]), begin, steps[0].batch)


def _own_rows(part: TrainingRun, step: TrainingStep, index: Array) -> Tape:
    """What brings the rows of a part's members, the first ones in index (R, B), to where its step takes them.

    There they are numbered within the fold's own rows. The steps of all parts use the same scratch memory.
    """
    tape, (groups, rows) = Tape(), step.index.shape
    tape.call(part.backend.xp.subtract, index[:groups, :rows], part.data.offset, out=step.index)
    return tape


def _steps_of_parts(
    parts: Sequence[TrainingRun], sizes: Sequence[int], norms: Sequence[WeightNorms] | None
) -> list[TrainingStep]:
    """The step of each part; the largest is made first, whose scratch memory the others share."""
    steps = dict[int, TrainingStep]()
    for k in sorted(range(len(parts)), key=lambda k: -parts[k].population.size * sizes[k]):
        own = None if norms is None else norms[k]
        steps[k] = training_step(parts[k], sizes[k], norms=own)
    return [steps[k] for k in range(len(parts))]
