"""What may change when a run goes on, and who trains again then.

The future may change: more epochs, another patience, monitor, time limit or target. What would have made the
past different is refused by name: the learning rates so far are compared, not the settings they come from.
Data may have moved, for they are known by their fingerprint.
"""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from nettrain.catalogue.schedules import Calendar
from nettrain.engine.coefficients import TABLE_STEPS, rates_at, settings_at
from nettrain.engine.members import stack
from nettrain.engine.population import Population
from nettrain.errors import SpecError
from nettrain.spec.changes import Difference, differences
from nettrain.spec.experiment import Experiment

FUTURE = (
    "training.epochs",
    "training.early_stopping",
    "training.max_seconds",
    "training.target",
    "training.convergence",
    "training.checkpoint",
)
ELSEWHERE = ("data.source", "data.test", "data.validation", "backend.name", "backend.device", "backend.tf32")
CLOCKED = ("schedule", "optimizer.momentum_schedule", "training.epochs")
COUNTED = ("best", "best_epoch", "waited", "best_parameters", "best_statistics")
LIFTED = {
    "training.epochs": "epochs",
    "training.early_stopping": "early_stopping",
    "training.max_seconds": "max_seconds",
    "training.target": "target",
    "training.convergence": "converged",
}


def changed(before: Experiment, after: Experiment) -> list[Difference]:
    """The keys in which a run's experiment and the one it shall go on with differ."""
    return differences(before.model_dump(), after.model_dump())


def refuse_another_past(
    before: Experiment, after: Experiment, done: int, steps_per_epoch: int
) -> list[Difference]:
    """The changes, when all of them are the future's after `done` steps; else SpecError names the others."""
    changes = changed(before, after)
    wrong = [one for one in changes if not _among(one.key, (*FUTURE, *ELSEWHERE, *CLOCKED))]
    if wrong:
        raise SpecError([f"{one} would have made another past; train anew for that" for one in wrong])
    epochs = -(-done // steps_per_epoch)
    if after.training.epochs < epochs:
        raise SpecError(f"training.epochs: {after.training.epochs} is less than the {epochs} that are begun")
    clocked = [one for one in changes if _among(one.key, CLOCKED)]
    if clocked and not _same_course(before, after, done, steps_per_epoch):
        raise SpecError([_out_of_step(one, before, done, steps_per_epoch) for one in clocked])
    return changes


def reopened(changes: Sequence[Difference]) -> set[str]:
    """The reasons to have stopped that these changes lift."""
    lifted = {reason for key, reason in LIFTED.items() if any(_among(one.key, [key]) for one in changes)}
    return {"interrupted", *lifted}


def counted_anew(changes: Sequence[Difference]) -> tuple[str, ...]:
    """Rows of a state that mean nothing any more: the best so far, under another monitor."""
    keys = ("training.early_stopping", "training.early_stopping.monitor")
    return COUNTED if any(one.key in keys for one in changes) else ()


def _out_of_step(one: Difference, before: Experiment, done: int, steps_per_epoch: int) -> str:
    schedule, epochs = before.schedule, before.training.epochs
    text = f"{one} would have given the {done} steps so far other rates"
    if getattr(schedule, "duration", 0) is None:
        unit = schedule.clock if schedule.per == "auto" else schedule.per
        length = epochs if unit == "epoch" else epochs * steps_per_epoch
        warmup = schedule.warmup_steps(Calendar(steps_per_epoch, epochs))
        length -= warmup // steps_per_epoch if unit == "epoch" else warmup
        return f"{text}, for {schedule.name} lasts as long as the run; schedule.duration={length} keeps it"
    return f"{text}; train anew for that"


def _same_course(before: Experiment, after: Experiment, done: int, steps_per_epoch: int) -> bool:
    """Whether the rates and momenta of the steps so far are the same."""
    courses = zip(_course(before, done, steps_per_epoch), _course(after, done, steps_per_epoch), strict=True)
    return all(np.array_equal(one, other) for one, other in courses)


def _course(experiment: Experiment, done: int, steps_per_epoch: int) -> Iterator[Any]:
    """Rates and momenta of the first steps, before any cut for want of improvement."""
    population = Population(stack([experiment]), 1)
    population.own("cut", np.ones(1))
    calendar = Calendar(steps_per_epoch, experiment.training.epochs)
    run: Any = SimpleNamespace(experiment=experiment, population=population, calendar=calendar)
    for first in range(0, done, TABLE_STEPS):
        steps = np.arange(first, min(first + TABLE_STEPS, done), dtype=float)
        yield rates_at(run, steps)
        for value in vars(settings_at(run, steps)).values():
            if isinstance(value, np.ndarray):
                yield np.broadcast_to(value, (1, len(steps)))


def _among(key: str, prefixes: Sequence[str]) -> bool:
    return any(key == prefix or key.startswith(f"{prefix}.") for prefix in prefixes)
